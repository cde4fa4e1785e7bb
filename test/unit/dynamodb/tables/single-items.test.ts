import {
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { DeleteCommand, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyOf, order, orderDocument, startTables } from './harness.ts'

let at: Awaited<ReturnType<typeof startTables>>
beforeAll(async () => {
  at = await startTables()
})
afterAll(() => at.emulator.close())

const TableName = 'orders'

describe('PutItem and GetItem', () => {
  it('encrypts what is written and decrypts what is read', async () => {
    const input = { TableName, Item: order('1') }
    const before = structuredClone(input)
    await at.client.send(new PutItemCommand(input))
    expect(input).toEqual(before)
    const stored = await at.raw.send(new GetItemCommand({ TableName, Key: keyOf('1') }))
    expect(stored.Item).toMatchObject({
      ...keyOf('1'),
      total: { N: '12.5' },
      ':note': { S: 'unsigned' },
      card: { B: expect.any(Uint8Array) },
      aws_dbe_head: { B: expect.any(Uint8Array) },
      aws_dbe_foot: { B: expect.any(Uint8Array) },
    })
    const read = await at.client.send(new GetItemCommand({ TableName, Key: keyOf('1') }))
    expect(read.Item).toEqual(order('1'))
  })

  it('does so by the document client, with plain values', async () => {
    const Item = orderDocument('2', { address: { lines: ['a', 'b'], tags: new Set(['x']) } })
    await at.document.send(new PutCommand({ TableName, Item }))
    const stored = await at.raw.send(new GetItemCommand({ TableName, Key: keyOf('2') }))
    expect(stored.Item).toMatchObject({ address: { B: expect.any(Uint8Array) } })
    const read = await at.document.send(new GetCommand({ TableName, Key: { id: '2', at: 1 } }))
    expect(read.Item).toEqual(Item)
  })

  it('returns no item where there is none', async () => {
    const read = await at.client.send(new GetItemCommand({ TableName, Key: keyOf('none') }))
    expect(read.Item).toBeUndefined()
  })
})

describe('what a write returns', () => {
  it('is decrypted by ALL_OLD of PutItem and DeleteItem', async () => {
    await at.client.send(new PutItemCommand({ TableName, Item: order('3') }))
    const put = await at.client.send(
      new PutItemCommand({
        TableName,
        Item: order('3', { total: { N: '1' } }),
        ReturnValues: 'ALL_OLD',
      }),
    )
    expect(put.Attributes).toEqual(order('3'))
    const deleted = await at.document.send(
      new DeleteCommand({ TableName, Key: { id: '3', at: 1 }, ReturnValues: 'ALL_OLD' }),
    )
    expect(deleted.Attributes).toEqual(orderDocument('3', { total: 1 }))
    const again = await at.client.send(
      new DeleteItemCommand({ TableName, Key: keyOf('3'), ReturnValues: 'ALL_OLD' }),
    )
    expect(again.Attributes).toBeUndefined()
  })

  it.each(['ALL_OLD', 'ALL_NEW', 'UPDATED_OLD', 'UPDATED_NEW', 'NONE'] as const)(
    'is as it should be by %s of UpdateItem, with an unsigned attribute',
    async (ReturnValues) => {
      await at.client.send(new PutItemCommand({ TableName, Item: order('4') }))
      const { Attributes } = await at.client.send(
        new UpdateItemCommand({
          TableName,
          Key: keyOf('4'),
          UpdateExpression: 'SET #note = :new',
          ExpressionAttributeNames: { '#note': ':note' },
          ExpressionAttributeValues: { ':new': { S: 'new' } },
          ReturnValues,
        }),
      )
      expect(Attributes).toEqual(
        {
          ALL_OLD: order('4'),
          ALL_NEW: order('4', { ':note': { S: 'new' } }),
          UPDATED_OLD: { ':note': { S: 'unsigned' } },
          UPDATED_NEW: { ':note': { S: 'new' } },
          NONE: undefined,
        }[ReturnValues],
      )
    },
  )

  it('is decrypted for the document client', async () => {
    await at.document.send(new PutCommand({ TableName, Item: orderDocument('5') }))
    const { Attributes } = await at.document.send(
      new UpdateCommand({
        TableName,
        Key: { id: '5', at: 1 },
        UpdateExpression: 'REMOVE #note',
        ExpressionAttributeNames: { '#note': ':note' },
        ReturnValues: 'ALL_OLD',
      }),
    )
    expect(Attributes).toEqual(orderDocument('5'))
  })
})
