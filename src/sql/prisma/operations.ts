import { RefusedQueryError } from '../../errors.ts'
import { data, dataOfMany } from './data.ts'
import { keyOfWhere } from './key.ts'
import { type Plan, type ReadQuery, checkNames, checkOrder, reading, selection } from './reading.ts'
import { type Args, given, isOperators } from './values.ts'
import { type Match, where } from './where.ts'

/** A query as it is to be sent, once its work is done. */
export interface Rewritten {
  readonly args: Record<string, unknown>
  /** What is done with the rows that come back; undefined where none do. */
  readonly plan?: Plan | undefined
  /** Whether rows were written: one that should not have been found is an error then, and not left out. */
  readonly isWrite?: boolean
}

type Rewrite = (query: ReadQuery, model: string, args: Args, operation: string) => Rewritten

/** What is taken over as it is: it names no field. */
const plainNames = ['take', 'skip', 'limit', 'skipDuplicates', 'relationLoadStrategy']
const readNames = ['where', 'orderBy', 'cursor', 'distinct', 'select', 'include', 'omit']
const resultNames = ['select', 'include', 'omit']

const operations: Readonly<
  Record<string, { readonly names: string[]; readonly rewrite: Rewrite }>
> = {
  // A unique key finds one row at most, so that filtering it comes never too late.
  findUnique: {
    names: readNames,
    rewrite: (query, model, args) => reading(query, model, args, undefined),
  },
  findUniqueOrThrow: {
    names: readNames,
    rewrite: (query, model, args) => reading(query, model, args, undefined),
  },
  findFirst: { names: readNames, rewrite: reading },
  findFirstOrThrow: { names: readNames, rewrite: reading },
  findMany: {
    names: readNames,
    rewrite: (query, model, args) => reading(query, model, args, undefined),
  },
  create: { names: ['data', ...resultNames], rewrite: created },
  createMany: { names: ['data'], rewrite: created },
  createManyAndReturn: { names: ['data', ...resultNames], rewrite: created },
  update: { names: ['where', 'data', ...resultNames], rewrite: updated },
  updateMany: { names: ['where', 'data'], rewrite: updated },
  updateManyAndReturn: { names: ['where', 'data', ...resultNames], rewrite: updated },
  upsert: { names: ['where', 'create', 'update', ...resultNames], rewrite: upserted },
  delete: { names: ['where', ...resultNames], rewrite: deleted },
  deleteMany: { names: ['where'], rewrite: deleted },
  count: { names: ['where', 'orderBy', 'cursor', 'select'], rewrite: aggregated },
  aggregate: {
    names: ['where', 'orderBy', 'cursor', '_count', '_avg', '_sum', '_min', '_max'],
    rewrite: aggregated,
  },
  groupBy: {
    names: ['where', 'orderBy', 'by', 'having', '_count', '_avg', '_sum', '_min', '_max'],
    rewrite: aggregated,
  },
}

/**
 * A query of a model without its plaintext.
 *
 * @throws RefusedQueryError if it uses an encrypted field in a way that is not known, or could not do what it says.
 */
export function rewrite(query: ReadQuery, model: string, operation: string, args: Args): Rewritten {
  const known = Object.hasOwn(operations, operation) ? operations[operation] : undefined
  if (!known) throw refused(model, `${operation} is not known here`)
  for (const [name] of given(args)) {
    if (plainNames.includes(name) || known.names.includes(name)) continue
    throw refused(model, `${operation} has ${name}, which is not known here`)
  }
  return known.rewrite(query, model, args, operation)
}

function created(query: ReadQuery, model: string, args: Args, what: string): Rewritten {
  const { args: selected, plan } = returned(query, model, args, what)
  const rows = dataOfMany(query, model, args['data'], { kind: 'create', what })
  return { args: { ...args, data: rows, ...selected }, plan }
}

/** The rows that a write returns; of `createMany` and its like it is their number alone. */
function returned(
  query: ReadQuery,
  model: string,
  args: Args,
  operation: string,
  matches: readonly Match[] = [],
): { args: object; plan: Plan | undefined } {
  if (operation.endsWith('Many')) return { args: {}, plan: undefined }
  return selection(query, model, args, matches)
}

function updated(query: ReadQuery, model: string, args: Args, what: string): Rewritten {
  const matches: Match[] = []
  const condition = filtered(query, model, args, what, matches)
  const set = isOperators(args['data']) ? args['data'] : {}
  // A column that is set comes back with its new value.
  const kept = matches.filter(({ column }) => set[column.name] === undefined)
  const { args: selected, plan } = returned(query, model, args, what, kept)
  const table = query.models.table(model)
  const key = table && keyOfWhere(query.models, model, table, args['where'])
  const isReadable = what === 'update' // its condition is unique, so that it is of one row at most
  return {
    args: {
      ...args,
      ...condition,
      data: data(query, model, args['data'], { kind: 'update', what, key, isReadable }),
      ...selected,
    },
    plan,
    isWrite: true,
  }
}

function upserted(query: ReadQuery, model: string, args: Args, what: string): Rewritten {
  const { args: selected, plan } = returned(query, model, args, what)
  const table = query.models.table(model)
  const key = table && keyOfWhere(query.models, model, table, args['where'])
  return {
    args: {
      ...args,
      ...filtered(query, model, args, what),
      create: data(query, model, args['create'], { kind: 'create', what }),
      // The key of the row that is there, which need not be that of the one that would be created.
      update: data(query, model, args['update'], { kind: 'update', what, key }),
      ...selected,
    },
    plan,
  }
}

function deleted(query: ReadQuery, model: string, args: Args, what: string): Rewritten {
  const matches: Match[] = []
  const condition = filtered(query, model, args, what, matches)
  const { args: selected, plan } = returned(query, model, args, what, matches)
  return { args: { ...args, ...condition, ...selected }, plan, isWrite: true }
}

/** Counting the rows that have a value is all that an aggregate can say of an encrypted field. */
function aggregated(query: ReadQuery, model: string, args: Args, what: string): Rewritten {
  for (const name of ['by', 'cursor', 'having', '_avg', '_sum', '_min', '_max']) {
    if (name === 'having') checkHaving(query, model, args[name])
    else checkNames(query, model, args[name], name)
  }
  checkOrder(query, model, args['orderBy'])
  return { args: { ...args, ...filtered(query, model, args, what) } }
}

function checkHaving(query: ReadQuery, model: string, having: unknown): void {
  if (Array.isArray(having)) {
    for (const part of having) checkHaving(query, model, part)
  } else if (isOperators(having)) {
    checkNames(query, model, Object.keys(having), 'having')
    for (const name of ['AND', 'OR', 'NOT']) checkHaving(query, model, having[name])
  }
}

function filtered(
  query: ReadQuery,
  model: string,
  args: Args,
  what: string,
  matches?: Match[],
): object {
  if (args['where'] === undefined) return {}
  return { where: where(query, model, args['where'], { inexact: what, matches }) }
}

function refused(model: string, problem: string): RefusedQueryError {
  return new RefusedQueryError(
    `${problem}, and ${model} has encrypted fields, or leads to such: they could not be found in it`,
    {},
  )
}
