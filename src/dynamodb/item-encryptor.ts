import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { TableEncryptionConfig } from './table-config.ts'

/** An item with its values as DynamoDB's API has them. */
export type Item = Record<string, AttributeValue>

/** Encrypts and decrypts the items of one table (dynamodb-encryption-client/ddb-item-encryptor.md). */
export class DynamoDbItemEncryptor {
  readonly config: TableEncryptionConfig

  constructor(config: TableEncryptionConfig) {
    this.config = config
  }
}
