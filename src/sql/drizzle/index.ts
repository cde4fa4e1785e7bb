/**
 * Encrypted columns through Drizzle, of PostgreSQL and MySQL.
 *
 * @packageDocumentation
 */
export {
  type MySqlSealedColumn,
  type PgSealedColumn,
  type SealedColumnConfig,
  type SealedColumnOptions,
  mysqlBlindIndex,
  mysqlEncrypted,
  pgBlindIndex,
  pgEncrypted,
} from './columns.ts'
export { type DrizzleDatabase, type EncryptedDrizzleOptions, encryptedDrizzle } from './database.ts'
export { SealedValue } from './sealed-value.ts'
