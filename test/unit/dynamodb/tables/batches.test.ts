import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  GetItemCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb'
import {
  BatchGetCommand,
  BatchWriteCommand,
  TransactGetCommand,
  TransactWriteCommand,
} from '@aws-sdk/lib-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DynamoDbItemEncryptor, encryptedTables } from '../../../../src/dynamodb.ts'
import {
  type Item,
  asJson,
  fakeDynamoDb,
  keyOf,
  order,
  orderDocument,
  orders,
  ordersTables,
  startTables,
} from './harness.ts'

let at: Awaited<ReturnType<typeof startTables>>
beforeAll(async () => {
  at = await startTables()
})
afterAll(() => at.emulator.close())

const puts = (...items: Item[]): WriteRequest[] => items.map((Item) => ({ PutRequest: { Item } }))
const byId = (items: Item[] = []) =>
  items.toSorted((a, b) => String(a['id']?.S).localeCompare(String(b['id']?.S)))

async function storedCard(id: string) {
  const { Item } = await at.raw.send(new GetItemCommand({ TableName: 'orders', Key: keyOf(id) }))
  return Item?.['card']
}

describe('BatchWriteItem and BatchGetItem', () => {
  it('encrypt and decrypt the items of encrypted tables alone', async () => {
    const RequestItems = {
      orders: puts(order('b1'), order('b2'), order('b3')),
      plain: puts(order('p1')),
    }
    const before = structuredClone(RequestItems)
    const written = await at.client.send(new BatchWriteItemCommand({ RequestItems }))
    expect(RequestItems).toEqual(before)
    expect(written.UnprocessedItems).toEqual({})
    expect(await storedCard('b2')).toEqual({ B: expect.any(Uint8Array) })

    const { Responses } = await at.client.send(
      new BatchGetItemCommand({
        RequestItems: {
          orders: { Keys: [keyOf('b1'), keyOf('b2'), keyOf('b3'), keyOf('none')] },
          plain: { Keys: [keyOf('p1')] },
        },
      }),
    )
    expect(byId(Responses?.['orders'])).toEqual([order('b1'), order('b2'), order('b3')])
    expect(Responses?.['plain']).toEqual([order('p1')])
  })

  it('do so by the document client; deletions pass', async () => {
    await at.document.send(
      new BatchWriteCommand({
        RequestItems: {
          orders: [
            { PutRequest: { Item: orderDocument('b4') } },
            { DeleteRequest: { Key: { id: 'b1', at: 1 } } },
          ],
        },
      }),
    )
    const { Responses } = await at.document.send(
      new BatchGetCommand({
        RequestItems: {
          orders: {
            Keys: [
              { id: 'b1', at: 1 },
              { id: 'b4', at: 1 },
            ],
          },
        },
      }),
    )
    expect(Responses?.['orders']).toEqual([orderDocument('b4')])
  })

  it('give parts of items by a projection', async () => {
    await at.client.send(new BatchWriteItemCommand({ RequestItems: { orders: puts(order('b5')) } }))
    const { Responses } = await at.client.send(
      new BatchGetItemCommand({
        RequestItems: { orders: { Keys: [keyOf('b5')], ProjectionExpression: 'card' } },
      }),
    )
    expect(Responses?.['orders']).toEqual([{ card: { S: 'card of b5' } }])
  })
})

describe('a batch is refused', () => {
  const refused = async (requests: object[], tables = ordersTables()) => {
    const { client, sent } = fakeDynamoDb()
    client.middlewareStack.use(tables)
    const RequestItems = { orders: requests }
    const failure = client.send(new BatchWriteItemCommand({ RequestItems }))
    await expect(failure).rejects.toMatchObject({
      code: 'ERR_REFUSED_REQUEST',
      operation: 'BatchWriteItem',
      tableName: 'orders',
      message: expect.stringContaining(`RequestItems["orders"][${requests.length - 1}]`),
    })
    expect(sent).toEqual([])
  }
  const key = (at: string) => ({ id: { S: 'd' }, at: { N: at } })

  it.each([
    ['two puts', puts(order('d', { at: { N: '1' } }), order('d', { at: { N: '1.0' } }))],
    ['two deletions', [{ DeleteRequest: { Key: key('1') } }, { DeleteRequest: { Key: key('1') } }]],
    ['a put and a deletion', [...puts(order('d')), { DeleteRequest: { Key: key('1') } }]],
  ])('if %s have one key', async (_, requests) => {
    await refused(requests)
  })

  it('if two items differ in a sort key that the configuration does not name', async () => {
    const tables = encryptedTables({ tables: { orders: { ...orders, sortKeyName: undefined } } })
    await refused(puts(order('d'), order('d', { at: { N: '2' } })), tables)
  })

  it.each([
    ['an unknown kind', { UpdateRequest: { Item: order('d') } }],
    ['no kind', {}],
    ['two kinds', { PutRequest: { Item: order('d') }, DeleteRequest: { Key: key('1') } }],
  ])('if a request is of %s', async (_, request) => {
    await refused([request])
  })
})

describe('what DynamoDB has not processed', () => {
  it('is given back as the caller gave it, in whatever order it comes', async () => {
    const given = puts(
      order('u1'),
      order('u2', { at: { N: '1.50' } }),
      order('u3', { address: { S: 'a' } }),
    )
    const deletion = { DeleteRequest: { Key: keyOf('u4') } }
    const { client, sent } = fakeDynamoDb(({ input }) => {
      const { orders } = input['RequestItems'] as { orders: object[] }
      return { UnprocessedItems: { orders: orders.toReversed().slice(0, 3) } }
    })
    client.middlewareStack.use(ordersTables())
    const { UnprocessedItems } = await client.send(
      new BatchWriteItemCommand({ RequestItems: { orders: [...given, deletion] } }),
    )
    expect(JSON.stringify(sent[0])).not.toContain('card of')
    expect(UnprocessedItems).toEqual({ orders: [deletion, given[2], given[1]] })
  })

  it('is told by keys of bytes, too', async () => {
    const given = [1, 2].map((byte) => order('x', { id: { B: new Uint8Array([byte]) } }))
    const { client } = fakeDynamoDb(({ input }) => {
      const { orders } = input['RequestItems'] as { orders: object[] }
      return { UnprocessedItems: { orders: orders.slice(0, 1) } }
    })
    client.middlewareStack.use(ordersTables())
    const { UnprocessedItems } = await client.send(
      new BatchWriteItemCommand({ RequestItems: { orders: puts(...given) } }),
    )
    expect(UnprocessedItems).toEqual({ orders: puts(...given.slice(0, 1)) })
  })

  it('is given back as plain values by the document client', async () => {
    const { client, document } = fakeDynamoDb(({ input }) => ({
      UnprocessedItems: input['RequestItems'],
    }))
    client.middlewareStack.use(ordersTables())
    const RequestItems = { orders: [{ PutRequest: { Item: orderDocument('u1') } }] }
    const { UnprocessedItems } = await document.send(new BatchWriteCommand({ RequestItems }))
    expect(UnprocessedItems).toEqual(RequestItems)
  })

  it('fails if it has an item that was not in the request', async () => {
    const { client } = fakeDynamoDb(() => ({
      UnprocessedItems: { orders: [{ PutRequest: { Item: keyOf('other') } }] },
    }))
    client.middlewareStack.use(ordersTables())
    await expect(
      client.send(new BatchWriteItemCommand({ RequestItems: { orders: puts(order('u1')) } })),
    ).rejects.toMatchObject({
      code: 'ERR_MALFORMED_ITEM',
      message: expect.stringContaining('UnprocessedItems["orders"]'),
    })
  })

  it('is projected if the table is asked for by its name and answered by its ARN', async () => {
    const arn = 'arn:aws:dynamodb:eu-central-1:1:table/orders'
    const encryptor = new DynamoDbItemEncryptor(orders)
    const { item } = await encryptor.encryptItem({ id: { S: '1' }, at: { N: '1' }, ...order('1') })
    const { client } = fakeDynamoDb(() => ({ Responses: { [arn]: [asJson(item)] } }))
    client.middlewareStack.use(ordersTables())
    const asked = { Keys: [keyOf('1')], ProjectionExpression: 'total' }
    const { Responses } = await client.send(
      new BatchGetItemCommand({ RequestItems: { orders: asked } }),
    )
    expect(Responses).toEqual({ [arn]: [{ total: { N: '12.5' } }] })
  })

  it('is asked for with the projection of the caller', async () => {
    const { client, sent } = fakeDynamoDb(({ input }) => ({
      Responses: {},
      UnprocessedKeys: input['RequestItems'],
    }))
    client.middlewareStack.use(ordersTables())
    const orders = {
      Keys: [keyOf('u1')],
      ConsistentRead: true,
      ProjectionExpression: '#c',
      ExpressionAttributeNames: { '#c': 'card' },
    }
    const { UnprocessedKeys } = await client.send(
      new BatchGetItemCommand({ RequestItems: { orders } }),
    )
    expect(sent[0]?.input).toEqual({
      RequestItems: { orders: { Keys: [keyOf('u1')], ConsistentRead: true } },
    })
    expect(UnprocessedKeys).toEqual({ orders })
  })
})

describe('TransactWriteItems and TransactGetItems', () => {
  it('encrypt and decrypt the items of encrypted tables alone', async () => {
    const TransactItems = [
      { Put: { TableName: 'orders', Item: order('t1') } },
      { Put: { TableName: 'plain', Item: order('t2') } },
      { Put: { TableName: 'orders', Item: order('t3') } },
    ]
    const before = structuredClone(TransactItems)
    await at.client.send(new TransactWriteItemsCommand({ TransactItems }))
    expect(TransactItems).toEqual(before)
    expect(await storedCard('t3')).toEqual({ B: expect.any(Uint8Array) })
    const { Responses } = await at.client.send(
      new TransactGetItemsCommand({
        TransactItems: [
          { Get: { TableName: 'orders', Key: keyOf('t1') } },
          { Get: { TableName: 'orders', Key: keyOf('none') } },
          { Get: { TableName: 'plain', Key: keyOf('t2') } },
          { Get: { TableName: 'orders', Key: keyOf('t3'), ProjectionExpression: 'total' } },
        ],
      }),
    )
    expect(Responses).toEqual([
      { Item: order('t1') },
      {},
      { Item: order('t2') },
      { Item: { total: { N: '12.5' } } },
    ])
  })

  it('do so by the document client', async () => {
    await at.document.send(
      new TransactWriteCommand({
        TransactItems: [{ Put: { TableName: 'orders', Item: orderDocument('t4') } }],
      }),
    )
    expect(await storedCard('t4')).toEqual({ B: expect.any(Uint8Array) })
    const { Responses } = await at.document.send(
      new TransactGetCommand({
        TransactItems: [{ Get: { TableName: 'orders', Key: { id: 't4', at: 1 } } }],
      }),
    )
    expect(Responses).toEqual([{ Item: orderDocument('t4') }])
  })

  it('let the other actions pass, with conditions that can work', async () => {
    const { client, sent } = fakeDynamoDb()
    client.middlewareStack.use(ordersTables())
    const one = { TableName: 'orders', Key: keyOf('t5') }
    const ConditionExpression = 'attribute_exists(id)'
    const TransactItems = [
      { ConditionCheck: { ...one, ConditionExpression } },
      { Delete: { ...one, ConditionExpression } },
      {
        Update: {
          ...one,
          UpdateExpression: 'SET #n = :n',
          ExpressionAttributeNames: { '#n': ':note' },
          ExpressionAttributeValues: { ':n': { S: 'n' } },
        },
      },
    ]
    await client.send(new TransactWriteItemsCommand({ TransactItems, ClientRequestToken: 'token' }))
    expect(sent[0]?.input).toEqual({ TransactItems, ClientRequestToken: 'token' })
  })

  it('fail if the answer has another number of items than the request', async () => {
    const { client } = fakeDynamoDb(() => ({ Responses: [{}, { Item: asJson(order('t1')) }] }))
    client.middlewareStack.use(ordersTables())
    const Get = { TableName: 'orders', Key: keyOf('t1') }
    await expect(
      client.send(new TransactGetItemsCommand({ TransactItems: [{ Get }] })),
    ).rejects.toMatchObject({ code: 'ERR_MALFORMED_ITEM' })
  })
})
