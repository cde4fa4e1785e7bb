import type { Column, SQL } from 'drizzle-orm'
import type { ColumnMark } from './columns.ts'
import type { MarkedTables } from './tables.ts'

/** What has to be done before a query can be sent: encrypting values, computing indexes. */
type Job = () => Promise<void>

/** An equality that all rows of the result must satisfy. */
export interface Match {
  /** The column that was compared, whose table may be an alias. */
  readonly column: Column
  readonly mark: ColumnMark
  /** One of these. */
  readonly values: readonly unknown[]
}

/** What is known and gathered while a statement is looked through. */
export interface Scope {
  readonly tables: MarkedTables
  readonly jobs: Job[]
  /** The encrypted columns of the statement's tables, by their names in the database. */
  readonly names: Map<string, ColumnMark>
  /** A query within a condition, rewritten; `undefined` if the object is no query that is known. */
  readonly nested: (scope: Scope, query: object, isExists: boolean) => { getSQL(): SQL } | undefined
}

/** A condition each of whose operands must hold for every row. */
export interface ConditionUse {
  /** Why a short index cannot be used at all, as in "DELETE"; `undefined` if rows can be filtered. */
  readonly inexact: string | undefined
  /** Equalities of encrypted columns that hold for every row. */
  readonly matches: Match[]
  /** Columns, not encrypted, that every row has at one value. */
  readonly fixed: { readonly column: Column; readonly value: unknown }[]
}

export function conditionUse(inexact: string | undefined): ConditionUse {
  return { inexact, matches: [], fixed: [] }
}
