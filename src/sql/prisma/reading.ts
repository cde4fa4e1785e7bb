import { RefusedQueryError } from '../../errors.ts'
import { encryptedColumn, indexedColumn, refuseUse } from '../lookup.ts'
import type { AnyTable } from '../table.ts'
import { type Args, isOperators, many } from './values.ts'
import { type Match, type Query, where } from './where.ts'

/** What is done with the rows of a model that come back, and with those within them. */
export interface Plan {
  readonly table: AnyTable | undefined
  /** Fields that were added for the decryption, and are taken out again. */
  readonly hidden: readonly string[]
  /** What the rows are filtered by. */
  readonly matches: readonly Match[]
  /** By relation. */
  readonly children: ReadonlyMap<string, Plan>
}

/** Arguments that are rewritten, with the plan of what they bring. */
export interface Reading {
  readonly args: Record<string, unknown>
  readonly plan: Plan
}

/** What a query is read with, besides what all of its parts share. */
export interface ReadQuery extends Query {
  /** The fields that the client leaves out of a model by itself. */
  readonly leftOut: (model: string) => Args
}

/**
 * The arguments of a `find…`, at the top or of a relation within.
 *
 * @param limit - names what bounds the rows before they could be filtered, if the operation does.
 * @throws RefusedQueryError if they use an encrypted field in a way that cannot be had.
 */
export function reading(
  query: ReadQuery,
  model: string,
  args: Args,
  limit: string | undefined,
): Reading {
  const matches: Match[] = []
  const bounds = ['take', 'skip', 'cursor', 'distinct'].find((name) => args[name] !== undefined)
  const condition =
    args['where'] === undefined
      ? {}
      : { where: where(query, model, args['where'], { matches, inexact: limit ?? bounds }) }
  checkOrder(query, model, args['orderBy'])
  checkNames(query, model, args['distinct'], 'distinct')
  checkNames(query, model, args['cursor'], 'cursor')
  const { args: selected, plan } = selection(query, model, args, matches)
  return { args: { ...args, ...condition, ...selected }, plan }
}

/** `select`, `include` and `omit`, completed with what decryption needs. */
export function selection(
  query: ReadQuery,
  model: string,
  args: Args,
  matches: readonly Match[] = [],
): Reading {
  const table = query.models.table(model)
  const children = new Map<string, Plan>()
  const needed = table
    ? [...Object.keys(table.primaryKey), ...matches.map(({ column }) => column.name)]
    : []
  const out: Record<string, unknown> = {}
  let hidden: string[] = []
  for (const name of ['select', 'include']) {
    const given = args[name]
    if (isOperators(given)) out[name] = fields(query, model, given, children)
  }
  const { select } = out
  if (isOperators(select)) {
    hidden = needed.filter((name) => !select[name])
    out['select'] = { ...select, ...all(hidden, true) }
  } else if (needed.length > 0) {
    const omit = isOperators(args['omit']) ? args['omit'] : {}
    const leftOut = query.leftOut(model)
    hidden = needed.filter((name) => omit[name] ?? leftOut[name])
    if (hidden.length > 0) out['omit'] = { ...omit, ...all(hidden, false) }
  }
  return { args: out, plan: { table, hidden, matches, children } }
}

/** Refuses an order by an encrypted field, here or through a relation. */
export function checkOrder(query: Query, model: string, order: unknown): void {
  for (const one of many(order)) {
    if (!isOperators(one)) continue
    for (const [name, value] of Object.entries(one)) {
      const related = query.models.related(model, name)
      if (related !== undefined) checkOrder(query, related, value)
      else if (name.startsWith('_') && isOperators(value)) {
        // An aggregate, or the relevance of fields to a search.
        checkNames(query, model, value, 'orderBy')
        checkNames(query, model, value['fields'], 'orderBy')
      } else if (value !== undefined) checkNames(query, model, name, 'orderBy')
    }
  }
}

/** Refuses encrypted fields among those that are named: a name, some, or the keys of an object. */
export function checkNames({ models }: Query, model: string, names: unknown, what: string): void {
  const table = models.table(model)
  if (!table) return
  const list = isOperators(names)
    ? Object.entries(names).flatMap(([name, value]) =>
        value === undefined ? [] : parts(name, value),
      )
    : many(names)
  for (const name of list) {
    if (typeof name !== 'string') continue
    if (encryptedColumn(table, name)) throw refuseUse(table, name, what)
    const indexed = indexedColumn(table, name)
    if (indexed) throw refuseUse(table, indexed.name, what)
  }
}

/** A name, and what is within, as in a unique key of several fields. */
function parts(name: string, value: unknown): string[] {
  return isOperators(value) ? [name, ...Object.keys(value)] : [name]
}

function fields(
  query: ReadQuery,
  model: string,
  given: Args,
  children: Map<string, Plan>,
): Record<string, unknown> {
  const table = query.models.table(model)
  const out: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(given)) {
    const related = query.models.related(model, name)
    const indexed = table && indexedColumn(table, name)
    if (table && indexed && value === true) {
      throw new RefusedQueryError(
        `${table.name}.${name} is the blind index of ${indexed.name}, which does not come back: leave it out of select`,
        { table: table.name, column: name },
      )
    }
    if (name === '_count') {
      out[name] = countOfRelations(query, model, value)
    } else if (related === undefined || value === false || value == null) {
      out[name] = value
    } else {
      const nested = reading(query, related, isOperators(value) ? value : {}, undefined)
      children.set(name, nested.plan)
      out[name] = Object.keys(nested.args).length > 0 ? nested.args : value
    }
  }
  return out
}

/** `_count: { select: { posts: { where } } }`. */
function countOfRelations(query: Query, model: string, value: unknown): unknown {
  if (!isOperators(value) || !isOperators(value['select'])) return value
  const counted = Object.entries(value['select']).map(([name, one]) => {
    const related = query.models.related(model, name)
    if (related === undefined || !isOperators(one)) return [name, one]
    const condition = where(query, related, one['where'], { inexact: '_count' })
    return [name, { ...one, where: condition }]
  })
  return { ...value, select: Object.fromEntries(counted) as Record<string, unknown> }
}

function all(names: readonly string[], value: boolean): Record<string, boolean> {
  return Object.fromEntries(names.map((name) => [name, value]))
}
