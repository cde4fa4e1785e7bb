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
} from './keyrings/hierarchical/key-storage.ts'
export {
  BranchKeyMaterials,
  type BranchKeyMaterialsFields,
} from './materials/branch-key-materials.ts'
export {
  BranchKeyStore,
  type BranchKeyStoreOptions,
  type BranchKeyVersion,
  type CreateKeyOptions,
  type KeyStoreInfo,
} from './keyrings/hierarchical/branch-key-store.ts'
export type { HierarchyVersion } from './keyrings/hierarchical/branch-key-context.ts'
export { InMemoryKeyStorage } from './keyrings/hierarchical/in-memory-key-storage.ts'
export type { KmsConfiguration } from './keyrings/hierarchical/kms-configuration.ts'
