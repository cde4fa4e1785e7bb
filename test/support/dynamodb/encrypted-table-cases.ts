import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  ExecuteStatementCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  TransactionCanceledException,
  UpdateItemCommand,
  paginateQuery,
  paginateScan,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import {
  BatchGetCommand,
  BatchWriteCommand,
  GetCommand,
  PutCommand,
  TransactGetCommand,
  TransactWriteCommand,
  paginateQuery as paginateDocumentQuery,
} from '@aws-sdk/lib-dynamodb'
import { RefusedRequestError } from '../../../src/dynamodb.ts'
import { type Item, OrdersTable, keyOf, newKey } from './encrypted-table.ts'

/** One thing that an encrypted table has to do on a DynamoDB, by the clients of the AWS SDK. */
export interface TableCase {
  readonly name: string
  readonly run: (endpoint: string) => Promise<void>
}

/** They need no test runner, so that they run on real services. Each has a table of its own. */
export const tableCases: readonly TableCase[] = [
  on('PutItem and GetItem', async (table) => {
    const item = order()
    await table.put(item)
    assert.deepEqual(await table.get(item), item)
    const stored = await table.getStored(item)
    assertEncrypted(stored)
    assert.deepEqual(stored?.['status'], item['status'])
  }),
  on('PutItem and GetItem by the document client', async ({ documents, TableName }) => {
    const Item = {
      ...{ id: randomUUID(), at: 20 },
      card: '4111',
      total: 12.5,
      lines: [{ article: 'a', tags: new Set(['x', 'y']) }, null, true],
      ':views': 3,
    }
    await documents.send(new PutCommand({ TableName, Item }))
    const Key = { id: Item.id, at: Item.at }
    assert.deepEqual((await documents.send(new GetCommand({ TableName, Key }))).Item, Item)
  }),
  on('the items that PutItem and DeleteItem replace', async ({ client, TableName }) => {
    const [item, next] = sameKey()
    const put = (Item: Item) =>
      client.send(new PutItemCommand({ TableName, Item, ReturnValues: 'ALL_OLD' }))
    assert.equal((await put(item)).Attributes, undefined)
    assert.deepEqual((await put(next)).Attributes, item)
    const { Attributes } = await client.send(
      new DeleteItemCommand({ TableName, Key: keyOf(item), ReturnValues: 'ALL_OLD' }),
    )
    assert.deepEqual(Attributes, next)
  }),
  on('UpdateItem of an unsigned attribute, and both of the items', async (table) => {
    const { client, TableName } = table
    const item = order()
    await table.put(item)
    const add = (ReturnValues: 'ALL_OLD' | 'ALL_NEW') =>
      client.send(
        new UpdateItemCommand({
          TableName,
          Key: keyOf(item),
          UpdateExpression: 'ADD #v :one',
          ExpressionAttributeNames: { '#v': ':views' },
          ExpressionAttributeValues: { ':one': { N: '1' } },
          ReturnValues,
        }),
      )
    assert.deepEqual((await add('ALL_OLD')).Attributes, item)
    const views = Number(item[':views']?.N)
    assert.deepEqual((await add('ALL_NEW')).Attributes, {
      ...item,
      ':views': { N: String(views + 2) },
    })
  }),
  on('the item on which a condition fails', async (table) => {
    const { client, TableName } = table
    const [item, next] = sameKey()
    await table.put(item)
    const put = client.send(
      new PutItemCommand({
        TableName,
        Item: next,
        ConditionExpression: 'attribute_not_exists(id)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    )
    await assert.rejects(put, (error) => {
      assert.ok(error instanceof ConditionalCheckFailedException)
      assert.deepEqual(error.Item, item)
      return true
    })
    assert.deepEqual(await table.get(item), item)
  }),
  on('BatchWriteItem and BatchGetItem', async (table) => {
    const { client, TableName } = table
    const items = orders(20)
    const requests = items.map((Item) => ({ PutRequest: { Item } }))
    await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }))
    assertEncrypted(await table.getStored(items[0] ?? {}))
    const Keys = items.map(keyOf) as Item[]
    const { Responses } = await client.send(
      new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys } } }),
    )
    assert.deepEqual(byTotal(Responses?.[TableName]), items)
  }),
  on('BatchWrite and BatchGet by the document client', async ({ documents, TableName }) => {
    const items = Array.from({ length: 5 }, (_, total) => ({ id: randomUUID(), at: 1, total }))
    const requests = items.map((Item) => ({ PutRequest: { Item } }))
    await documents.send(new BatchWriteCommand({ RequestItems: { [TableName]: requests } }))
    const Keys = items.map(({ id, at }) => ({ id, at }))
    const { Responses } = await documents.send(
      new BatchGetCommand({ RequestItems: { [TableName]: { Keys } } }),
    )
    const total = (item: Record<string, unknown>) => Number(item['total'])
    const read = [...(Responses?.[TableName] ?? [])].sort((a, b) => total(a) - total(b))
    assert.deepEqual(read, items)
  }),
  on('TransactWriteItems and TransactGetItems', async (table) => {
    const { client, TableName } = table
    const items = orders(3)
    const TransactItems = items.map((Item) => ({ Put: { TableName, Item } }))
    await client.send(new TransactWriteItemsCommand({ TransactItems }))
    assertEncrypted(await table.getStored(items[0] ?? {}))
    const { Responses } = await client.send(
      new TransactGetItemsCommand({
        TransactItems: items.map((item) => ({ Get: { TableName, Key: keyOf(item) } })),
      }),
    )
    assert.deepEqual(
      Responses?.map(({ Item }) => Item),
      items,
    )
  }),
  on('TransactWrite and TransactGet by the document client', async ({ documents, TableName }) => {
    const items = [1, 2].map((total) => ({ id: randomUUID(), at: 1, total }))
    const TransactItems = items.map((Item) => ({ Put: { TableName, Item } }))
    await documents.send(new TransactWriteCommand({ TransactItems }))
    const { Responses } = await documents.send(
      new TransactGetCommand({
        TransactItems: items.map(({ id, at }) => ({ Get: { TableName, Key: { id, at } } })),
      }),
    )
    assert.deepEqual(
      Responses?.map(({ Item }) => Item),
      items,
    )
  }),
  on('the items for which a transaction is cancelled', async (table) => {
    const { client, TableName } = table
    const [item, next] = sameKey()
    await table.put(item)
    const put = {
      TableName,
      ConditionExpression: 'attribute_not_exists(id)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    } as const
    const TransactItems = [{ Put: { ...put, Item: order() } }, { Put: { ...put, Item: next } }]
    await assert.rejects(client.send(new TransactWriteItemsCommand({ TransactItems })), (error) => {
      assert.ok(error instanceof TransactionCanceledException)
      assert.deepEqual(error.CancellationReasons?.[1]?.Item, item)
      return true
    })
    assert.deepEqual(await table.get(item), item)
  }),
  on('Query with a condition on a signed attribute, and its paginators', async (table) => {
    const { client, documents, TableName } = table
    const id = randomUUID()
    const items = Array.from({ length: 7 }, (_, i) => ({
      ...order(),
      id: { S: id },
      at: { N: String(i) },
      status: { S: i % 2 === 0 ? 'even' : 'odd' },
    }))
    for (const item of items) await table.put(item)
    await table.put(order())
    const names = { '#id': 'id', '#s': 'status' }
    const query = {
      TableName,
      KeyConditionExpression: '#id = :id',
      FilterExpression: '#s = :s',
      ExpressionAttributeNames: names,
    }
    const ExpressionAttributeValues = { ':id': { S: id }, ':s': { S: 'odd' } }
    const odd = items.filter(({ status }) => status.S === 'odd')
    const { Items } = await client.send(new QueryCommand({ ...query, ExpressionAttributeValues }))
    assert.deepEqual(Items, odd)

    const paged: Item[] = []
    let pages = 0
    const input = { ...query, ExpressionAttributeValues, Limit: 2 }
    for await (const page of paginateQuery({ client }, input)) {
      pages++
      paged.push(...(page.Items ?? []))
    }
    assert.ok(pages >= 4)
    assert.deepEqual(paged, odd)

    const documentsRead: unknown[] = []
    const values = { ':id': id, ':s': 'odd' }
    const documentInput = { ...query, ExpressionAttributeValues: values, Limit: 2 }
    for await (const page of paginateDocumentQuery({ client: documents }, documentInput)) {
      for (const item of page.Items ?? []) documentsRead.push(item['card'])
    }
    assert.deepEqual(
      documentsRead,
      odd.map((item) => (item as Item)['card']?.S),
    )
  }),
  on('Scan in segments, its paginator, and how many there are', async (table) => {
    const { client, TableName } = table
    const items = orders(9)
    for (const item of items) await table.put(item)
    const read: Item[] = []
    for (const Segment of [0, 1]) {
      const input = { TableName, Segment, TotalSegments: 2, Limit: 2 }
      for await (const page of paginateScan({ client }, input)) read.push(...(page.Items ?? []))
    }
    assert.deepEqual(byTotal(read), items)
    const { Count, Items } = await client.send(new ScanCommand({ TableName, Select: 'COUNT' }))
    assert.equal(Count, items.length)
    assert.equal(Items?.length ?? 0, 0)
  }),
  on('what is refused is not sent', async (table) => {
    const { client, TableName } = table
    const item = order()
    await table.put(item)
    const before = await table.getStored(item)
    const Key = keyOf(item)
    const sent = [
      client.send(new ExecuteStatementCommand({ Statement: `SELECT * FROM "${TableName}"` })),
      client.send(
        new ScanCommand({
          TableName,
          FilterExpression: 'card = :c',
          ExpressionAttributeValues: { ':c': { S: '4111' } },
        }),
      ),
      client.send(
        new UpdateItemCommand({
          TableName,
          Key,
          UpdateExpression: 'SET card = :c',
          ExpressionAttributeValues: { ':c': { S: 'in plaintext' } },
        }),
      ),
      client.send(
        new PutItemCommand({ TableName, Item: { ...item, aws_dbe_x: { S: 'reserved' } } }),
      ),
    ]
    for (const result of await Promise.allSettled(sent)) {
      assert.equal(result.status, 'rejected')
      assert.ok(result.reason instanceof RefusedRequestError, String(result.reason))
    }
    assert.deepEqual(await table.getStored(item), before)
  }),
  on('a waiter and other tables', async (table) => {
    const { client, TableName } = table
    const { state } = await waitUntilTableExists({ client, maxWaitTime: 30 }, { TableName })
    assert.equal(state, 'SUCCESS')
    const other = `${TableName}-other`
    const Item = { ...order(), anything: { S: 'has no action' } }
    await table.createOther(other)
    await client.send(new PutItemCommand({ TableName: other, Item }))
    const { Items } = await client.send(new ScanCommand({ TableName: other }))
    assert.deepEqual(Items, [Item])
  }),
]

function on(name: string, run: (table: OrdersTable) => Promise<void>): TableCase {
  return {
    name,
    async run(endpoint) {
      const table = await OrdersTable.create(endpoint)
      try {
        await run(table)
      } finally {
        table.close()
      }
    },
  }
}

function order(total = 1): Item {
  return {
    ...newKey(),
    card: { S: `card of ${total}` },
    total: { N: String(total) },
    lines: { L: [{ M: { article: { S: 'a' }, tags: { SS: ['x', 'y'] } } }, { NULL: true }] },
    status: { S: 'new' },
    ':views': { N: '3' },
  }
}

function orders(count: number): readonly Item[] {
  return Array.from({ length: count }, (_, i) => order(i))
}

/** Two items of one key. */
function sameKey(): readonly [Item, Item] {
  const item = order(1)
  return [item, { ...order(2), ...keyOf(item) }]
}

function byTotal(items: readonly Item[] = []): readonly Item[] {
  return [...items].sort((a, b) => Number(a['total']?.N) - Number(b['total']?.N))
}

function assertEncrypted(stored: Item | undefined): void {
  for (const name of ['card', 'total', 'lines', 'aws_dbe_head', 'aws_dbe_foot']) {
    assert.ok(stored?.[name]?.B, `${name} is stored in bytes`)
  }
}
