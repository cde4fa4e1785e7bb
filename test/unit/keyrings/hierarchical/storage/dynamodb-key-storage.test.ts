import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DynamoDbKeyStorage } from '../../../../../src/hierarchical.ts'
import { dynamoDbCases } from '../../../../support/dynamodb/cases.ts'
import { rewrapCases } from '../../../../support/dynamodb/rewrap-cases.ts'
import { DynamoDbEmulator } from '../../../../support/dynamodb/emulator.ts'
import { keyStorageCases, recordOf } from '../../../../support/key-storage-spec.ts'

let emulator: DynamoDbEmulator
let client: DynamoDBClient

beforeAll(async () => {
  emulator = await DynamoDbEmulator.start()
  client = new DynamoDBClient(emulator.clientConfig)
})
afterAll(async () => {
  client.destroy()
  await emulator.close()
})

describe('DynamoDbKeyStorage as a KeyStorage', () => {
  let storage: DynamoDbKeyStorage
  beforeAll(async () => {
    storage = new DynamoDbKeyStorage({ client, tableName: 'branch-keys' })
    await storage.createTable()
  })
  // The case of many versions makes a thousand calls, which a busy machine takes its time for.
  test.each(keyStorageCases)('$name', ({ run }) => run(storage), 120_000)

  test('a write whose answer was lost is repeated without a conflict with itself', async () => {
    const record = recordOf('the answer was lost')
    emulator.loseAnswers(1)
    await expect(storage.write([{ record, replaces: undefined }])).resolves.toBe('written')
    // A second write is another transaction, though it says the same.
    await expect(storage.write([{ record, replaces: undefined }])).resolves.toBe('conflict')
  })
})

describe('DynamoDbKeyStorage on DynamoDB', () => {
  test.each([...dynamoDbCases, ...rewrapCases])('$name', ({ run }) => run(client))

  test('createTable waits until a table is ready', async () => {
    const slow = await DynamoDbEmulator.start({ createTableMs: 300 })
    const slowClient = new DynamoDBClient(slow.clientConfig)
    try {
      const storage = new DynamoDbKeyStorage({ client: slowClient, tableName: 'slow' })
      await storage.createTable()
      await expect(storage.read('id', 'branch:ACTIVE')).resolves.toBeUndefined()
    } finally {
      slowClient.destroy()
      await slow.close()
    }
  })
})
