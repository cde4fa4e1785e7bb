import assert from 'node:assert/strict'
import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { RefusedRequestError } from '../../../src/dynamodb.ts'
import { EnvelopeError, InvalidArgumentError } from '../../../src/index.ts'
import { type Item, OrdersTable, keyOf, newKey } from './encrypted-table.ts'
import {
  type Wanted,
  interferences,
  number,
  plaintextInterferences,
  text,
  writePlain,
} from './interferences.ts'

/** One thing that `update` has to do on a DynamoDB. */
export interface UpdateCase {
  readonly name: string
  readonly run: (endpoint: string) => Promise<void>
}

/** They need no test runner, so that they run on real services too. Each has a table of its own. */
export const updateCases: readonly UpdateCase[] = [
  on('changes an encrypted attribute, and says so', async (table) => {
    const order = { ...newKey(), card: text('4111'), status: text('new'), ':views': number(3) }
    await table.put(order)
    const before = await table.getStored(order)
    const result = await table.tables.update(table.client, {
      ...of(table, order),
      change: (item) => ({ ...item, card: text('4222') }),
    })
    const changed = { ...order, card: text('4222') }
    assert.deepEqual(result, { changed: true, item: changed, attempts: 1 })
    assert.deepEqual(await table.get(order), changed)
    const after = await table.getStored(order)
    assert.equal(Object.keys(after ?? {}).length, Object.keys(before ?? {}).length)
    assert.notDeepEqual(after?.['aws_dbe_head'], before?.['aws_dbe_head'])
  }),
  on('has plain values for a key of plain values', async (table) => {
    const order = { ...newKey(), card: text('4111'), total: number(7) }
    await table.put(order)
    const Key = { id: order.id.S ?? '', at: Number(order.at.N) }
    const result = await table.tables.update(table.documents, {
      TableName: table.TableName,
      Key,
      change: (item) => item && { ...item, total: Number(item['total']) + 1 },
    })
    const changed = { ...Key, card: '4111', total: 8 }
    assert.deepEqual(result, { changed: true, item: changed, attempts: 1 })
    assert.deepEqual(await table.get(order), { ...order, total: number(8) })
  }),
  on('adds attributes and removes them, signed and unsigned', async (table) => {
    const order = { ...newKey(), card: text('4111'), ':old': text('a'), ':views': number(1) }
    await table.put(order)
    const next = { ...keyOf(order), total: number(2), ':new': text('b'), ':views': number(1) }
    await table.tables.update(table.client, { ...of(table, order), change: () => next })
    assert.deepEqual(await table.get(order), next)
    const stored = Object.keys((await table.getStored(order)) ?? {}).sort()
    assert.deepEqual(stored, [...Object.keys(next), 'aws_dbe_foot', 'aws_dbe_head'].sort())
  }),
  on('writes nothing if change returns undefined', async (table) => {
    const order = { ...newKey(), card: text('4111') }
    await table.put(order)
    const before = await table.getStored(order)
    const result = await table.tables.update(table.client, {
      ...of(table, order),
      change: () => undefined,
    })
    assert.deepEqual(result, { changed: false, item: order, attempts: 1 })
    assert.deepEqual(await table.getStored(order), before)
    const missing = await table.tables.update(table.client, {
      ...of(table, newKey()),
      change: () => undefined,
    })
    assert.deepEqual(missing, { changed: false, item: undefined, attempts: 1 })
  }),
  on('creates an item that is not there, one of two who do', async (table) => {
    const order = { ...newKey(), total: number(1) }
    const seen: unknown[] = []
    const result = await table.tables.update(table.client, {
      ...of(table, order),
      async change(item) {
        seen.push(item)
        if (item === undefined) await table.put({ ...order, card: text('of the other') })
        return item ? { ...item, total: number(2) } : order
      },
    })
    assert.equal(result.attempts, 2)
    assert.deepEqual(seen.slice(0, 1), [undefined])
    assert.deepEqual(await table.get(order), {
      ...order,
      card: text('of the other'),
      total: number(2),
    })
    const other = { ...newKey(), card: text('4111') }
    const created = await table.tables.update(table.client, {
      ...of(table, other),
      change: () => other,
    })
    assert.deepEqual(created, { changed: true, item: other, attempts: 1 })
    assert.deepEqual(await table.get(other), other)
  }),
  on('loses none of the changes of many at once', async (table) => {
    const order = { ...newKey(), total: number(0) }
    await table.put(order)
    const results = await Promise.all(
      Array.from({ length: 8 }, () =>
        table.tables.update(table.client, {
          ...of(table, order),
          maxAttempts: 100,
          change: (item) => ({ ...item, total: number(Number(item?.['total']?.N) + 1) }),
        }),
      ),
    )
    assert.deepEqual(await table.get(order), { ...order, total: number(8) })
    const totals = results.map(({ item }) => item?.['total']?.N).sort()
    assert.deepEqual(totals, ['1', '2', '3', '4', '5', '6', '7', '8'])
  }),
  ...interferences().map(({ what, meanwhile, attempts, expected }) =>
    on(`when somebody ${what}`, async (table) => {
      const order: Item = { ...newKey(), total: number(1), ':views': number(1) }
      await table.put(order)
      let calls = 0
      const result = await table.tables.update(table.client, {
        ...of(table, order),
        async change(item) {
          if (++calls === 1) await meanwhile(table, order)
          return { ...keyOf(order), ...item, total: number(2), ':note': text('ours') }
        },
      })
      assert.equal(result.attempts, attempts)
      assert.equal(calls, attempts)
      const wanted: Wanted = { ...order, total: number(2), ':note': text('ours'), ...expected }
      const present = Object.entries(wanted).filter(([, value]) => value !== undefined)
      assert.deepEqual(await table.get(order), Object.fromEntries(present))
    }),
  ),
  on('gives up after maxAttempts, and leaves what others wrote', async (table) => {
    const order = { ...newKey(), total: number(0) }
    await table.put(order)
    let calls = 0
    const update = table.tables.update(table.client, {
      ...of(table, order),
      maxAttempts: 3,
      async change(item) {
        await table.put({ ...order, total: number(100 + ++calls) })
        return { ...item, total: number(1) }
      },
    })
    await assert.rejects(update, (error) => {
      assert.ok(EnvelopeError.is(error))
      assert.equal(error.code, 'ERR_UPDATE_CONFLICT')
      assert.match(error.message, /each of 3 attempts/)
      assert.ok(error.message.includes(table.TableName))
      assert.ok(!error.message.includes(order.id.S ?? ''))
      return true
    })
    assert.equal(calls, 3)
    assert.deepEqual(await table.get(order), { ...order, total: number(103) })
  }),
  on('reads nothing that was tampered with, and writes nothing', async (table) => {
    const order = { ...newKey(), status: text('new'), card: text('4111') }
    await table.put(order)
    await writePlain(table, order, 'SET #s = :s', { '#s': 'status' }, { ':s': text('paid') })
    const before = await table.getStored(order)
    const change = () => assert.fail('change must not be called')
    await assert.rejects(
      table.tables.update(table.client, { ...of(table, order), change }),
      (error) =>
        EnvelopeError.is(error) &&
        error.code === 'ERR_AUTHENTICATION' &&
        error.message.startsWith(`Item of table "${table.TableName}": `),
    )
    assert.deepEqual(await table.getStored(order), before)
  }),
  on('refuses another key, and what is no item', async (table) => {
    const order = { ...newKey(), card: text('4111') }
    await table.put(order)
    const before = await table.getStored(order)
    for (const next of [
      { ...order, id: text('another') },
      { ...order, at: number(21) },
      { id: order.id, card: order.card },
      null,
      'an order',
      { ...order, aws_dbe_head: { B: Uint8Array.of(1) } },
      { ...order, unknown: text('an attribute without an action') },
    ]) {
      await assert.rejects(
        table.tables.update(table.client, { ...of(table, order), change: () => next as Item }),
        (error) => EnvelopeError.is(error),
        JSON.stringify(next),
      )
    }
    assert.deepEqual(await table.getStored(order), before)
    // One number, however it is written.
    await table.tables.update(table.client, {
      ...of(table, { ...order, at: { N: '2.0e1' } }),
      change: (item) => ({ ...item, at: { N: '020.0' }, card: text('4222') }),
    })
    assert.deepEqual(await table.get(order), { ...order, card: text('4222') })
  }),
  ...unsignedValues().map(({ what, values }) =>
    on(`compares unsigned ${what}`, async (table) => {
      const order = { ...newKey(), ...values, card: text('4111') }
      await table.put(order)
      const before = await table.getStored(order)
      const result = await table.tables.update(table.client, {
        ...of(table, order),
        change: (item) => ({ ...item, card: text('4222') }),
      })
      assert.equal(result.attempts, 1)
      const after = await table.getStored(order)
      for (const name of Object.keys(values)) assert.deepEqual(after?.[name], before?.[name])
      assert.deepEqual((await table.get(order))?.['card'], text('4222'))
    }),
  ),
  on('takes as many unsigned attributes as DynamoDB has operators, 148', async (table) => {
    const order = newKey()
    const lots = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`:a${i}`, number(i)]))
    const update = (count: number) =>
      table.tables.update(table.client, {
        ...of(table, order),
        change: () => ({ ...order, ...lots(count), card: text('4111') }),
      })
    for (const count of [100, 148, 147, 148]) {
      await update(count)
      assert.deepEqual(await table.get(order), { ...order, ...lots(count), card: text('4111') })
    }
    await assert.rejects(update(149), RefusedRequestError)
    assert.deepEqual(await table.get(order), { ...order, ...lots(148), card: text('4111') })
  }),
  on(
    'encrypts a plaintext item, unless it has changed meanwhile',
    async (table) => {
      for (const { meanwhile, attempts, expected } of plaintextInterferences()) {
        const order: Item = { ...newKey(), total: number(1), ':views': number(1) }
        const { TableName } = table
        await table.plain.send(new PutItemCommand({ TableName, Item: order }))
        let calls = 0
        const result = await table.tables.update(table.client, {
          ...of(table, order),
          async change(item) {
            if (++calls === 1) await meanwhile(table, order)
            return { ...keyOf(order), ...item, card: text('4111') }
          },
        })
        assert.equal(result.attempts, attempts)
        const stored = await table.getStored(order)
        assert.ok(stored?.['aws_dbe_head']?.B && stored['card']?.B)
        const wanted: Wanted = { ...order, card: text('4111'), ...expected }
        const present = Object.entries(wanted).filter(([, value]) => value !== undefined)
        assert.deepEqual(await table.get(order), Object.fromEntries(present))
      }
    },
    { plaintextOverride: 'FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ' },
  ),
  on(
    'sees that a plaintext item of a key alone was deleted meanwhile',
    async (table) => {
      const { plain, TableName } = table
      const order: Item = newKey()
      await plain.send(new PutItemCommand({ TableName, Item: order }))
      const seen: (Item | undefined)[] = []
      await table.tables.update(table.client, {
        ...of(table, order),
        async change(item) {
          seen.push(item)
          await plain.send(new DeleteItemCommand({ TableName, Key: keyOf(order) }))
          return item && { ...item, card: text('4111') }
        },
      })
      assert.deepEqual(seen, [order, undefined])
      assert.equal(await table.getStored(order), undefined)
    },
    { plaintextOverride: 'FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ' },
  ),
  on(
    'leaves a table in plaintext that is to stay so',
    async (table) => {
      const order: Item = { ...newKey(), total: number(1) }
      await table.put(order)
      await table.tables.update(table.client, {
        ...of(table, order),
        change: (item) => ({ ...item, total: number(2), card: text('4111') }),
      })
      assert.deepEqual(await table.getStored(order), {
        ...order,
        total: number(2),
        card: text('4111'),
      })
    },
    { plaintextOverride: 'FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ' },
  ),
  on('refuses what it could not do, before anything is sent', async (table) => {
    const { TableName, tables, client } = table
    const Key = newKey()
    const change = () => assert.fail('change must not be called')
    const requests: readonly [field: string, request: object][] = [
      ['Key', { TableName, Key: { id: Key.id }, change }],
      ['Key', { TableName, Key: { ...Key, card: text('4111') }, change }],
      ['Key', { TableName, Key: { id: Key.id, at: 20 }, change }],
      ['Key', { TableName, Key: {}, change }],
      ['Key', { TableName, change }],
      ['change', { TableName, Key }],
      ['TableName', { TableName: 'another', Key, change }],
      ['maxAttempts', { TableName, Key, change, maxAttempts: 0 }],
      ['UpdateExpression', { TableName, Key, change, UpdateExpression: 'SET a = b' }],
    ]
    for (const [field, request] of requests) {
      await assert.rejects(
        tables.update(client, request as Parameters<typeof tables.update>[1]),
        (error) => error instanceof InvalidArgumentError && error.field === field,
        `${field} of ${Object.keys(request).join()}`,
      )
    }
  }),
]

/** Unsigned attributes of all types. */
function unsignedValues(): readonly { what: string; values: Item }[] {
  return [
    {
      what: 'texts, numbers, bytes, booleans and nulls',
      values: {
        ':s': text(''),
        ':n': { N: '-0.00012345678901234567890123456789' },
        ':b': { B: Uint8Array.of(0, 255) },
        ':bool': { BOOL: false },
        ':null': { NULL: true },
        ':': text('a name of the prefix alone'),
        ':\u{1f511}.a[0] #é': text('a strange name'),
      },
    },
    {
      what: 'sets of texts and of numbers',
      values: {
        ':ss': { SS: ['b', 'a', '\u{10002}', '\uff61'] },
        ':ns': { NS: ['3', '-1', '2.5'] },
      },
    },
    { what: 'sets of bytes', values: { ':bs': { BS: [Uint8Array.of(2), Uint8Array.of(1)] } } },
    {
      what: 'lists and maps',
      values: {
        ':l': { L: [text('a'), { L: [] }, { M: {} }, { NULL: true }] },
        ':m': { M: { b: { SS: ['x', 'y'] }, a: { M: { n: number(1) } } } },
      },
    },
  ]
}

function on(
  name: string,
  run: (table: OrdersTable) => Promise<void>,
  options: Parameters<typeof OrdersTable.create>[1] = {},
): UpdateCase {
  return {
    name: `update: ${name}`,
    async run(endpoint) {
      const table = await OrdersTable.create(endpoint, options)
      try {
        await run(table)
      } finally {
        table.close()
      }
    },
  }
}

function of({ TableName }: OrdersTable, order: Item) {
  return { TableName, Key: keyOf(order) as Item }
}
