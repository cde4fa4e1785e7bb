import {
  BatchWriteItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb'
import { expect, it } from 'vitest'
import { encryptedTables } from '../../../../src/dynamodb.ts'
import { snapshot } from '../../../../src/dynamodb/tables/snapshot.ts'
import { FlakyKeyring } from '../../../support/flaky-keyring.ts'
import { fakeDynamoDb, keyOf, order, orders } from './harness.ts'

/** A client whose keyring, when asked for the first time, lets the caller change its objects. */
function changing(change: () => void) {
  const keyring = new FlakyKeyring('orders')
  const onEncrypt = keyring.onEncrypt.bind(keyring)
  let changed = false
  keyring.onEncrypt = async (...given) => {
    if (!changed) change()
    changed = true
    return onEncrypt(...given)
  }
  // DynamoDB processes nothing.
  const fake = fakeDynamoDb(({ input }) => ({ UnprocessedItems: input['RequestItems'] }))
  fake.client.middlewareStack.use(encryptedTables({ tables: { orders: { ...orders, keyring } } }))
  return fake
}

const puts = (...ids: string[]): WriteRequest[] =>
  ids.map((id) => ({ PutRequest: { Item: order(id) } }))

it('an action that is added to a transaction while KMS is waited for is not sent', async () => {
  const TransactItems = [{ Put: { TableName: 'orders', Item: order('1') } }]
  const { client, sent } = changing(() => {
    TransactItems.push({ Put: { TableName: 'orders', Item: order('2') } })
  })
  await client.send(new TransactWriteItemsCommand({ TransactItems }))
  expect(sent[0]?.input).toMatchObject({ TransactItems: [{ Put: { TableName: 'orders' } }] })
  expect(JSON.stringify(sent)).not.toContain('card of')
})

it('an action on another table that becomes one on an encrypted table meanwhile is sent as it was', async () => {
  const Delete = { TableName: 'plain', Key: keyOf('2') }
  const TransactItems: object[] = [{ Put: { TableName: 'orders', Item: order('1') } }, { Delete }]
  const { client, sent } = changing(() => {
    TransactItems[1] = { Put: { TableName: 'orders', Item: order('2') } }
  })
  await client.send(new TransactWriteItemsCommand({ TransactItems }))
  expect(sent[0]?.input).toMatchObject({ TransactItems: [{ Put: {} }, { Delete }] })
  expect(JSON.stringify(sent)).not.toContain('card of')
})

it.each([
  ['grows', (batch: WriteRequest[]) => batch.push(...puts('3'))],
  ['is emptied', (batch: WriteRequest[]) => batch.splice(0)],
  [
    'has other items',
    (batch: WriteRequest[]) => Object.assign(batch[0]?.PutRequest?.Item ?? {}, order('3')),
  ],
])('a batch that %s meanwhile is sent and given back as it was', async (_, change) => {
  const batch = puts('1', '2')
  const { client, sent } = changing(() => change(batch))
  const { UnprocessedItems } = await client.send(
    new BatchWriteItemCommand({ RequestItems: { orders: batch } }),
  )
  expect(UnprocessedItems).toEqual({ orders: puts('1', '2') })
  expect(sent[0]?.input).toMatchObject({
    RequestItems: {
      orders: ['1', '2'].map((id) => ({ PutRequest: { Item: { id: { S: id } } } })),
    },
  })
})

it('a condition is sent with the names that were checked', async () => {
  const ExpressionAttributeNames = { '#a': 'id' }
  const { client, sent } = changing(() => {
    ExpressionAttributeNames['#a'] = 'card'
  })
  const ConditionExpression = 'attribute_not_exists(#a)'
  const input = { TableName: 'orders', Item: order('1'), ConditionExpression }
  await client.send(new PutItemCommand({ ...input, ExpressionAttributeNames }))
  expect(sent[0]?.input).toMatchObject({ ExpressionAttributeNames: { '#a': 'id' } })
})

it('an input that names another table whenever it is asked is sent to the one that was looked at', async () => {
  const names = ['plain', 'orders']
  const input = {
    get TableName() {
      return names.shift() ?? 'orders'
    },
    Item: order('1'),
  }
  const { client, sent } = changing(() => undefined)
  await client.send(new PutItemCommand(input))
  expect(sent.map(({ input }) => input['TableName'])).toEqual(['plain'])
})

it('a snapshot has the members of objects and arrays, and the very bytes', () => {
  class Order {
    card = { S: 'x' }
  }
  const bytes = new Uint8Array(3)
  const own: unknown = JSON.parse('{"__proto__": {"S": "x"}}')
  const instance = new Order()
  const given = { list: [own, [bytes]], map: new Map([[1, 2]]), none: undefined, instance }
  const copy = snapshot(given)
  expect(copy).toEqual(given)
  expect(copy.list).not.toBe(given.list)
  expect(copy.list[0]).not.toBe(own)
  expect(JSON.stringify(copy.list[0])).toBe(JSON.stringify(own))
  expect(copy.list).toHaveProperty('1.0', bytes)
  expect((copy.list[1] as unknown[])[0]).toBe(bytes)
  expect(copy.map).toBe(given.map)
  expect(copy.instance).not.toBe(instance)
  expect(copy.instance).toBeInstanceOf(Order)
})
