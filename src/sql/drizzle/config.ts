import { SQL, type Subquery, Table, View, getViewSelectedFields, is } from 'drizzle-orm'
import { RefusedQueryError } from '../../errors.ts'
import type { Scope } from './scope.ts'
import { addNames, checkSubquery, refuseSubquery, rewrite } from './rewrite.ts'
import { flatten } from './selection.ts'

/** What a query builder of Drizzle has gathered. */
export type Config = Readonly<Record<string, unknown>>

/** One that is checked to have nothing that this version of the adapter has not heard of. */
export function configOf(builder: object, known: readonly string[], what: string): Config {
  const config: unknown = Reflect.get(builder, 'config')
  if (typeof config !== 'object' || config === null) {
    throw new RefusedQueryError(`This ${what} is of a version of Drizzle that is not known`, {})
  }
  const entries: [string, unknown][] = Object.entries(config)
  for (const [name, value] of entries) {
    if (known.includes(name) || value === undefined) continue
    throw new RefusedQueryError(
      `This ${what} has ${name}, which is of a version of Drizzle that is not known`,
      {},
    )
  }
  return Object.fromEntries(entries)
}

export function arrayOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : []
}

/** What rows are taken from: tables pass, of all else it is checked that nothing encrypted is in it. */
export function checkSource(scope: Scope, source: unknown): void {
  if (is(source, Table)) {
    addNames(scope, source)
    return
  }
  if (is(source, View)) {
    for (const { field } of flatten(getViewSelectedFields(source))) {
      const mark = scope.tables.encrypted(field)
      if (mark) throw refuseSubquery(mark.table.name, mark.column.name)
    }
    return
  }
  const jobs = scope.jobs.length
  rewrite(scope, source, 'FROM')
  if (scope.jobs.length > jobs) throw refuseSubquery(undefined, undefined)
}

/** The same of all that is joined, before any condition is looked at. */
export function checkJoins(scope: Scope, joins: unknown): void {
  for (const join of arrayOf(joins)) checkSource(scope, (join as { table: unknown }).table)
}

/** The conditions of joins, rewritten. */
export function rewriteJoins(scope: Scope, joins: unknown): unknown {
  if (!Array.isArray(joins)) return joins
  return joins.map((join: { readonly on: unknown }) => ({
    ...join,
    on: rewrite(scope, join.on, 'JOIN'),
  }))
}

/** The queries before this one, of WITH. */
export function checkWith(scope: Scope, { withList }: Config): void {
  for (const query of arrayOf(withList)) checkSubquery(scope, query as Subquery, 'WITH')
}

/** What bounds the rows, if anything does. */
export function limitOf({ limit, offset }: Config): string | undefined {
  if (limit !== undefined) return 'LIMIT'
  return offset === undefined ? undefined : 'OFFSET'
}

/**
 * A condition, if there is one. Whatever else was given is refused: without its condition, the statement would be of
 * all rows.
 */
export function conditionOf({ where }: Config): SQL | undefined {
  if (where === undefined || is(where, SQL)) return where
  throw new RefusedQueryError(
    'A condition has to be an SQL expression, as eq() or sql`` returns: of a column, write eq(column, true)',
    {},
  )
}
