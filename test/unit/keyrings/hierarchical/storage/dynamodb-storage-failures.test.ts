import {
  DescribeTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb'
import { describe, expect, test } from 'vitest'
import { DynamoDbKeyStorage } from '../../../../../src/hierarchical.ts'
import { InvalidArgumentError } from '../../../../../src/index.ts'
import {
  cancelled,
  failingWith,
  failure,
  storageWith,
} from '../../../../support/dynamodb/answers.ts'
import { isOutage } from '../../../../../src/keyrings/outages.ts'
import { recordOf } from '../../../../support/key-storage-spec.ts'

const change = { record: recordOf('tenant-a'), replaces: undefined }

describe('a cancelled transaction', () => {
  test.each([
    [['ConditionalCheckFailed']],
    [['None', 'ConditionalCheckFailed', 'None']],
    [['ConditionalCheckFailed', 'ConditionalCheckFailed']],
    [['TransactionConflict']],
    [['None', 'TransactionConflict']],
    [[undefined, 'TransactionConflict']],
    [['TransactionConflict', 'ConditionalCheckFailed']],
    // The condition has failed, whatever else would have become of it.
    [['ConditionalCheckFailed', 'ThrottlingError']],
  ])('%j is a conflict', async (codes) => {
    const { storage, commands } = failingWith(cancelled(codes))
    await expect(storage.write([change])).resolves.toBe('conflict')
    expect(commands).toHaveLength(1)
  })

  test.each([
    [[]],
    [['None']],
    [['ThrottlingError']],
    [['ProvisionedThroughputExceeded', 'None']],
    [['ItemCollectionSizeLimitExceeded']],
    [['TransactionConflict', 'ThrottlingError']],
    [['DuplicateItem']],
    [['a reason of tomorrow']],
  ])('%j is a failure, which names the reasons', async (codes) => {
    const error = cancelled(codes)
    const { storage } = failingWith(error)
    const rejection = await storage.write([change]).catch((cause: unknown) => cause)
    expect(rejection).toMatchObject({ code: 'ERR_KEY_STORAGE', cause: error })
    const { message } = rejection as Error
    for (const code of codes) expect(message).toContain(`${code}: why ${code}`)
  })
})

describe('a throttled transaction', () => {
  test.each([
    [['ThrottlingError', 'None', 'None']],
    [['None', 'ProvisionedThroughputExceeded']],
    [['TransactionConflict', 'ThrottlingError']],
  ])('%j comes with a hint', async (codes) => {
    const { storage } = failingWith(cancelled(codes))
    const hint =
      '(nothing was written, and the SDK does not repeat a transaction that was throttled'
    await expect(storage.write([change])).rejects.toThrow(hint)
  })

  test.each<[codes: (string | undefined)[], isOut: boolean]>([
    [['ThrottlingError', 'None'], true],
    [[undefined, 'ProvisionedThroughputExceeded'], true],
    // Each of these has an answer in it.
    [['ThrottlingError', 'ValidationError'], false],
    [['ItemCollectionSizeLimitExceeded'], false],
    [['None', undefined], false],
    [[], false],
  ])('%j is an outage: %j', async (codes, isOut) => {
    const { storage } = failingWith(cancelled(codes))
    const rejection = await storage.write([change]).catch((cause: unknown) => cause)
    expect(isOutage(rejection)).toBe(isOut)
  })
})

describe('a failure', () => {
  const operations: [string, (storage: DynamoDbKeyStorage) => Promise<unknown>][] = [
    ['GetItem', (storage) => storage.read('tenant-a', 'branch:ACTIVE')],
    ['Query', (storage) => storage.list('tenant-a')],
    ['TransactWriteItems', (storage) => storage.write([change])],
    ['DescribeTable', (storage) => storage.createTable()],
  ]

  test.each(operations)('of %s is told with its cause, and not tried again', async (name, run) => {
    const error = failure('InternalServerError')
    const { storage, commands } = failingWith(error)
    await expect(run(storage)).rejects.toMatchObject({
      code: 'ERR_KEY_STORAGE',
      message: `DynamoDB ${name} on the table "branch-keys" failed: InternalServerError: as told by DynamoDB`,
      cause: error,
    })
    expect(commands).toHaveLength(1)
  })

  test.each([
    ['GetItem', 'dynamodb:GetItem'],
    ['Query', 'dynamodb:Query'],
    ['TransactWriteItems', 'dynamodb:PutItem'],
    ['DescribeTable', 'dynamodb:DescribeTable'],
  ])('for want of permission for %s names %s', async (name, permission) => {
    const { storage } = failingWith(failure('AccessDeniedException'))
    const run = operations.find(([operation]) => operation === name)?.[1]
    await expect(run?.(storage)).rejects.toMatchObject({
      code: 'ERR_KEY_STORAGE',
      message: expect.stringContaining(`(allow ${permission} on the table`),
    })
  })

  test.each([
    ['CredentialsProviderError', 'no AWS credentials'],
    ['ThrottlingException', 'maxAttempts'],
    ['ProvisionedThroughputExceededException', 'maxAttempts'],
    ['RequestLimitExceeded', 'maxAttempts'],
  ])('%s comes with a hint', async (name, hint) => {
    const { storage } = failingWith(failure(name))
    await expect(storage.read('tenant-a', 'branch:ACTIVE')).rejects.toThrow(hint)
  })

  test('of what is not an error is a failure all the same', async () => {
    const { storage } = storageWith(() => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- whoever stands in for a client may
      throw 'text'
    })
    await expect(storage.read('tenant-a', 'branch:ACTIVE')).rejects.toMatchObject({
      code: 'ERR_KEY_STORAGE',
      cause: 'text',
    })
  })

  test.each([
    ['a request that is not valid', failure('ValidationException')],
    ['an item that is not valid', cancelled(['ValidationError'])],
  ])('of %s stays what it is if the table cannot be described', async (_, error) => {
    const { storage } = storageWith((command) => {
      throw command instanceof DescribeTableCommand ? failure('AccessDeniedException') : error
    })
    await expect(storage.write([change])).rejects.toMatchObject({
      code: 'ERR_KEY_STORAGE',
      message: expect.stringContaining('DynamoDB TransactWriteItems'),
      cause: error,
    })
  })

  test('of a missing table names no region where the client has none', async () => {
    const client = {
      send: async () => {
        throw failure('ResourceNotFoundException')
      },
    } as unknown as DynamoDBClient
    const storage = new DynamoDbKeyStorage({ client, tableName: 'branch-keys' })
    const rejection = storage.read('tenant-a', 'branch:ACTIVE')
    await expect(rejection).rejects.toThrow('in the region of the client')
    await expect(rejection).rejects.not.toThrow('--region')
  })
})

describe('what DynamoDB is asked', () => {
  test('reads are strongly consistent, those of each page too', async () => {
    const startKey = { 'branch-key-id': { S: 'tenant-a' }, type: { S: 'branch:ACTIVE' } }
    let pages = 0
    const { storage, commands } = storageWith((command) => {
      if (command instanceof GetItemCommand) return {}
      return pages++ === 0 ? { Items: [], LastEvaluatedKey: startKey } : { Items: [] }
    })
    await storage.read('tenant-a', 'branch:ACTIVE')
    await storage.list('tenant-a')
    const [get, first, second] = commands
    expect(get).toMatchObject({ input: { ConsistentRead: true } })
    for (const query of [first, second]) expect(query).toBeInstanceOf(QueryCommand)
    expect(first).toMatchObject({ input: { ConsistentRead: true, ExclusiveStartKey: undefined } })
    expect(second).toMatchObject({ input: { ConsistentRead: true, ExclusiveStartKey: startKey } })
  })

  test("writes are one transaction with the specification's conditions", async () => {
    const { storage, commands } = storageWith(() => ({}))
    const replaces = Uint8Array.of(1, 2, 3)
    await storage.write([change, { record: recordOf('tenant-a', 'beacon:ACTIVE'), replaces }])
    const [command] = commands
    expect(commands).toHaveLength(1)
    expect(command).toBeInstanceOf(TransactWriteItemsCommand)
    expect(command).toMatchObject({
      input: {
        TransactItems: [
          {
            Put: {
              TableName: 'branch-keys',
              ConditionExpression: 'attribute_not_exists(#id)',
              ExpressionAttributeNames: { '#id': 'branch-key-id' },
            },
          },
          {
            Put: {
              TableName: 'branch-keys',
              ConditionExpression: 'attribute_exists(#id) AND #enc = :replaced',
              ExpressionAttributeNames: { '#id': 'branch-key-id', '#enc': 'enc' },
              ExpressionAttributeValues: { ':replaced': { B: replaces } },
            },
          },
        ],
      },
    })
  })
})

describe('the options', () => {
  const client = { send: async () => ({}) } as unknown as DynamoDBClient

  test.each(['abc', 'Branch_Keys.2026-01', 'x'.repeat(255)])('tableName can be %j', (tableName) => {
    expect(new DynamoDbKeyStorage({ client, tableName }).name).toBe(tableName)
  })

  test('tableName can be an ARN', () => {
    const tableName = 'arn:aws-us-gov:dynamodb:us-gov-west-1:111122223333:table/branch-keys'
    expect(new DynamoDbKeyStorage({ client, tableName }).name).toBe(tableName)
  })

  test.each([
    '',
    'ab',
    'x'.repeat(256),
    'branch keys',
    'keys; rm -rf /',
    'keys\n',
    'é-keys',
    'arn:aws:dynamodb:us-east-1:111122223333:table/a b',
    undefined,
    null,
    7,
  ])('tableName can not be %j', (tableName) => {
    const options = { client, tableName } as { client: DynamoDBClient; tableName: string }
    expect(() => new DynamoDbKeyStorage(options)).toThrow(InvalidArgumentError)
    expect(() => new DynamoDbKeyStorage(options)).toThrow('tableName is')
  })

  test.each([undefined, null, 'client', {}])('client can not be %j', (other) => {
    const options = { client: other as DynamoDBClient, tableName: 'branch-keys' }
    expect(() => new DynamoDbKeyStorage(options)).toThrow('client must be a DynamoDBClient')
  })

  test('others there are none', () => {
    const options = { client, tableName: 'branch-keys', region: 'eu-central-1' }
    expect(() => new DynamoDbKeyStorage(options)).toThrow('There is no option "region"')
  })
})
