import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import {
  type AttributeValue,
  DescribeTableCommand,
  type DynamoDBClient,
  GetItemCommand,
} from '@aws-sdk/client-dynamodb'
import { create, recordOf, versionType } from '../key-storage-spec.ts'
import {
  type Key,
  createTable,
  hasFailed,
  idKey,
  isInvalid,
  keyOf,
  put,
  storageOn,
  typeKey,
} from './branch-key-table.ts'

/** One thing that `DynamoDbKeyStorage` has to do with a DynamoDB, besides what every storage has to. */
export interface DynamoDbCase {
  readonly name: string
  readonly run: (client: DynamoDBClient) => Promise<void>
}

/** They need no test runner, so that they run on real services too. Each has a table of its own. */
export const dynamoDbCases: readonly DynamoDbCase[] = [
  {
    name: "createTable makes a table of the specification's schema, billed by request, and says so",
    async run(client) {
      const storage = storageOn(client)
      const { tableArn, created } = await storage.createTable()
      const { Table: table } = await client.send(
        new DescribeTableCommand({ TableName: storage.name }),
      )
      assert.equal(created, true)
      assert.equal(tableArn, table?.TableArn)
      assert.match(tableArn, new RegExp(`^arn:aws:dynamodb:.*:table/${storage.name}$`))
      assert.deepEqual(table?.KeySchema, [
        { AttributeName: 'branch-key-id', KeyType: 'HASH' },
        { AttributeName: 'type', KeyType: 'RANGE' },
      ])
      assert.equal(table.TableStatus, 'ACTIVE')
      assert.equal(table.BillingModeSummary?.BillingMode, 'PAY_PER_REQUEST')
    },
  },
  {
    name: 'createTable leaves a table of branch keys as it is',
    async run(client) {
      const storage = storageOn(client)
      const { tableArn } = await storage.createTable()
      const record = recordOf(randomUUID())
      await create(storage, record)
      assert.deepEqual(await storage.createTable(), { tableArn, created: false })
      assert.equal((await storage.list(record.branchKeyId)).length, 1)
    },
  },
  {
    name: 'createTable takes a table with an index',
    async run(client) {
      const storage = storageOn(client)
      await createTable(client, storage.name, [idKey, typeKey], {
        attributes: [{ AttributeName: 'kms-arn', AttributeType: 'S' }],
        index: [{ AttributeName: 'kms-arn', KeyType: 'HASH' }],
      })
      assert.equal((await storage.createTable()).created, false)
    },
  },
  {
    name: 'createTable by several at once creates one table',
    async run(client) {
      const storage = storageOn(client)
      const results = await Promise.all([1, 2, 3].map(() => storage.createTable()))
      assert.equal(results.filter(({ created }) => created).length, 1)
      assert.equal(new Set(results.map(({ tableArn }) => tableArn)).size, 1)
    },
  },
  {
    name: "a record is stored as AWS's libraries store it",
    async run(client) {
      const storage = storageOn(client)
      await storage.createTable()
      const id = randomUUID()
      const ciphertext = Uint8Array.of(1, 2, 3)
      const attributes = {
        version: 'branch:version:83eec007-5659-4554-bf11-699b90f41ac6',
        'kms-arn': 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
        'create-time': '2026-01-02T03:04:05.678901Z',
        'hierarchy-version': '1',
        'aws-crypto-ec:department': 'admin',
        'aws-crypto-ec:enc': 'not the ciphertext',
      }
      await create(storage, { branchKeyId: id, type: 'branch:ACTIVE', ciphertext, attributes })
      const { Item: item } = await client.send(
        new GetItemCommand({
          TableName: storage.name,
          Key: { 'branch-key-id': { S: id }, type: { S: 'branch:ACTIVE' } },
        }),
      )
      assert.deepEqual(
        { ...item, enc: Buffer.from(item?.['enc']?.B ?? []).toString('hex') },
        {
          'branch-key-id': { S: id },
          type: { S: 'branch:ACTIVE' },
          version: { S: attributes.version },
          enc: '010203',
          'kms-arn': { S: attributes['kms-arn'] },
          'create-time': { S: attributes['create-time'] },
          'hierarchy-version': { N: '1' },
          'aws-crypto-ec:department': { S: 'admin' },
          'aws-crypto-ec:enc': { S: 'not the ciphertext' },
        },
      )
    },
  },
  {
    name: 'hands on a record that lacks attributes, for the store to refuse',
    async run(client) {
      const storage = storageOn(client)
      await storage.createTable()
      const id = randomUUID()
      await put(client, storage.name, { ...keyOf(id), enc: { B: Uint8Array.of(7) } })
      const record = await storage.read(id, 'branch:ACTIVE')
      assert.deepEqual(record?.attributes, {})
      assert.deepEqual([...record.ciphertext], [7])
    },
  },
  {
    name: 'refuses an attribute of another type by its name, and shows no value',
    async run(client) {
      const storage = storageOn(client)
      await storage.createTable()
      for (const [name, value] of wrongAttributes) {
        const id = randomUUID()
        const item = { ...keyOf(id), enc: { B: Uint8Array.of(7) }, 'hierarchy-version': { N: '1' } }
        await put(client, storage.name, { ...item, [name]: value })
        const check = hasFailed('ERR_BRANCH_KEY_RECORD', [`"${name}"`, id, storage.name], ['4242'])
        await assert.rejects(storage.read(id, 'branch:ACTIVE'), check)
        await assert.rejects(storage.list(id), check)
      }
    },
  },
  {
    name: 'refuses a record without a ciphertext',
    async run(client) {
      const storage = storageOn(client)
      await storage.createTable()
      const id = randomUUID()
      await put(client, storage.name, keyOf(id))
      const check = hasFailed('ERR_BRANCH_KEY_RECORD', ['"enc"', 'nothing', id, storage.name])
      await assert.rejects(storage.read(id, 'branch:ACTIVE'), check)
    },
  },
  {
    name: 'refuses to list a branch key with a record of a type that it does not know',
    async run(client) {
      const storage = storageOn(client)
      await storage.createTable()
      const id = randomUUID()
      await create(storage, recordOf(id))
      const type = 'branch:UNKNOWN'
      await put(client, storage.name, {
        ...keyOf(id),
        type: { S: type },
        other: { B: Buffer.of(7) },
      })
      const check = hasFailed('ERR_BRANCH_KEY_RECORD', [type, id, 'a type that no record has'])
      await assert.rejects(storage.list(id), check)
    },
  },
  {
    name: "says while AWS's key store admin changes a branch key that it has to finish first",
    async run(client) {
      const storage = storageOn(client)
      await storage.createTable()
      for (const note of mutationNotes) {
        const id = randomUUID()
        const record = recordOf(id)
        await create(storage, record)
        await put(client, storage.name, { ...keyOf(id), ...note })
        const type = note.type.S
        const saying = [type, id, storage.name, "AWS's key store admin", 'Let it finish']
        const never = ['backup', 'who can write']
        const check = hasFailed('ERR_BRANCH_KEY_CONFLICT', saying, never)
        await assert.rejects(storage.list(id), check)
        // Whoever only uses the branch key is not held up.
        assert.deepEqual((await storage.read(id, record.type))?.attributes, record.attributes)
      }
    },
  },
  {
    name: 'says of a missing table how to create it, whatever was asked',
    async run(client) {
      const storage = storageOn(client)
      const region = await client.config.region()
      const check = hasFailed('ERR_KEY_STORAGE', [
        `"${storage.name}"`,
        `in ${region}`,
        'createTable()',
        `aws dynamodb create-table --table-name ${storage.name} --billing-mode PAY_PER_REQUEST ` +
          '--attribute-definitions AttributeName=branch-key-id,AttributeType=S AttributeName=type,AttributeType=S ' +
          '--key-schema AttributeName=branch-key-id,KeyType=HASH AttributeName=type,KeyType=RANGE ' +
          `--region ${region}`,
      ])
      await assert.rejects(storage.read('id', 'branch:ACTIVE'), check)
      await assert.rejects(storage.list('id'), check)
      await assert.rejects(create(storage, recordOf('id')), check)
    },
  },
  {
    name: 'says what is wrong with a table whose keys are the other way round',
    async run(client) {
      const storage = storageOn(client)
      await createTable(client, storage.name, [typeKey, idKey])
      const problems = ['the partition key "type" (S)', 'the sort key "branch-key-id" (S)']
      const check = hasFailed('ERR_KEY_STORAGE', [`"${storage.name}"`, ...problems])
      await assert.rejects(storage.createTable(), check)
      // It finds and keeps single records as well as any.
      await assert.rejects(storage.list('id'), check)
    },
  },
  ...otherSchemas().map(tableCase),
  {
    name: 'keeps ids and types of the greatest length, and refuses longer ones by their name',
    async run(client) {
      const storage = storageOn(client)
      await storage.createTable()
      const longest = recordOf('é'.repeat(1024), `branch:version:${'x'.repeat(1009)}`)
      await create(storage, longest)
      assert.equal((await storage.list(longest.branchKeyId)).length, 1)
      const tooLongId = recordOf(`${longest.branchKeyId}x`)
      const tooLongType = recordOf('id', `${longest.type}x` as typeof longest.type)
      for (const [record, field] of [
        [tooLongId, 'branchKeyId'],
        [recordOf(''), 'branchKeyId'],
        [recordOf('lone \ud83e surrogate'), 'branchKeyId'],
        [tooLongType, 'type'],
      ] as const) {
        await assert.rejects(storage.read(record.branchKeyId, record.type), isInvalid(field))
        await assert.rejects(create(storage, record), isInvalid(field))
      }
      await assert.rejects(storage.list(tooLongId.branchKeyId), isInvalid('branchKeyId'))
    },
  },
  {
    name: 'keeps a record of 400,000 bytes, and refuses one that is larger than an item can be',
    async run(client) {
      const storage = storageOn(client)
      await storage.createTable()
      const recordWith = (length: number) =>
        recordOf(randomUUID(), versionType(), { 'aws-crypto-ec:long': 'x'.repeat(length) })
      await create(storage, recordWith(400_000))
      const tooLarge = recordWith(400 * 1024)
      await assert.rejects(create(storage, tooLarge), isInvalid('encryptionContext'))
    },
  },
]

interface OtherSchema {
  readonly which: string
  readonly schema: readonly Key[]
  /** What the error has to say. */
  readonly problems: readonly string[]
}

/** What makes a table one of something else. */
function otherSchemas(): readonly OtherSchema[] {
  return [
    {
      which: 'without a sort key',
      schema: [idKey],
      problems: ['has no sort key "type" (S). Use'],
    },
    {
      which: 'with another partition key',
      schema: [['pk', 'S'], typeKey],
      problems: ['the partition key "pk" (S), not "branch-key-id" (S). Use'],
    },
    {
      which: 'with other keys',
      schema: [
        ['pk', 'S'],
        ['sk', 'S'],
      ],
      problems: [
        'the partition key "pk" (S), not',
        'and has the sort key "sk" (S), not "type" (S)',
      ],
    },
    {
      which: 'whose partition key is bytes',
      schema: [['branch-key-id', 'B'], typeKey],
      problems: ['the partition key "branch-key-id" (B), not "branch-key-id" (S). Use'],
    },
    {
      which: 'whose sort key is a number',
      schema: [idKey, ['type', 'N']],
      problems: ['the sort key "type" (N), not "type" (S). Use'],
    },
  ]
}

function tableCase({ which, schema, problems }: OtherSchema): DynamoDbCase {
  return {
    name: `says what is wrong with a table ${which}, whatever was asked`,
    async run(client) {
      const storage = storageOn(client)
      await createTable(client, storage.name, schema)
      // A store writes several records of a branch key, which are one item where there is no sort key.
      const createKey = () => create(storage, recordOf('id'), recordOf('id', 'beacon:ACTIVE'))
      const check = hasFailed('ERR_KEY_STORAGE', [`"${storage.name}"`, ...problems])
      await assert.rejects(storage.createTable(), check)
      await assert.rejects(storage.read('id', 'branch:ACTIVE'), check)
      await assert.rejects(createKey(), check)
      // Such a list is a valid question to a table that has the partition key right.
      const [partitionKey] = schema
      if (partitionKey !== idKey) await assert.rejects(storage.list('id'), check)
    },
  }
}

const wrongAttributes: readonly [name: string, value: AttributeValue][] = [
  ['enc', { S: '4242' }],
  ['hierarchy-version', { S: '4242' }],
  ['kms-arn', { N: '4242' }],
  ['create-time', { B: Buffer.from('4242') }],
  ['version', { SS: ['4242'] }],
  ['aws-crypto-ec:a', { M: { S: { S: '4242' } } }],
  ['aws-crypto-ec:b', { L: [{ S: '4242' }] }],
  ['unknown', { BOOL: true }],
  ['other', { NULL: true }],
]

/** What AWS's key store admin writes beside the records, as its sources have it. */
const mutationNotes = [
  {
    type: { S: 'branch:MUTATION_COMMITMENT' },
    enc: { B: Buffer.of(7) },
    'hierarchy-version': { N: '2' },
    'create-time': { S: '2026-01-01T00:00:00.000000Z' },
    uuid: { S: 'f0000000-0000-4000-8000-000000000000' },
    original: { B: Buffer.of(7) },
    terminal: { B: Buffer.of(7) },
    input: { B: Buffer.of(7) },
  },
  {
    type: { S: 'branch:MUTATION_INDEX' },
    enc: { B: Buffer.of(7) },
    'hierarchy-version': { N: '2' },
    'create-time': { S: '2026-01-01T00:00:00.000000Z' },
    uuid: { S: 'f0000000-0000-4000-8000-000000000000' },
    pageIndex: { B: Buffer.of(7) },
  },
]
