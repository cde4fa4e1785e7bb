import type { KmsConfiguration } from '../../src/hierarchical.ts'

/** A branch key store on a table as JSON, so that programs in other languages build the same one. */
export interface KeyStoreSpec {
  /** The table's name, and the region whose DynamoDB has it. */
  tableName: string
  tableRegion: string
  logicalKeyStoreName: string
  /** The region whose KMS is called. */
  kmsRegion: string
  kmsConfiguration: KmsConfiguration
}

/** A hierarchical keyring for one branch key. */
export interface HierarchicalSpec {
  type: 'hierarchical'
  branchKeyId: string
  keyStore: KeyStoreSpec
}
