/**
 * Encrypted columns through mysql2.
 *
 * @packageDocumentation
 */
export {
  type EncryptedDatabase,
  type EncryptedDatabaseOptions,
  type InsertOptions,
} from '../database/encrypted-database.ts'
export type { StatementResult } from '../database/database.ts'
export type { OnConflict } from '../database/insert.ts'
export type { MySqlConnection, MySqlPool, MySqlPoolConnection } from '../database/mysql-database.ts'
export type {
  GeneratedRow,
  InsertedRow,
  OrderColumn,
  RowChanges,
  RowConditions,
  RowOrder,
  SelectOneOptions,
  SelectOptions,
  SelectedColumns,
  SelectedRow,
  TypedTable,
} from '../database/row-types.ts'
export { encryptedMysql2 } from './encrypted-mysql2.ts'
export type {
  BackfillOptions,
  BackfillProgress,
  BatchOptions,
  ReindexOptions,
} from '../backfill/options.ts'
export { type MySqlBackfillClient, backfill, reindex } from '../backfill/mysql2.ts'
