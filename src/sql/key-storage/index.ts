/**
 * The hierarchical keyring with its branch keys in a table of a SQL database. This entry needs the optional peer
 * dependency `@aws-sdk/client-kms`, and no DynamoDB.
 *
 * @packageDocumentation
 */
export { BranchKeyStore } from '../../keyrings/hierarchical/store/branch-key-store.ts'
export { HierarchicalKeyring } from '../../keyrings/hierarchical/hierarchical-keyring.ts'
