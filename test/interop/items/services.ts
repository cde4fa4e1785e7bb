import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { KMSClient } from '@aws-sdk/client-kms'
import { DynamoDbKeyStorage } from '../../../src/hierarchical.ts'
import type { Keyring } from '../../../src/index.ts'
import { LocalKms } from '../../../src/local-kms/index.ts'
import { dynamoDbClientConfig } from '../../support/dynamodb/emulator.ts'
import type { ClientOf } from '../../support/keyring-spec.ts'
import { dynamoDbServices, startEmulator } from '../branch-keys/service.ts'
import type { ItemKeyringSpec } from './jobs.ts'
import { type ItemCombination, itemCombinations, itemKeyringOf } from './keyrings.ts'

/** What both sides share: a KMS, a DynamoDB with a table of branch keys, and the keyrings on them. */
export interface ItemServices {
  readonly endpoint: string
  readonly dynamoDbEndpoint: string
  /** The name of what stands for DynamoDB. */
  readonly dynamoDbName: string
  readonly dynamoDb: DynamoDBClient
  readonly combinations: readonly ItemCombination[]
  /** The keyring of ours for a description, made once. */
  readonly keyringOf: (spec: ItemKeyringSpec) => Keyring
  close(): Promise<void>
}

const branchKeyTable = 'branch-keys'

export async function startItemServices(): Promise<ItemServices> {
  const folder = await mkdtemp(join(tmpdir(), 'waxseal-items-'))
  const kms = await LocalKms.start({ storePath: join(folder, 'keys.json'), log: () => undefined })
  const local = await dynamoDbServices.find(({ name }) => name === 'DynamoDB Local')?.start()
  const service = local && 'endpoint' in local ? local : await startEmulator()
  const dynamoDb = new DynamoDBClient(dynamoDbClientConfig(service.endpoint))
  const kmsClients = new Map<string, KMSClient>()
  const kmsOf: ClientOf = (region) => {
    const client = kmsClients.get(region) ?? new KMSClient(kms.clientConfig(region))
    kmsClients.set(region, client)
    return client
  }
  const close = async () => {
    dynamoDb.destroy()
    for (const client of kmsClients.values()) client.destroy()
    await service.close()
    await kms.close()
    await rm(folder, { recursive: true })
  }
  try {
    await new DynamoDbKeyStorage({ client: dynamoDb, tableName: branchKeyTable }).createTable()
    const combinations = await itemCombinations(kmsOf, dynamoDb, branchKeyTable)
    const keyrings = new Map<ItemKeyringSpec, Keyring>()
    const keyringOf = (spec: ItemKeyringSpec): Keyring => {
      const keyring = keyrings.get(spec) ?? itemKeyringOf(spec, kmsOf, dynamoDb)
      keyrings.set(spec, keyring)
      return keyring
    }
    return {
      endpoint: kms.endpoint,
      dynamoDbEndpoint: service.endpoint,
      dynamoDbName: service.name,
      dynamoDb,
      combinations,
      keyringOf,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
