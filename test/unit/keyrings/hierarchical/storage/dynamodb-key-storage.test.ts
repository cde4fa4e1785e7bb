import { DynamoDBClient, type ScanCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BranchKeyRecord, DynamoDbKeyStorage } from '../../../../../src/hierarchical.ts'
import { itemOf } from '../../../../../src/keyrings/hierarchical/storage/dynamodb-items.ts'
import { storageWith } from '../../../../support/dynamodb/answers.ts'
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

describe('listBranchKeys', () => {
  test('returns the active record of each branch key, and no others', async () => {
    const storage = new DynamoDbKeyStorage({ client, tableName: 'listed-keys' })
    await storage.createTable()
    expect(await storage.listBranchKeys()).toEqual([])
    const active = ['a', 'b', 'c'].map((id) => recordOf(id, 'branch:ACTIVE'))
    const others = ['a', 'b'].flatMap((id) => [
      recordOf(id, 'beacon:ACTIVE'),
      recordOf(id, 'branch:version:38853b56-19c6-4345-9cb5-afc2a25dcdd1'),
    ])
    for (const record of [...active, ...others]) {
      await storage.write([{ record, replaces: undefined }])
    }
    const plain = (record: BranchKeyRecord) => ({
      ...record,
      ciphertext: Buffer.from(record.ciphertext).toString('hex'),
    })
    const listed = (await storage.listBranchKeys()).map(plain)
    listed.sort((one, other) => one.branchKeyId.localeCompare(other.branchKeyId))
    expect(listed).toEqual(active.map(plain))
  })

  test('goes through all pages, of which some have nothing', async () => {
    const item = (id: string) => itemOf(recordOf(id, 'branch:ACTIVE'))
    const pages = [
      { Items: [item('a')], LastEvaluatedKey: { 'branch-key-id': { S: 'a' } } },
      { Items: [], LastEvaluatedKey: { 'branch-key-id': { S: 'b' } } },
      { Items: [item('c')] },
    ]
    const { storage, commands } = storageWith(() => pages[commands.length - 1])
    const ids = (await storage.listBranchKeys()).map(({ branchKeyId }) => branchKeyId)
    expect(ids).toEqual(['a', 'c'])
    const starts = commands.map((command) => (command as ScanCommand).input.ExclusiveStartKey)
    expect(starts).toEqual([undefined, pages[0]?.LastEvaluatedKey, pages[1]?.LastEvaluatedKey])
    expect((commands[0] as ScanCommand).input.ConsistentRead).toBe(true)
  })

  test('says which table is missing', async () => {
    const storage = new DynamoDbKeyStorage({ client, tableName: 'no-such-table' })
    await expect(storage.listBranchKeys()).rejects.toMatchObject({
      code: 'ERR_KEY_STORAGE',
      message: expect.stringContaining('There is no table "no-such-table"'),
    })
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
