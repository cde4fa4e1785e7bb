import type { SqlDialect } from './database.ts'
import { quoteName, quotePath } from './quote.ts'

/** PostgreSQL cuts off what is longer: it would be the name of another column, which may be an encrypted one. */
const longestName = 63

export const postgresql: SqlDialect = Object.freeze({
  name: 'postgresql',
  quote: (identifier: string) => quotePath('"', identifier, longestName),
  quoteColumn: (column: string) => quoteName('"', column, longestName),
  placeholder: (position: number) => `$${position}`,
  isDuplicateKey: (error: unknown) => codeOf(error) === '23505',
  // serialization_failure, deadlock_detected
  isContention: (error: unknown) => ['40001', '40P01'].includes(String(codeOf(error))),
})

export const mysql: SqlDialect = Object.freeze({
  name: 'mysql',
  quote: (identifier: string) => quotePath('`', identifier),
  quoteColumn: (column: string) => quoteName('`', column),
  placeholder: () => '?',
  isDuplicateKey: (error: unknown) => codeOf(error) === 'ER_DUP_ENTRY',
  // MariaDB tells a read that is too old by a number of its own, which mysql2 has no name for.
  isContention: (error: unknown) =>
    ['ER_LOCK_DEADLOCK', 'ER_CHECKREAD'].includes(String(codeOf(error))),
})

/** PostgreSQL: there is no transaction to set a savepoint in. */
export function isOutsideTransaction(error: unknown): boolean {
  return codeOf(error) === '25P01'
}

/** MySQL: there is no such savepoint. */
export function isMissingSavepoint(error: unknown): boolean {
  return codeOf(error) === 'ER_SP_DOES_NOT_EXIST'
}

/** MySQL: a row was locked for too long. It may have rolled back the statement or, if so set, the transaction. */
export function isLockTimeout(error: unknown): boolean {
  return codeOf(error) === 'ER_LOCK_WAIT_TIMEOUT'
}

/** What the drivers say a failure was: SQLSTATE in pg and PGlite, the name of the error in mysql2. */
export function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
}
