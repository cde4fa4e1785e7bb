import { afterAll, beforeAll, expect, test } from 'vitest'
import { EnvelopeError } from '../../../../../src/index.ts'
import { DynamoDbEmulator } from '../../../../support/dynamodb/emulator.ts'
import { OrdersTable, newKey } from '../../../../support/dynamodb/encrypted-table.ts'
import { updateCases } from '../../../../support/dynamodb/update-cases.ts'

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

/** dynalite finds no list and no map equal to another; the services of the interoperability tests do. */
const beyondDynalite = ['update: compares unsigned lists and maps']

test.each(updateCases.filter(({ name }) => !beyondDynalite.includes(name)))('$name', ({ run }) =>
  run(emulator.endpoint),
)

test.each(['an item that is there', 'a new item'])(
  'a write of %s whose answer was lost is no conflict with itself',
  async (which) => {
    const order = { ...newKey(), total: { N: '1' } }
    if (which !== 'a new item') await table.put(order)
    const result = await table.tables.update(table.client, {
      TableName: table.TableName,
      Key: { id: order.id, at: order.at },
      change: (item) => {
        emulator.loseAnswers(1)
        return { ...order, total: { N: String(Number(item?.['total']?.N ?? 0) + 1) } }
      },
    })
    expect(result).toMatchObject({ changed: true, attempts: 1 })
    const total = which === 'a new item' ? '1' : '2'
    expect(await table.get(order)).toEqual({ ...order, total: { N: total } })
  },
)

test.each(['before it', 'while change runs', 'while it waits after a conflict'])(
  'an update aborted %s writes nothing, and says so',
  async (when) => {
    const order = { ...newKey(), total: { N: '1' } }
    await table.put(order)
    const controller = new AbortController()
    const reason = new Error('enough')
    if (when === 'before it') controller.abort(reason)
    let calls = 0
    const update = table.tables.update(table.client, {
      TableName: table.TableName,
      Key: { id: order.id, at: order.at },
      signal: controller.signal,
      async change(item) {
        calls++
        if (when === 'while change runs') controller.abort(reason)
        else {
          await table.put({ ...order, total: { N: '5' } })
          // After the conflicting write was answered, and before the next attempt.
          table.client.middlewareStack.add(
            (next) => async (args) => {
              try {
                return await next(args)
              } finally {
                controller.abort(reason)
              }
            },
            { step: 'initialize', name: 'abortAfter', override: true },
          )
        }
        return { ...item, total: { N: '2' } }
      },
    })
    await expect(update).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: reason })
    table.client.middlewareStack.remove('abortAfter')
    expect(calls).toBe(when === 'before it' ? 0 : 1)
    const total = when === 'while it waits after a conflict' ? '5' : '1'
    expect(await table.get(order)).toEqual({ ...order, total: { N: total } })
  },
)

test('an error of change comes out as it is', async () => {
  const reason = new Error('out of stock')
  const change = () => {
    throw reason
  }
  const update = table.tables.update(table.client, {
    TableName: table.TableName,
    Key: newKey(),
    change,
  })
  await expect(update).rejects.toBe(reason)
  expect(EnvelopeError.is(reason)).toBe(false)
})
