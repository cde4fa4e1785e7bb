import { RefusedQueryError } from '../../errors.ts'
import { indexedColumn, nameMeant } from '../lookup.ts'
import type { AnyTable } from '../table.ts'
import type { SqlDialect } from './database.ts'

/**
 * Refuses a column that is written otherwise than in the table's definition. MySQL takes "Email" for "email", and what
 * is meant for an encrypted column would go there as it is.
 *
 * @throws RefusedQueryError.
 */
export function checkSpelling(dialect: SqlDialect, table: AnyTable, column: string): void {
  if (dialect.name !== 'mysql') return
  const meant = nameMeant(table, column)
  if (meant === undefined) return
  throw new RefusedQueryError(
    `${table.name} has ${meant} in its definition, which is ${JSON.stringify(column)} to MySQL: write it ${meant}`,
    { table: table.name, column: meant },
  )
}

/** Refuses a blind index: it is computed, and says nothing to a reader. */
export function refuseBlindIndex(table: AnyTable, column: string): void {
  const encrypted = indexedColumn(table, column)
  if (!encrypted) return
  throw new RefusedQueryError(
    `${column} is the blind index of ${table.name}.${encrypted.name}: use that column, and its values`,
    { table: table.name, column },
  )
}
