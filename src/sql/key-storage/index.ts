/**
 * The hierarchical keyring with its branch keys in a table of a SQL database. This entry needs the optional peer
 * dependency `@aws-sdk/client-kms`, and no DynamoDB.
 *
 * @packageDocumentation
 */
export type {
  BranchKeyChange,
  BranchKeyRecord,
  BranchKeyRecordType,
  KeyStorage,
} from '../../keyrings/hierarchical/storage/key-storage.ts'
export {
  BranchKeyMaterials,
  type BranchKeyMaterialsFields,
} from '../../materials/branch-key-materials.ts'
export {
  BranchKeyStore,
  type BranchKeyStoreOptions,
  type KeyStoreInfo,
} from '../../keyrings/hierarchical/store/branch-key-store.ts'
export type { CreateKeyOptions } from '../../keyrings/hierarchical/store/create-key.ts'
export type { BranchKeyVersion } from '../../keyrings/hierarchical/store/store-parts.ts'
export type { HierarchyVersion } from '../../keyrings/hierarchical/store/branch-key-context.ts'
export { InMemoryKeyStorage } from '../../keyrings/hierarchical/storage/in-memory-key-storage.ts'
export type { KmsConfiguration } from '../../keyrings/hierarchical/store/kms-configuration.ts'
export type { BranchKeyIdSupplier } from '../../keyrings/hierarchical/branch-key-choice.ts'
export type { BranchKeySource } from '../../keyrings/hierarchical/cached-branch-keys.ts'
export { HierarchicalKeyring } from '../../keyrings/hierarchical/hierarchical-keyring.ts'
export type { HierarchicalKeyringOptions } from '../../keyrings/hierarchical/hierarchical-options.ts'
export type { RewrapDestination, RewrapResult } from '../../keyrings/hierarchical/store/rewrap.ts'
export type { MySqlConnection, MySqlPool, MySqlPoolConnection } from '../database/mysql-database.ts'
export type { PgClient, PgLite, PgPool, PgPoolClient, PgResult } from '../database/pg-database.ts'
export { MySqlKeyStorage, type MySqlKeyStorageOptions } from './mysql-key-storage.ts'
export { PgKeyStorage, type PgKeyStorageOptions } from './pg-key-storage.ts'
export type { EnsuredKeyTable } from './sql-key-storage.ts'
