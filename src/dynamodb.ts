/**
 * Client-side encryption of DynamoDB items, byte-compatible with the AWS Database Encryption SDK. This
 * entry needs the optional peer dependencies `@aws-sdk/client-dynamodb` and `@aws-sdk/util-dynamodb`.
 *
 * @packageDocumentation
 */
export { dynamoDbBranchKeyIdSupplier } from './dynamodb/branch-key-id-supplier.ts'
export type {
  DecryptedAttributes,
  Item,
  ItemDocument,
  ItemHeader,
  PlaintextAttributes,
} from './dynamodb/item.ts'
export {
  DynamoDbItemEncryptor,
  type ItemOptions,
  type ItemResult,
} from './dynamodb/item-encryptor.ts'
export type {
  AttributeActions,
  PlaintextOverride,
  TableEncryptionConfig,
} from './dynamodb/table-config.ts'
export {
  type EncryptedTables,
  encryptedTables,
  type EncryptedTablesOptions,
} from './dynamodb/tables/encrypted-tables.ts'
export type {
  ItemUpdate,
  ItemUpdateResult,
  UpdatingClient,
} from './dynamodb/tables/update/update-item.ts'
export { ItemError, RefusedRequestError } from './errors.ts'
export type { CryptoAction, StructureVersion } from './structured/structure.ts'
export {
  type ItemAlgorithmSuite,
  type ItemAlgorithmSuiteName,
  itemAlgorithmSuites,
} from './suites/item-suites.ts'
