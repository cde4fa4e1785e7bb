import { RefusedQueryError } from '../../errors.ts'
import { refuseKeyChange } from '../lookup.ts'
import { type Writing, data, dataOfMany } from './data.ts'
import { keyOfWhere } from './key.ts'
import { type Args, given, isOperators, refuseList } from './values.ts'
import { type Query, where } from './where.ts'

/** What stands within a relation of `data`, and with it whether it relates rows that are there already. */
type Nested = (query: Query, related: string, argument: unknown, place: string) => unknown

const wrapping = ['where', 'data', 'limit']

const operations: Readonly<
  Record<string, { readonly relates: boolean; readonly rewrite: Nested }>
> = {
  create: { relates: false, rewrite: create },
  createMany: {
    relates: false,
    rewrite: (query, related, argument, place) =>
      parts(related, argument, {
        data: (rows) => dataOfMany(query, related, rows, { kind: 'create', what: place }),
      }),
  },
  connect: { relates: true, rewrite: filter },
  connectOrCreate: {
    relates: true,
    rewrite: (query, related, argument, place) =>
      parts(related, argument, {
        where: (unique) => filter(query, related, unique, place),
        create: (row) => create(query, related, row, place),
      }),
  },
  set: { relates: true, rewrite: filter },
  disconnect: { relates: true, rewrite: filter },
  delete: { relates: false, rewrite: filter },
  deleteMany: { relates: false, rewrite: filter },
  update: { relates: false, rewrite: update },
  updateMany: { relates: false, rewrite: update },
  upsert: {
    relates: false,
    rewrite: (query, related, argument, place) => {
      const key = keyOf(query, related, isOperators(argument) ? argument['where'] : undefined)
      return parts(related, argument, {
        where: (unique) => filter(query, related, unique, place),
        create: (row) => create(query, related, row, place),
        update: (row) => data(query, related, row, { kind: 'update', what: place, key }),
      })
    },
  },
}

/**
 * The writes within a relation.
 *
 * @throws RefusedQueryError if one would move encrypted values to another primary key, or is not known.
 */
export function nestedWrites(
  query: Query,
  model: string,
  relation: string,
  value: unknown,
  { kind }: Writing,
): unknown {
  refuseList(value, model)
  const related = query.models.related(model, relation)
  if (related === undefined || !isOperators(value) || !query.models.reaches(related)) {
    if (isOperators(value)) refuseMoves(query, model, relation, value, kind)
    return value
  }
  refuseMoves(query, model, relation, value, kind)
  const out: Record<string, unknown> = {}
  for (const [name, argument] of Object.entries(value)) {
    const operation = Object.hasOwn(operations, name) ? operations[name] : undefined
    if (argument === undefined) continue
    if (!operation) {
      throw new RefusedQueryError(
        `${model}.${relation} has ${name}, which is not known here, and ${related} leads to encrypted fields`,
        {},
      )
    }
    const place = `${name} of ${model}.${relation}`
    out[name] = Array.isArray(argument)
      ? argument.map((one: unknown) => operation.rewrite(query, related, one, place))
      : operation.rewrite(query, related, argument, place)
  }
  return out
}

function refuseMoves(
  { models }: Query,
  model: string,
  relation: string,
  value: Args,
  kind: Writing['kind'],
): void {
  const names = given(value).map(([name]) => name)
  const own = kind === 'update' ? models.keyOfRelation(model, relation, 'own') : undefined
  if (own && names.some((name) => name !== 'update')) throw refuseKeyChange(own.table, own.column)
  const other = models.keyOfRelation(model, relation, 'other')
  if (
    other &&
    names.some((name) => !Object.hasOwn(operations, name) || operations[name]?.relates)
  ) {
    throw refuseKeyChange(other.table, other.column)
  }
}

function create(query: Query, related: string, row: unknown, place: string): unknown {
  return data(query, related, row, { kind: 'create', what: place })
}

function filter(query: Query, related: string, argument: unknown, place: string): unknown {
  return where(query, related, argument, { inexact: place })
}

/** `{ where, data }`, or of a relation to one row its data alone. */
function update(query: Query, related: string, argument: unknown, place: string): unknown {
  refuseList(argument, related)
  if (!isOperators(argument)) return argument
  const isWrapped = hasData(query, related, argument, place)
  const key = isWrapped ? keyOf(query, related, argument['where']) : undefined
  const writing: Writing = { kind: 'update', what: place, key }
  if (!isWrapped) return data(query, related, argument, writing)
  return parts(related, argument, {
    where: (condition) => filter(query, related, condition, place),
    data: (row) => data(query, related, row, writing),
  })
}

/** Prisma tells the two forms apart by what fits; here a wrong guess would let a plaintext pass. */
function hasData({ models }: Query, related: string, argument: Args, place: string): boolean {
  const names = given(argument).map(([name]) => name)
  if (!names.includes('data')) return false
  if (!names.every((name) => wrapping.includes(name))) return false
  if (!wrapping.some((name) => models.field(related, name))) return true
  throw new RefusedQueryError(
    `${place} can be meant in two ways, since ${related} has a field that is called as one of ${wrapping.join(', ')}: ` +
      'update that row by itself',
    {},
  )
}

function keyOf(
  { models }: Query,
  related: string,
  condition: unknown,
): Record<string, unknown> | undefined {
  const table = models.table(related)
  return table && keyOfWhere(models, related, table, condition)
}

/** A copy of the arguments with some of them rewritten. */
function parts(
  related: string,
  argument: unknown,
  rewrite: Readonly<Record<string, (part: unknown) => unknown>>,
) {
  refuseList(argument, related)
  if (!isOperators(argument)) return argument
  return Object.fromEntries(
    Object.entries(argument).map(([name, part]) => [
      name,
      Object.hasOwn(rewrite, name) ? rewrite[name]?.(part) : part,
    ]),
  )
}
