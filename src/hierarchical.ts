/**
 * The hierarchical keyring and its branch key store. This entry needs the optional peer dependencies
 * `@aws-sdk/client-kms` and `@aws-sdk/client-dynamodb`.
 *
 * @packageDocumentation
 */
export type {
  BranchKeyChange,
  BranchKeyRecord,
  BranchKeyRecordType,
  KeyStorage,
} from './keyrings/hierarchical/storage/key-storage.ts'
export {
  BranchKeyMaterials,
  type BranchKeyMaterialsFields,
} from './materials/branch-key-materials.ts'
export {
  BranchKeyStore,
  type BranchKeyStoreOptions,
  type KeyStoreInfo,
} from './keyrings/hierarchical/store/branch-key-store.ts'
export type { CreateKeyOptions } from './keyrings/hierarchical/store/create-key.ts'
export type { BranchKeyVersion } from './keyrings/hierarchical/store/store-parts.ts'
export type { HierarchyVersion } from './keyrings/hierarchical/store/branch-key-context.ts'
export { InMemoryKeyStorage } from './keyrings/hierarchical/storage/in-memory-key-storage.ts'
export type { KmsConfiguration } from './keyrings/hierarchical/store/kms-configuration.ts'
export {
  DynamoDbKeyStorage,
  type DynamoDbKeyStorageOptions,
} from './keyrings/hierarchical/storage/dynamodb-key-storage.ts'
export type { EnsuredTable } from './keyrings/hierarchical/storage/dynamodb-table.ts'
export type { BranchKeyIdSupplier } from './keyrings/hierarchical/branch-key-choice.ts'
export type { BranchKeySource } from './keyrings/hierarchical/cached-branch-keys.ts'
export { HierarchicalKeyring } from './keyrings/hierarchical/hierarchical-keyring.ts'
export type { HierarchicalKeyringOptions } from './keyrings/hierarchical/hierarchical-options.ts'
export type { RewrapDestination, RewrapResult } from './keyrings/hierarchical/store/rewrap.ts'
