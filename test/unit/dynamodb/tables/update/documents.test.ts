import { DynamoDBDocumentClient, NumberValue } from '@aws-sdk/lib-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ItemDocument } from '../../../../../src/dynamodb.ts'
import { EnvelopeError, InvalidArgumentError } from '../../../../../src/index.ts'
import { DynamoDbEmulator } from '../../../../support/dynamodb/emulator.ts'
import { type Item, OrdersTable, newKey } from '../../../../support/dynamodb/encrypted-table.ts'

let emulator: DynamoDbEmulator
let table: OrdersTable

beforeAll(async () => {
  emulator = await DynamoDbEmulator.start()
  table = await OrdersTable.create(emulator.endpoint)
})
afterAll(async () => {
  table.close()
  await emulator.close()
})

type Change = (item: ItemDocument | undefined) => ItemDocument | undefined

async function stored(more: Item): Promise<Item> {
  const order = { ...newKey(), ...more }
  await table.put(order)
  return order
}

function update(order: Item, change: Change, client = table.documents) {
  const { TableName } = table
  const Key = { id: order['id']?.S, at: Number(order['at']?.N) }
  return table.tables.update(client, { TableName, Key, change })
}

class Secret {
  readonly text = 'SECRET-4111'
}

describe('an update in plain values', () => {
  test.each([
    ['an instance of a class', new Secret()],
    ['a number that is not exact', 4111_1111_1111_1111_111],
    ['a number that is none', NaN],
    ['an empty set', new Set()],
    ['a symbol', Symbol('SECRET-4111')],
    ['a map of such', { number: new Secret() }],
  ])('refuses %s, and does not say the value', async (_, card) => {
    const order = await stored({ card: { S: 'SECRET-4111' } })
    const failure: unknown = await update(order, (item) => ({ ...item, card })).catch(
      (error: unknown) => error,
    )
    expect(EnvelopeError.is(failure)).toBe(true)
    expect(failure).toMatchObject({ code: 'ERR_ITEM', attribute: expect.stringMatching(/^card/) })
    const { message } = failure as EnvelopeError
    expect(message).toMatch(`What change returned for table "${table.TableName}": `)
    expect(message).not.toMatch(/4111/)
    expect(await table.get(order)).toEqual(order)
  })

  test('refuses a stored number that JavaScript does not have, and does not say it', async () => {
    const order = await stored({ card: { N: '123456789012345678.55' } })
    const failure: unknown = await update(order, (item) => item).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'ERR_ITEM', attribute: 'card' })
    expect((failure as Error).message).toMatch(`Item of table "${table.TableName}": `)
    expect((failure as Error).message).not.toMatch(/1234/)
  })

  test('refuses a key that has no attribute value', async () => {
    const change: Change = () => undefined
    const { TableName, tables, documents } = table
    for (const id of [NaN, new Secret()]) {
      const refused = tables.update(documents, { TableName, Key: { id, at: 1 }, change })
      await expect(refused).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field: 'Key' })
      await expect(refused).rejects.not.toThrow(/SECRET/)
    }
  })

  const untouched: Item = {
    total: { N: '0.12345678901234567890123' },
    card: { M: { ['__proto__']: { M: { a: { S: 'x' } } }, b: { N: '1234567890123456.7890123' } } },
    lines: { NS: ['0.1234567890123456789', '0.1234567890123456788'] },
  }

  test.each(Object.entries(untouched))('leaves %s as it is if it is not touched', async (name) => {
    const value = untouched[name] ?? { NULL: true }
    const order = await stored({ [name]: value, status: { S: 'new' } })
    const before = await table.get(order)
    await update(order, (item) => ({ ...item, status: 'paid' }))
    const after = await table.get(order)
    expect(after?.['status']).toEqual({ S: 'paid' })
    // In text, since toEqual does not look at a member that is called __proto__.
    expect(JSON.stringify(after?.[name])).toBe(JSON.stringify(before?.[name]))
  })

  test('does not write an unsigned attribute that is not touched, however it is written', async () => {
    const numbers = { ':n': { N: '0.0000001' }, ':ns': { NS: ['1', '-2.5'] } }
    const order = await stored({ ...numbers, ':b': { B: Buffer.of(1, 2) } })
    const written: string[] = []
    table.client.middlewareStack.add(
      (next, context) => async (args) => {
        const { ExpressionAttributeNames: names = {}, UpdateExpression: sent = '' } =
          args.input as {
            ExpressionAttributeNames?: Record<string, string>
            UpdateExpression?: string
          }
        if (context.commandName === 'UpdateItemCommand') {
          written.push(...(sent.match(/#\w+/g) ?? []).map((name) => names[name] ?? ''))
        }
        return next(args)
      },
      { step: 'initialize', name: 'seen' },
    )
    await update(order, (item) => ({ ...item, card: '4111' }))
    table.client.middlewareStack.remove('seen')
    expect(written.sort()).toEqual(['aws_dbe_foot', 'aws_dbe_head', 'card'])
  })

  test('writes bytes that were changed in place', async () => {
    for (const name of ['card', ':bytes']) {
      const order = await stored({ [name]: { B: Uint8Array.of(1, 2) } })
      await update(order, (item) => {
        const bytes: unknown = item?.[name]
        if (bytes instanceof Uint8Array) bytes.fill(9)
        return item
      })
      expect(await table.get(order)).toEqual({ ...order, [name]: { B: Uint8Array.of(9, 9) } })
    }
  })

  test('removes an attribute that is undefined', async () => {
    const order = await stored({ card: { S: '4111' }, ':note': { S: 'a' } })
    await update(order, (item) => ({ ...item, card: undefined, ':note': undefined }))
    expect(await table.get(order)).toEqual({ id: order['id'], at: order['at'] })
  })

  test('converts as the document client was told to', async () => {
    const documents = DynamoDBDocumentClient.from(table.client, {
      marshallOptions: { convertClassInstanceToMap: true },
      unmarshallOptions: { wrapNumbers: true },
    })
    const total = '123456789012345678.55'
    const order = await stored({ total: { N: total } })
    const change: Change = (item) => {
      expect(item?.['total']).toEqual(NumberValue.from(total))
      return { ...item, card: new Secret() }
    }
    try {
      await update(order, change, documents)
    } finally {
      DynamoDBDocumentClient.from(table.client)
    }
    const card = { M: { text: { S: 'SECRET-4111' } } }
    expect(await table.get(order)).toEqual({ ...order, card })
  })

  test('that alters the item and returns undefined is refused', async () => {
    const order = await stored({ status: { S: 'new' } })
    const forgotten = update(order, (item) => {
      if (item) item['status'] = 'paid'
      return undefined
    })
    await expect(forgotten).rejects.toThrow(InvalidArgumentError)
    await expect(forgotten).rejects.toThrow(/return the item, or do not alter it/)
    expect(await table.get(order)).toEqual(order)
  })
})
