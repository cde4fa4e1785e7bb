import { type SQL, is } from 'drizzle-orm'
import {
  MySqlDeleteBase,
  MySqlInsertBase,
  MySqlSelectBase,
  MySqlUpdateBase,
} from 'drizzle-orm/mysql-core'
import { PgDeleteBase, PgInsertBase, PgSelectBase, PgUpdateBase } from 'drizzle-orm/pg-core'
import { RefusedQueryError } from '../../errors.ts'
import type { Plan } from './plan.ts'
import { refuseSubquery } from './rewrite.ts'
import type { Scope } from './scope.ts'
import { planSelect } from './select.ts'
import type { MarkedTables } from './tables.ts'
import type { Transaction } from './transaction.ts'
import { type Conflict, planChange, planInsert } from './write.ts'

/** What stands behind a query that an application has. */
export interface Held {
  /** Drizzle's own query. */
  readonly query: object
  /** What it was told of conflicts, and has not got yet. */
  conflict: Conflict | undefined
  /** The transaction that it was made in. */
  readonly transaction: Transaction | undefined
}

/** By the query that an application has. */
export const originals = new WeakMap<object, Held>()

/** Drizzle's own query behind one of ours, or the object itself. */
function original(query: object): object {
  return originals.get(query)?.query ?? query
}

export function newScope(tables: MarkedTables): Scope {
  return { tables, jobs: [], names: new Map(), nested }
}

/** A query that is about to be sent. */
export function planQuery(scope: Scope, { query, conflict }: Held): Plan {
  if (isSelect(query)) return planSelect(scope, query, 'result', original)
  if (isInsert(query)) return planInsert(scope, query, conflict)
  if (is(query, PgUpdateBase) || is(query, MySqlUpdateBase)) {
    return planChange(scope, query, 'UPDATE')
  }
  if (is(query, PgDeleteBase) || is(query, MySqlDeleteBase)) {
    return planChange(scope, query, 'DELETE')
  }
  throw new RefusedQueryError('This query is of a kind that encryptedDrizzle does not know', {})
}

/**
 * Refuses a query that has something to encrypt, to look up or to decrypt, where none of it can be done: what is made
 * of it is made at once, and its rows are not seen.
 */
export function checkPlain(tables: MarkedTables, held: Held): object {
  const scope = newScope(tables)
  const { query, opening } = planQuery(scope, held)
  if (scope.jobs.length > 0 || !opening.isEmpty) throw refuseSubquery(undefined, undefined)
  return query
}

function isSelect(query: object): boolean {
  return is(query, PgSelectBase) || is(query, MySqlSelectBase)
}

function isInsert(query: object): boolean {
  return is(query, PgInsertBase) || is(query, MySqlInsertBase)
}

export function isQuery(query: unknown): query is object {
  if (typeof query !== 'object' || query === null) return false
  return (
    isSelect(query) ||
    isInsert(query) ||
    [PgUpdateBase, PgDeleteBase, MySqlUpdateBase, MySqlDeleteBase].some((kind) => is(query, kind))
  )
}

function nested(scope: Scope, chunk: object, isExists: boolean): { getSQL(): SQL } | undefined {
  const query = original(chunk)
  if (isSelect(query)) {
    const plan = planSelect(scope, query, isExists ? 'exists' : 'operand', original)
    return plan.query as { getSQL(): SQL }
  }
  if (isQuery(query)) {
    const held = originals.get(chunk) ?? { query, conflict: undefined, transaction: undefined }
    return checkPlain(scope.tables, held) as { getSQL(): SQL }
  }
  return undefined
}
