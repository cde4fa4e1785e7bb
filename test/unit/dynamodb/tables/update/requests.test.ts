import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { describe, expect, test } from 'vitest'
import { DynamoDbItemEncryptor, RefusedRequestError } from '../../../../../src/dynamodb.ts'
import { InvalidArgumentError } from '../../../../../src/index.ts'
import { type Item, asJson, fakeDynamoDb, keyOf, order, orders, ordersTables } from '../harness.ts'

const encryptor = new DynamoDbItemEncryptor(orders)
const tables = ordersTables()
const TableName = 'orders'

/** A table with one item, encrypted, and what else is in it. Every write but those that fail succeeds. */
async function tableWith(item: Item | undefined, { more = {}, failures = [] as string[] } = {}) {
  const stored = item && { ...(await encryptor.encryptItem(item as never)).item, ...more }
  return fakeDynamoDb(({ operation }) => {
    if (operation === 'GetItem') return stored ? { Item: asJson(stored) } : {}
    const __type = failures.shift()
    return __type ? { __type } : {}
  })
}

function update(
  client: DynamoDBClient,
  change: (item: Item | undefined) => Item | undefined,
  Key: Item = keyOf('1'),
) {
  return tables.update(client, { TableName, Key, change })
}

const paid = (item: Item | undefined) => item && { ...item, card: { S: 'paid' } }
const operations = (sent: readonly { operation: string }[]) =>
  sent.map(({ operation }) => operation)

describe('update', () => {
  test('reads strongly consistent', async () => {
    const { client, sent } = await tableWith(order('1'))
    await update(client, paid)
    expect(sent[0]).toMatchObject({ operation: 'GetItem', input: { ConsistentRead: true } })
  })

  test.each(['ConditionalCheckFailedException', 'TransactionConflictException'])(
    'takes a %s for a conflict, and begins anew',
    async (name) => {
      const { client, sent } = await tableWith(order('1'), { failures: [name] })
      const result = await update(client, paid)
      expect(result).toMatchObject({ changed: true, attempts: 2 })
      expect(operations(sent).filter((each) => each === 'UpdateItem')).toHaveLength(2)
    },
  )

  test('takes nothing else for a conflict', async () => {
    const failures = ['ValidationException']
    const { client, sent } = await tableWith(order('1'), { failures })
    await expect(update(client, paid)).rejects.toMatchObject({ name: 'ValidationException' })
    expect(operations(sent)).toEqual(['GetItem', 'UpdateItem'])
  })

  test('changes no item but the one that it was asked for', async () => {
    const { client, sent } = await tableWith(order('2'))
    const update1 = update(client, () => order('1'))
    await expect(update1).rejects.toMatchObject({ code: 'ERR_MALFORMED_ITEM' })
    await expect(update1).rejects.toThrow(/another key than it was asked for/)
    expect(operations(sent)).toEqual(['GetItem'])
  })

  test('sends the key that it was given, whatever becomes of it meanwhile', async () => {
    const { client, sent } = await tableWith(order('1'), {
      failures: ['ConditionalCheckFailedException'],
    })
    const Key = keyOf('1')
    await update(
      client,
      (item) => {
        if (Key['id']) Key['id'].S = 'another'
        return paid(item)
      },
      Key,
    )
    for (const { input } of sent) expect(input['Key']).toEqual(keyOf('1'))
  })

  test.each(['aws_dbe_b_card', 'aws_dbe_v_1'])(
    'refuses an item that has %s, which it could not compute',
    async (name) => {
      const { client, sent } = await tableWith(order('1'), { more: { [name]: { S: 'beacon' } } })
      const refused = update(client, () => expect.fail('change must not be called'))
      await expect(refused).rejects.toThrow(RefusedRequestError)
      await expect(refused).rejects.toMatchObject({ tableName: 'orders', attribute: name })
      expect(operations(sent)).toEqual(['GetItem'])
    },
  )

  test('says that there was no item, if change made one without a key of it', async () => {
    const { client, sent } = await tableWith(undefined)
    const refused = update(client, (item) => ({ ...item, card: { S: '4111' } }))
    await expect(refused).rejects.toThrow(
      '"id" is missing. There is no item with this key, so change was given undefined: return undefined, too, or a whole item to create it',
    )
    expect(operations(sent)).toEqual(['GetItem'])
  })

  test('removes an attribute that is undefined', async () => {
    const { client, sent } = await tableWith(order('1'))
    await update(client, (item) => ({ ...item, card: undefined }) as unknown as Item)
    const { UpdateExpression, ExpressionAttributeNames } = sent[1]?.input as {
      UpdateExpression: string
      ExpressionAttributeNames: Record<string, string>
    }
    const removed = /REMOVE (#\w+)$/.exec(UpdateExpression)?.[1] ?? ''
    expect(ExpressionAttributeNames[removed]).toBe('card')
  })

  test('hands out what was read if nothing is to be changed', async () => {
    const { client } = await tableWith(order('1'))
    const result = await update(client, () => undefined)
    expect(result).toEqual({ changed: false, item: order('1'), attempts: 1 })
  })

  test('that alters the item and returns undefined is refused', async () => {
    const { client, sent } = await tableWith(order('1'))
    const forgotten = update(client, (item) => {
      if (item?.['card']) item['card'].S = 'paid'
      return undefined
    })
    await expect(forgotten).rejects.toMatchObject({ field: 'change' })
    expect(operations(sent)).toEqual(['GetItem'])
  })

  test.each([
    ['null', null],
    ['a string', 'an order'],
    ['a list', [order('1')]],
    ['an instance of a class', new Map()],
  ])('refuses %s for an item', async (what, item) => {
    const { client, sent } = await tableWith(order('1'))
    const refused = update(client, () => item as unknown as Item)
    await expect(refused).rejects.toThrow(new RegExp(`and returned ${what}$`))
    expect(operations(sent)).toEqual(['GetItem'])
  })

  test.each([undefined, null, {}, 'a client'])('refuses %j for a client', async (client) => {
    const refused = update(client as DynamoDBClient, paid)
    await expect(refused).rejects.toThrow(InvalidArgumentError)
    await expect(refused).rejects.toMatchObject({ field: 'client' })
  })

  test('refuses what is no signal', async () => {
    const { client, sent } = await tableWith(order('1'))
    const signal = {} as AbortSignal
    const refused = tables.update(client, { TableName, Key: keyOf('1'), change: paid, signal })
    await expect(refused).rejects.toMatchObject({ field: 'signal' })
    expect(sent).toEqual([])
  })
})
