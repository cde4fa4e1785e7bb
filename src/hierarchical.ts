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
