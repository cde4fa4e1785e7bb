/**
 * Encrypted columns through pg.
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
export type { PgClient, PgLite, PgPool, PgPoolClient, PgResult } from '../database/pg-database.ts'
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
export { encryptedPg } from './encrypted-pg.ts'
export type {
  BackfillOptions,
  BackfillProgress,
  BatchOptions,
  ReindexOptions,
} from '../backfill/options.ts'
export { type PgBackfillClient, backfill, reindex } from '../backfill/pg.ts'
