import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { KMSClient } from '@aws-sdk/client-kms'
import { DynamoDbKeyStorage } from '../../../src/hierarchical.ts'
import { LocalKms } from '../../../src/local-kms/index.ts'
import { DynamoDbEmulator } from '../../support/dynamodb/emulator.ts'
import { type KeyStores, keyStoresOn } from './keys.ts'
import type { Clients } from './participant.ts'

/** A KMS and a DynamoDB for tests that have Node alone. */
export class Services implements Clients {
  readonly dynamoDb: DynamoDBClient
  readonly #kms: LocalKms
  readonly #emulator: DynamoDbEmulator
  readonly #kmsClients = new Map<string, KMSClient>()
  #tables = 0

  private constructor(kms: LocalKms, emulator: DynamoDbEmulator) {
    this.#kms = kms
    this.#emulator = emulator
    this.dynamoDb = new DynamoDBClient(emulator.clientConfig)
  }

  static async start(): Promise<Services> {
    const kms = await LocalKms.start({ log: () => undefined })
    return new Services(kms, await DynamoDbEmulator.start())
  }

  readonly kmsOf = (region: string): KMSClient => {
    const client = this.#kmsClients.get(region) ?? new KMSClient(this.#kms.clientConfig(region))
    this.#kmsClients.set(region, client)
    return client
  }

  readonly dynamoDbOf = (): DynamoDBClient => this.dynamoDb

  /** Key stores on a table of their own. */
  async newTable(): Promise<KeyStores> {
    const tableName = `branch-keys-${++this.#tables}`
    await new DynamoDbKeyStorage({ client: this.dynamoDb, tableName }).createTable()
    return keyStoresOn(tableName, this.kmsOf)
  }

  async close(): Promise<void> {
    for (const client of this.#kmsClients.values()) client.destroy()
    this.dynamoDb.destroy()
    await this.#kms.close()
    await this.#emulator.close()
  }
}
