import {
  CreateTableCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  paginateQuery,
  paginateScan,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import {
  QueryCommand as DocumentQueryCommand,
  ScanCommand as DocumentScanCommand,
  paginateQuery as paginateDocumentQuery,
  paginateScan as paginateDocumentScan,
} from '@aws-sdk/lib-dynamodb'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { encryptedTables } from '../../../../src/dynamodb.ts'
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

const ats = [1, 2, 3, 4, 5]
const itemAt = (n: number): Item => order('q', { at: { N: String(n) }, total: { N: String(n) } })
const documentAt = (n: number) => orderDocument('q', { at: n, total: n })

let at: Awaited<ReturnType<typeof startTables>>
beforeAll(async () => {
  at = await startTables()
  for (const n of ats) {
    await at.client.send(new PutItemCommand({ TableName: 'orders', Item: itemAt(n) }))
  }
})
afterAll(() => at.emulator.close())

const query = {
  TableName: 'orders',
  KeyConditionExpression: 'id = :id',
  ExpressionAttributeValues: { ':id': { S: 'q' } },
}
const documentQuery = { ...query, ExpressionAttributeValues: { ':id': 'q' } }
const scan = { TableName: 'orders' }

it('decrypts the items of a query and of a scan, by both clients', async () => {
  const all = ats.map(itemAt)
  expect((await at.client.send(new QueryCommand(query))).Items).toEqual(all)
  expect((await at.client.send(new ScanCommand(scan))).Items).toEqual(all)
  const documents = ats.map(documentAt)
  expect((await at.document.send(new DocumentQueryCommand(documentQuery))).Items).toEqual(documents)
  expect((await at.document.send(new DocumentScanCommand(scan))).Items).toEqual(documents)
})

it('goes through the pages of all paginators', async () => {
  const paging = { client: at.client, pageSize: 2 }
  const documents = { client: at.document, pageSize: 2 }
  const pages = [
    // They put the key to go on from into the input.
    paginateQuery(paging, { ...query }),
    paginateScan(paging, { ...scan }),
    paginateDocumentQuery(documents, { ...documentQuery }),
    paginateDocumentScan(documents, { ...scan }),
  ]
  for (const paginator of pages) {
    const totals: unknown[] = []
    for await (const page of paginator) {
      for (const { total, card } of page.Items ?? []) {
        expect([{ S: 'card of q' }, 'card of q']).toContainEqual(card)
        totals.push(Number((total as { N?: string }).N ?? total))
      }
    }
    expect(totals).toEqual(ats)
  }
})

it('filters by what is signed, counts, and gives the parts asked for', async () => {
  const filtered = {
    ...query,
    FilterExpression: '#t > :least',
    ExpressionAttributeNames: { '#t': 'total' },
    ExpressionAttributeValues: { ...query.ExpressionAttributeValues, ':least': { N: '3' } },
  }
  const counted = await at.client.send(new QueryCommand({ ...filtered, Select: 'COUNT' }))
  expect(counted).toMatchObject({ Count: 2, ScannedCount: 5 })
  expect(counted.Items).toBeUndefined()
  const input = {
    ...filtered,
    ProjectionExpression: '#c, #t',
    ExpressionAttributeNames: { '#c': 'card', '#t': 'total' },
    Select: 'SPECIFIC_ATTRIBUTES' as const,
  }
  const before = structuredClone(input)
  const { Items } = await at.client.send(new QueryCommand(input))
  expect(Items).toEqual([4, 5].map((n) => ({ card: { S: 'card of q' }, total: { N: String(n) } })))
  expect(input).toEqual(before)
})

it('waits for a table as ever', async () => {
  const client = at.client
  const TableName = 'later'
  await client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
  const { state } = await waitUntilTableExists(
    { client, maxWaitTime: 5, minDelay: 1 },
    { TableName },
  )
  expect(state).toBe('SUCCESS')
})

async function storedItem(n: number): Promise<Item> {
  const Key = { ...keyOf('q'), at: { N: String(n) } }
  const { Item } = await at.raw.send(new GetItemCommand({ TableName: 'orders', Key }))
  return Item ?? {}
}

it('names the item of a page that does not verify', async () => {
  const good = await storedItem(1)
  const Items = [good, { ...(await storedItem(2)), total: { N: '999' } }].map(asJson)
  const { client } = fakeDynamoDb(() => ({ Items }))
  client.middlewareStack.use(ordersTables())
  const failure = await client.send(new ScanCommand(scan)).catch((error: unknown) => error)
  expect(failure).toMatchObject({
    name: 'TamperedMessageError',
    message: expect.stringContaining('Items[1] of table "orders"'),
  })
})

it.each([
  ['keys only', ['id', 'at']],
  ['what the table has but the footer', ['id', 'at', 'card', 'total', ':note', 'aws_dbe_head']],
  [
    'the header and footer without a signed attribute',
    ['id', 'at', 'aws_dbe_head', 'aws_dbe_foot'],
  ],
])('says what an index has to project when it projects %s', async (_, names) => {
  const stored = Object.entries(await storedItem(1)).filter(([name]) => names.includes(name))
  const { client } = fakeDynamoDb(() => ({ Items: [asJson(Object.fromEntries(stored))] }))
  client.middlewareStack.use(ordersTables())
  const read = client.send(new QueryCommand({ ...query, IndexName: 'by-total' }))
  await expect(read).rejects.toThrow(
    'Items[0] of table "orders" of the index "by-total", which has to project ALL attributes',
  )
})

it('lets plaintext items through where the table is being migrated', async () => {
  const migrating = encryptedTables({
    tables: {
      orders: { ...orders, plaintextOverride: 'FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ' },
    },
  })
  const Items = [asJson(order('plain')), asJson(await storedItem(1))]
  const { client, sent } = fakeDynamoDb(() => ({ Items }))
  client.middlewareStack.use(migrating)
  expect((await client.send(new ScanCommand(scan))).Items).toEqual([order('plain'), itemAt(1)])
  await client.send(new PutItemCommand({ TableName: 'orders', Item: order('plain') }))
  expect(sent[1]?.input['Item']).toEqual(order('plain'))
})
