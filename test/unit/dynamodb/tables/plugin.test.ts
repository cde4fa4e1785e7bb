import { readdirSync } from 'node:fs'
import { GetItemCommand, PutItemCommand, type ServiceInputTypes } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { describe, expect, it } from 'vitest'
import { encryptedTables } from '../../../../src/dynamodb.ts'
import { isPassedThrough } from '../../../../src/dynamodb/tables/passed-through.ts'
import type { CommandStack } from '../../../../src/dynamodb/tables/plugin.ts'
import { rawRequest } from '../../../../src/dynamodb/tables/raw-request.ts'
import { fakeDynamoDb, keyOf, order, orderDocument, orders, ordersTables } from './harness.ts'

/** Keeps what was put, and gives it back. */
function storingDynamoDb() {
  let Item: unknown
  return fakeDynamoDb(({ operation, input }) => {
    if (operation !== 'PutItem') return { Item }
    Item = input['Item']
    return {}
  })
}

const put = new PutItemCommand({ TableName: 'orders', Item: order('1') })
const get = new GetItemCommand({ TableName: 'orders', Key: keyOf('1') })
const documentPut = new PutCommand({ TableName: 'orders', Item: orderDocument('1') })
const documentGet = new GetCommand({ TableName: 'orders', Key: { id: '1', at: 1 } })

describe('applied', () => {
  it('to the document client, works on its client, and the other way round', async () => {
    for (const of of ['client', 'document'] as const) {
      const dynamoDb = storingDynamoDb()
      dynamoDb[of].middlewareStack.use(ordersTables())
      await dynamoDb.document.send(documentPut)
      expect((await dynamoDb.client.send(get)).Item).toEqual(order('1'))
      await dynamoDb.client.send(put)
      expect((await dynamoDb.document.send(documentGet)).Item).toEqual(orderDocument('1'))
      expect(JSON.stringify(dynamoDb.sent)).not.toContain('card of')
    }
  })

  it('twice, encrypts once', async () => {
    const { client, document, sent } = storingDynamoDb()
    const tables = ordersTables()
    client.middlewareStack.use(tables)
    client.middlewareStack.use(tables)
    document.middlewareStack.use(tables)
    await client.send(put)
    expect(sent).toHaveLength(1)
    expect((await document.send(documentGet)).Item).toEqual(orderDocument('1'))
  })

  it('beside other encrypted tables, is refused', () => {
    const { client, document } = fakeDynamoDb()
    client.middlewareStack.use(ordersTables())
    expect(() => document.middlewareStack.use(ordersTables())).toThrow('encrypted tables already')
  })

  it('to a command of a client that has it, is refused when the command is sent', async () => {
    const { client, sent } = fakeDynamoDb()
    client.middlewareStack.use(ordersTables())
    const command = new PutItemCommand({ TableName: 'orders', Item: order('1') })
    command.middlewareStack.use(ordersTables())
    await expect(async () => client.send(command)).rejects.toThrow('Duplicate middleware name')
    expect(sent).toEqual([])
  })

  it('goes along when the stack is cloned', async () => {
    const { client } = storingDynamoDb()
    client.middlewareStack.use(ordersTables())
    const other = storingDynamoDb()
    other.client.middlewareStack = client.middlewareStack.clone()
    await other.client.send(new PutItemCommand({ TableName: 'orders', Item: order('1') }))
    expect(JSON.stringify(other.sent)).not.toContain('card of')
  })

  it('once more to a clone of the stack, encrypts once', async () => {
    const tables = ordersTables()
    const first = fakeDynamoDb()
    first.client.middlewareStack.use(tables)
    const { client, document, sent } = storingDynamoDb()
    client.middlewareStack = first.client.middlewareStack.clone()
    client.middlewareStack.use(tables)
    await client.send(put)
    expect((await client.send(get)).Item).toEqual(order('1'))
    const documents = DynamoDBDocumentClient.from(client)
    expect((await documents.send(documentGet)).Item).toEqual(orderDocument('1'))
    expect(document).not.toBe(documents)
    expect(JSON.stringify(sent)).not.toContain('card of')
  })

  it('is not left half applied', () => {
    const { client } = fakeDynamoDb()
    const answers = { name: 'DocumentUnmarshall', step: 'deserialize' } as const
    client.middlewareStack.add((next) => next, answers)
    const tables = ordersTables()
    expect(() => client.middlewareStack.use(tables)).toThrow('has encrypted tables already')
    client.middlewareStack.remove('DocumentUnmarshall')
    client.middlewareStack.use(tables)
  })

  it('to what is no stack, says so', () => {
    expect(() => ordersTables().applyToStack({} as CommandStack)).toThrow('middlewareStack.use()')
  })

  it('to several clients, works on each', async () => {
    const tables = ordersTables()
    const clients = [storingDynamoDb(), storingDynamoDb()]
    for (const { client } of clients) client.middlewareStack.use(tables)
    await Promise.all(clients.map(({ client }) => client.send(put)))
    for (const { client } of clients) expect((await client.send(get)).Item).toEqual(order('1'))
  })
})

it('works with cached middlewares, of which commands share the context', async () => {
  const { client, sent } = storingDynamoDb()
  Object.assign(client.config, { cacheMiddleware: true })
  client.middlewareStack.use(ordersTables())
  await client.send(put)
  const [one, raw] = await Promise.all([
    client.send(get),
    client.send(new GetItemCommand(rawRequest({ TableName: 'orders', Key: keyOf('1') }))),
  ])
  expect(one.Item).toEqual(order('1'))
  expect(raw.Item).toHaveProperty('aws_dbe_head')
  expect((await client.send(get)).Item).toEqual(order('1'))
  expect(JSON.stringify(sent)).not.toContain('card of')
})

it('leaves requests on other tables as they are', async () => {
  const { client } = fakeDynamoDb()
  client.middlewareStack.use(ordersTables())
  let seen: ServiceInputTypes | undefined
  client.middlewareStack.add(
    (next) => (args) => {
      seen = args.input
      return next(args)
    },
    { step: 'build' },
  )
  const input = { TableName: 'plain', Item: order('1', { aws_dbe_head: { S: 'whatever' } }) }
  await client.send(new PutItemCommand(input))
  expect(seen).toEqual(input)
})

it('keeps ciphertext from the caller if another middleware loses track of the request', async () => {
  const { client, sent } = storingDynamoDb()
  client.middlewareStack.use(ordersTables())
  await client.send(put)
  client.middlewareStack.add((next) => (args) => next({ ...args, input: { ...args.input } }), {
    step: 'build',
  })
  await expect(client.send(get)).rejects.toThrow('was not decrypted')
  expect(sent).toHaveLength(2)
})

it('sees what the middlewares of the application made of an input', async () => {
  const { client, sent } = storingDynamoDb()
  client.middlewareStack.use(ordersTables())
  client.middlewareStack.add(
    (next) => (args) => next({ ...args, input: { ...args.input, TableName: 'orders' } }),
    { step: 'initialize' },
  )
  await client.send(new PutItemCommand({ TableName: 'plain', Item: order('1') }))
  expect(JSON.stringify(sent)).not.toContain('card of')
})

it('gives up by the signal of the request, and sends nothing', async () => {
  const { client, sent } = fakeDynamoDb()
  client.middlewareStack.use(ordersTables())
  const command = new PutItemCommand({ TableName: 'orders', Item: order('1') })
  await expect(client.send(command, { abortSignal: AbortSignal.abort() })).rejects.toMatchObject({
    name: 'AbortError',
    code: 'ERR_ABORTED',
  })
  expect(sent).toEqual([])
})

it('has decided on every operation of this version of the SDK', () => {
  const handled = [
    'BatchExecuteStatement',
    'BatchGetItem',
    'BatchWriteItem',
    'DeleteItem',
    'ExecuteStatement',
    'ExecuteTransaction',
    'GetItem',
    'PutItem',
    'Query',
    'Scan',
    'TransactGetItems',
    'TransactWriteItems',
    'UpdateItem',
  ]
  const refused = ['SearchVectors', 'StartBulkPutItems']
  const commands = readdirSync(
    new URL('../../../../node_modules/@aws-sdk/client-dynamodb/dist-es/commands', import.meta.url),
  )
  const undecided = commands
    .map((file) => file.replace(/Command\.js$/, ''))
    .filter((name) => name !== 'index.js' && !isPassedThrough(name))
  expect(undecided.toSorted()).toEqual([...handled, ...refused].toSorted())
})

describe('encryptedTables', () => {
  it('says of which table a configuration is', () => {
    const wrong = { ...orders, logicalTableName: 'others', partitionKeyName: '' }
    expect(() => encryptedTables({ tables: { orders, others: wrong as typeof orders } })).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^tables\["others"\]: /) }),
    )
  })

  it.each([
    ['tables', {}],
    ['tables', { tables: {} }],
    ['tables', { tables: { 'arn:aws:dynamodb:eu-central-1:1:table/orders': orders } }],
    ['maxConcurrency', { tables: { orders }, maxConcurrency: 0 }],
    ['concurrency', { tables: { orders }, concurrency: 1 }],
    ['logicalTableName', { tables: { orders, others: orders } }],
    ['partitionKeyName', { tables: { orders: { ...orders, partitionKeyName: '' } } }],
    [
      'allowedUnsignedAttributePrefix',
      { tables: { orders: { ...orders, allowedUnsignedAttributePrefix: '' } } },
    ],
  ])('names what is wrong with %s', (field, options) => {
    expect(() => encryptedTables(options as Parameters<typeof encryptedTables>[0])).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', field }),
    )
  })
})
