import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  GetItemCommand,
  QueryCommand,
  TransactGetItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import {
  DynamoDbItemEncryptor,
  encryptedTables,
  type PlaintextOverride,
} from '../../../../src/dynamodb.ts'
import { type Item, asJson, fakeDynamoDb, keyOf, order, orders, ordersTables } from './harness.ts'

const { item: stored } = await new DynamoDbItemEncryptor(orders).encryptItem({
  id: { S: '1' },
  at: { N: '1' },
  ...order('1'),
})
const json = asJson(stored)

const get = new GetItemCommand({ TableName: 'orders', Key: keyOf('1') })
const query = new QueryCommand({ TableName: 'orders' })
const batchGet = new BatchGetItemCommand({ RequestItems: { orders: { Keys: [keyOf('1')] } } })
const batchWrite = new BatchWriteItemCommand({
  RequestItems: { orders: [{ PutRequest: { Item: order('1') } }] },
})
const transactGet = new TransactGetItemsCommand({
  TransactItems: [{ Get: { TableName: 'orders', Key: keyOf('1') } }],
})

/** What the caller gets of an answer. */
async function answered(command: object, body: object, plaintextOverride?: PlaintextOverride) {
  const { client } = fakeDynamoDb(() => body)
  const tables = encryptedTables({ tables: { orders: { ...orders, plaintextOverride } } })
  client.middlewareStack.use(tables)
  // The union of the commands is that of no overload of `send`.
  return (client.send as (command: object) => Promise<unknown>).call(client, command)
}

describe('an answer of another shape', () => {
  it.each([
    ['an item that is text', get, { Item: 'abc' }],
    ['an item that is a list', get, { Item: [json] }],
    ['an item that is a number', get, { Item: 5 }],
    ['an item that has nothing', get, { Item: {} }],
    ['items that are an object', query, { Items: { a: json } }],
    ['items that are text', query, { Items: 'abc' }],
    ['an item that is null', query, { Items: [null, json] }],
    ['responses of null', batchGet, { Responses: { orders: null } }],
    ['responses of no table', batchGet, { Responses: { 'o/o': [json] } }],
    ['unprocessed keys of null', batchGet, { UnprocessedKeys: { orders: null } }],
    ['a response of null', transactGet, { Responses: [null] }],
    ['unprocessed items that are text', batchWrite, { UnprocessedItems: { orders: 'x' } }],
    ['an unprocessed item of null', batchWrite, { UnprocessedItems: { orders: [null] } }],
    [
      'an unprocessed item without a key',
      batchWrite,
      { UnprocessedItems: { orders: [{ PutRequest: {} }] } },
    ],
  ])('is refused: %s', async (_, command, body) => {
    await expect(answered(command, body)).rejects.toMatchObject({
      name: 'ItemError',
      code: 'ERR_MALFORMED_ITEM',
    })
  })
})

describe('another item than was asked for', () => {
  const Get = { TableName: 'orders', Key: keyOf('2') }
  const others: [string, object, object][] = [
    ['GetItem', new GetItemCommand(Get), { Item: json }],
    [
      'BatchGetItem',
      new BatchGetItemCommand({ RequestItems: { orders: { Keys: [keyOf('2'), keyOf('3')] } } }),
      { Responses: { orders: [json] } },
    ],
    [
      'TransactGetItems',
      new TransactGetItemsCommand({ TransactItems: [{ Get }] }),
      { Responses: [{ Item: json }] },
    ],
  ]

  it.each(others)('is not handed out by %s', async (_, command, body) => {
    await expect(answered(command, body)).rejects.toMatchObject({
      code: 'ERR_MALFORMED_ITEM',
      message: expect.stringContaining('another key than was asked for'),
    })
  })

  it('is none if the number of the key is written in another way', async () => {
    const Key = { id: { S: '1' }, at: { N: '1.0' } }
    const command = new GetItemCommand({ TableName: 'orders', Key })
    expect(await answered(command, { Item: json })).toMatchObject({ Item: order('1') })
  })
})

describe('a plaintext item, where such may be read', () => {
  const allowed = 'FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ'
  const byIndex = new QueryCommand({ TableName: 'orders', IndexName: 'by-total' })
  const { aws_dbe_head: head, aws_dbe_foot: foot, ...part } = stored
  const bytes = (length: number, ...first: number[]) => {
    const B = new Uint8Array(length)
    B.set(first)
    return { B }
  }

  it('is refused if it is a part of an encrypted one, projected by an index', async () => {
    expect([head, foot]).not.toContain(undefined)
    await expect(answered(byIndex, { Items: [asJson(part)] }, allowed)).rejects.toMatchObject({
      code: 'ERR_MALFORMED_ITEM',
      attribute: 'card',
      message: expect.stringMatching(/Items\[0\] .* of the index "by-total", .* ALL/),
    })
  })

  it.each<[string, Item]>([
    ['text', order('1')],
    ['bytes that are too few', order('1', { card: bytes(17, 0, 1) })],
    ['bytes of no type', order('1', { card: bytes(18, 0, 3) })],
    ['bytes that are not encrypted', order('1', { ':note': bytes(18, 0, 1) })],
  ])('is read by an index if it has %s', async (_, item) => {
    const answer = await answered(byIndex, { Items: [asJson(item)] }, allowed)
    expect(answer).toMatchObject({ Items: [item] })
  })

  it('is read from the table whatever bytes it has', async () => {
    const item = order('1', { card: bytes(18, 0, 1) })
    expect(await answered(get, { Item: asJson(item) }, allowed)).toMatchObject({ Item: item })
  })

  it('comes without the attributes of the library', async () => {
    const item = order('1', { aws_dbe_b_card: { S: 'beacon' } })
    const answer = await answered(get, { Item: asJson(item) }, allowed)
    expect((answer as { Item: Item }).Item).toEqual(order('1'))
  })
})

it('the note on indexes is not on a failure of a keyring', async () => {
  const { client } = fakeDynamoDb(() => ({ Items: [json] }))
  const keyring = Object.assign(Object.create(orders.keyring) as typeof orders.keyring, {
    onDecrypt: async () => {
      throw new Error('denied')
    },
  })
  client.middlewareStack.use(encryptedTables({ tables: { orders: { ...orders, keyring } } }))
  const byIndex = new QueryCommand({ TableName: 'orders', IndexName: 'by-total' })
  const failure: unknown = await client.send(byIndex).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'ERR_UNWRAP_FAILED' })
  expect(String(failure)).toContain('of the index "by-total": ')
  expect(String(failure)).not.toContain('ALL')
})

it('attributes of the library are not handed out as updated', async () => {
  const update = new UpdateItemCommand({
    TableName: 'orders',
    Key: keyOf('1'),
    ReturnValues: 'UPDATED_NEW',
  })
  await expect(answered(update, { Attributes: { aws_dbe_x: { S: '' } } })).rejects.toMatchObject({
    code: 'ERR_MALFORMED_ITEM',
  })
})

it('what cannot be unwrapped is an UnwrapError that says where', async () => {
  const other = asJson({ ...stored, id: { S: '2' } })
  const get = new GetItemCommand({ TableName: 'orders', Key: keyOf('2') })
  await expect(answered(get, { Item: other })).rejects.toMatchObject({
    name: 'UnwrapError',
    code: 'ERR_UNWRAP_FAILED',
    message: expect.stringMatching(/^Item of table "orders": /),
    attempts: expect.any(Array),
    cause: expect.objectContaining({ name: 'UnwrapError' }),
  })
})

describe('a middleware of the application', () => {
  const forged = { Item: { ...json, total: { N: '666' } } }

  it.each([0, 1])('that sends twice and returns answer %i gets it out verified', async (index) => {
    const { client } = fakeDynamoDb((_, count) => (count === 1 ? forged : { Item: json }))
    client.middlewareStack.use(ordersTables())
    client.middlewareStack.add(
      (next) => async (args) => {
        const answers = [await next(args), await next(args)]
        return answers[index] ?? next(args)
      },
      { step: 'finalizeRequest' },
    )
    if (index === 1) expect((await client.send(get)).Item).toEqual(order('1'))
    else await expect(client.send(get)).rejects.toMatchObject({ code: 'ERR_AUTHENTICATION' })
  })

  it('does not see what was not verified', async () => {
    const { client } = fakeDynamoDb(() => forged)
    client.middlewareStack.use(ordersTables())
    let seen: object | undefined
    client.middlewareStack.add(
      (next) => async (args) => {
        const answer = await next(args)
        seen = answer.output
        return answer
      },
      { step: 'finalizeRequest' },
    )
    await expect(client.send(get)).rejects.toMatchObject({ code: 'ERR_AUTHENTICATION' })
    expect(Object.keys(seen ?? {})).toEqual(['$metadata'])
  })

  it('that answers by itself is told that nothing was decrypted', async () => {
    const { client } = fakeDynamoDb()
    client.middlewareStack.use(ordersTables())
    client.middlewareStack.add(
      () => async () => ({ output: { $metadata: {}, Item: stored }, response: {} }),
      { step: 'build' },
    )
    await expect(client.send(get)).rejects.toMatchObject({
      code: 'ERR_MALFORMED_ITEM',
      message: expect.stringContaining('answered the request itself'),
    })
  })
})
