import { InvalidArgumentError, RefusedQueryError } from '../../errors.ts'
import type { FieldCipher } from '../field-cipher.ts'
import { encryptedColumn, isExact, refuseWithoutIndex } from '../lookup.ts'
import { boundPart } from '../row-key.ts'
import type { AnyTable } from '../table.ts'
import { checkSpelling, refuseBlindIndex } from './column-names.ts'
import type { SqlDialect } from './database.ts'
import { type SqlText, padded } from './sql-text.ts'

/** What decrypted rows have to be, since an index finds others too, and an administrator may have edited it. */
export interface RowFilter {
  readonly column: string
  readonly values: readonly unknown[]
}

/** Conditions of a query. */
export interface Conditions {
  /** With `WHERE`; empty if there are none. */
  readonly text: string
  readonly filters: readonly RowFilter[]
  /** Whether the database can count the rows: each that it finds is one that matches. */
  readonly isExact: boolean
}

/** What of a `FieldCipher` is used, so that it can be of another copy of this library. */
export type Cipher = Pick<
  FieldCipher,
  'tables' | 'encryptRows' | 'decryptRows' | 'indexValues' | 'areMatches'
>

export async function conditionsOf(
  dialect: SqlDialect,
  cipher: Cipher,
  table: AnyTable,
  where: Readonly<Record<string, unknown>>,
  text: SqlText,
  signal?: AbortSignal,
): Promise<Conditions> {
  const conditions: string[] = []
  const filters: RowFilter[] = []
  let exact = true
  for (const [column, given] of Object.entries(where)) {
    checkCondition(dialect, table, column, given)
    const encrypted = encryptedColumn(table, column)
    if (!encrypted || given === null) {
      conditions.push(condition(dialect, text, column, given))
      continue
    }
    if (!encrypted.index) throw refuseWithoutIndex(table, column)
    const values: readonly unknown[] = Array.isArray(given) ? given : [given]
    const indexes = await cipher.indexValues(table, column, values, signal && { signal })
    conditions.push(condition(dialect, text, encrypted.index.column, indexes))
    filters.push({ column, values })
    exact &&= isExact(encrypted)
  }
  return {
    text: conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`,
    filters,
    isExact: exact,
  }
}

/** Those of the decrypted rows that were searched for. */
export async function matching<Row extends Readonly<Record<string, unknown>>>(
  cipher: Cipher,
  table: AnyTable,
  rows: readonly Row[],
  filters: readonly RowFilter[],
  signal?: AbortSignal,
): Promise<readonly Row[]> {
  let found = rows
  for (const { column, values } of filters) {
    // MySQL returns "Email" for "email": what was not decrypted must not count as a row that does not match.
    if (found.some((row) => row[column] === undefined)) {
      throw new RefusedQueryError(
        `A row of ${table.name} came without ${column}: is the column's name written otherwise in the database?`,
        { table: table.name, column },
      )
    }
    const had = found.map((row) => row[column])
    const matches = await cipher.areMatches(table, column, had, values, signal && { signal })
    found = found.filter((_, index) => matches[index])
  }
  return found
}

function condition(dialect: SqlDialect, text: SqlText, column: string, given: unknown): string {
  const name = dialect.quoteColumn(column)
  if (given === null) return `${name} IS NULL`
  if (!Array.isArray(given)) return `${name} = ${text.value(given, column)}`
  if (given.length === 0) return '1 = 0'
  const values = dialect.name === 'mysql' ? padded(given) : given
  return `${name} IN (${values.map((value) => text.value(value, column)).join(', ')})`
}

function checkCondition(
  dialect: SqlDialect,
  table: AnyTable,
  column: string,
  given: unknown,
): void {
  checkSpelling(dialect, table, column)
  refuseBlindIndex(table, column)
  const values: readonly unknown[] = Array.isArray(given) ? given : [given]
  // Left out, it would find all rows, where one was meant.
  if (values.includes(undefined)) {
    throw new InvalidArgumentError(
      `where.${column}`,
      `where.${column} is undefined: leave the column out, or say null for NULL`,
    )
  }
  const keyType = Object.hasOwn(table.primaryKey, column) ? table.primaryKey[column] : undefined
  if (keyType && given !== null) {
    for (const value of values) boundPart(table, column, keyType, value)
  }
  if (Array.isArray(given) && values.includes(null)) {
    throw new InvalidArgumentError(
      `where.${column}`,
      `where.${column} has null among its values, which IN never finds: ask for NULL by itself`,
    )
  }
}
