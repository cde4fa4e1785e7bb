import { inspect } from 'node:util'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Keyring } from '../../../src/index.ts'
import { type AnyTable, type Codec, defineTable } from '../../../src/sql.ts'
import {
  cipherOf,
  eachLookAtTheClockTakes,
  errorOf,
  fieldErrorOf,
  indexKey,
  keyring,
  untyped,
  users,
} from './harness.ts'

const table = defineTable('things', {
  primaryKey: { id: 'integer' },
  columns: {
    text: 'string',
    bytes: 'bytes',
    when: { type: 'date', index: { column: 'when_index', bits: 20 } },
    data: 'json',
  },
})
/** Its columns have names of something that every object has. */
const odd: AnyTable = defineTable('odd', {
  primaryKey: { id: 'integer' },
  columns: {
    constructor: 'string',
    toString: { type: 'bytes', index: { column: 'valueOf', bits: 128 } },
  },
})
const cipher = cipherOf([table, odd, users], { indexKey })

/** A keyring that waits in `onEncrypt` and `onDecrypt` until it is told to go on, and counts who is at work. */
function slowKeyring() {
  let go = (): void => undefined
  const gone = new Promise<void>((resolve) => (go = resolve))
  const counts = { asked: 0, atWork: 0, most: 0 }
  async function counted<Result>(work: () => Promise<Result>): Promise<Result> {
    counts.asked++
    counts.most = Math.max(counts.most, ++counts.atWork)
    await gone
    await turn()
    counts.atWork--
    return work()
  }
  const slow: Keyring = {
    onEncrypt: (...given) => counted(() => keyring.onEncrypt(...given)),
    onDecrypt: (...given) => counted(() => keyring.onDecrypt(...given)),
  }
  return { slow, go, counts }
}

describe('a row', () => {
  it('keeps its other columns and its order; null stays null, and what it lacks it lacks', async () => {
    const row = { other: 'x', id: 1, text: 'a', data: null, when: null, n: 5 }
    const stored = await cipher.encryptRow(table, row)
    expect(Object.keys(stored)).toEqual([...Object.keys(row), 'when_index'])
    expect(stored).toMatchObject({ other: 'x', id: 1, data: null, when: null, when_index: null })
    expect(Buffer.isBuffer(stored.text)).toBe(true)
    expect(row).toEqual({ other: 'x', id: 1, text: 'a', data: null, when: null, n: 5 })
    const back = await cipher.decryptRow(table, stored)
    expect(back).toEqual(row)
    expect(Object.keys(back)).toEqual(Object.keys(row))
  })

  it('has undefined where it was, and no index of it', async () => {
    const stored = await cipher.encryptRow(table, { id: 1, text: undefined, when: undefined })
    expect(stored).toStrictEqual({ id: 1, text: undefined, when: undefined })
    expect(await cipher.decryptRow(table, stored)).toStrictEqual(stored)
  })

  it('lacks columns with the name of something that every object has', async () => {
    expect(await cipher.encryptRow(odd, { id: 1 })).toStrictEqual({ id: 1 })
    expect(await cipher.decryptRow(odd, { id: 1 })).toStrictEqual({ id: 1 })
    const row: Record<string, unknown> = { id: 1, constructor: 'a', toString: Uint8Array.of(1) }
    const stored = await cipher.encryptRow(odd, row)
    expect(Object.keys(stored)).toEqual(['id', 'constructor', 'toString', 'valueOf'])
    expect(await cipher.decryptRow(odd, stored)).toStrictEqual(row)
  })

  it('may have no prototype, or that of a class: its own properties count', async () => {
    const bare: { id: number; text: string } = untyped(
      Object.assign(Object.create(null), { id: 1, text: 'a' }),
    )
    const stored = await cipher.encryptRow(table, bare)
    expect(await cipher.decryptRow(table, stored)).toStrictEqual({ id: 1, text: 'a' })
    class Thing {
      id = 1
      text = 'a'
      get data() {
        return 'not its own'
      }
    }
    const opened = await cipher.decryptRow(
      table,
      await cipher.encryptRow(table, untyped<{ id: number; text: string }>(new Thing())),
    )
    expect(opened).toStrictEqual({ id: 1, text: 'a' })
    class Inherited {
      get id() {
        return 1
      }
    }
    expect(
      await fieldErrorOf(() => cipher.encryptRow(table, untyped<{ id: number }>(new Inherited()))),
    ).toMatchObject({
      code: 'ERR_FIELD',
      column: 'id',
    })
  })

  it('is read once: an accessor cannot give another key, or another value, later', async () => {
    let reads = 0
    const row = {
      get id() {
        return ++reads
      },
      text: 'a',
    }
    const stored = await cipher.encryptRow(table, row)
    expect([reads, stored.id]).toEqual([1, 1])
    expect(await cipher.decryptRow(table, stored)).toEqual({ id: 1, text: 'a' })
  })

  it('may have a column __proto__, which is one like any other', async () => {
    const row = untyped<{ id: number; text: string }>(
      JSON.parse('{ "id": 1, "text": "a", "__proto__": { "text": "b" } }'),
    )
    const back = await cipher.decryptRow(table, await cipher.encryptRow(table, row))
    expect(Object.keys(back)).toEqual(['id', 'text', '__proto__'])
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
  })

  it.each([
    ['while KMS is asked', { concurrency: 10, tookMs: 0 }],
    ['while its other values are encrypted', { concurrency: 1, tookMs: 0 }],
    ['though others have their turn first', { concurrency: 10, tookMs: 100 }],
  ])('is what it was at the call, whatever its owner does %s', async (_, given) => {
    const { concurrency, tookMs } = given
    const { slow, go } = slowKeyring()
    eachLookAtTheClockTakes(tookMs)
    const bytes = Buffer.from('abc')
    const when = new Date(5)
    const data = { list: [1] }
    const row = { id: 1, text: 'a', bytes, when, data }
    const limited = cipherOf([table], { keyring: slow, indexKey, concurrency })
    const asked = limited.encryptRow(table, row)
    bytes.fill(0)
    when.setTime(6)
    data.list.push(2)
    Object.assign(row, { id: 2, text: 'b' })
    go()
    const stored = await asked
    const back = await cipher.decryptRow(table, stored)
    expect(back).toStrictEqual({
      id: 1,
      text: 'a',
      bytes: Uint8Array.from(Buffer.from('abc')),
      when: new Date(5),
      data: { list: [1] },
    })
    expect(Reflect.get(stored, 'when_index')).toEqual(
      await cipher.indexValue(table, 'when', new Date(5)),
    )
  })

  it('that comes from the database is decrypted without its blind indexes, whatever is in them', async () => {
    const stored = await cipher.encryptRow(table, { id: 1, when: new Date(5) })
    for (const edited of [stored.when_index, null, 'x', 5]) {
      const back = await cipher.decryptRow(table, { ...stored, when_index: edited })
      expect(back).toStrictEqual({ id: 1, when: new Date(5) })
    }
    expect(await cipher.decryptRow(table, { when_index: 'x', n: 1 })).toStrictEqual({ n: 1 })
  })

  it.each([
    ['a blind index of its own', { id: 1, when: null, when_index: 'x' }, 'when_index'],
    ['a blind index that is null', { id: 1, when_index: null }, 'when_index'],
    ['no key', { text: 'a' }, 'id'],
    ['a key that is null', { id: null, text: 'a' }, 'id'],
    ['a key of another type', { id: 'seven', text: 'a' }, 'id'],
  ])('is refused to be encrypted with %s', async (_, row, column) => {
    const error = await fieldErrorOf(() => cipher.encryptRow(table, untyped<{ id: number }>(row)))
    expect(error).toMatchObject({ name: 'FieldError', code: 'ERR_FIELD', table: 'things', column })
  })

  it('without its key is read if it has no encrypted value, and otherwise not', async () => {
    expect(await cipher.decryptRow(table, { text: null, n: 1 })).toEqual({ text: null, n: 1 })
    const error = await fieldErrorOf(() => cipher.decryptRow(table, { text: Buffer.alloc(9) }))
    expect(error).toMatchObject({ code: 'ERR_FIELD', column: 'id' })
    expect(error.message).toContain('primary key')
  })
})

describe('rows', () => {
  it('come in their order, duplicates too, and may be none', async () => {
    expect(await cipher.encryptRows(table, [])).toEqual([])
    expect(await cipher.decryptRows(table, [])).toEqual([])
    const row = { id: 1, text: 'a' }
    const rows = [row, { id: 2, text: null }, row, { id: 3, text: 'c' }]
    const stored = await cipher.encryptRows(table, rows)
    expect(stored[0]?.text).not.toEqual(stored[2]?.text)
    expect(await cipher.decryptRows(table, stored)).toEqual(rows)
  })

  it.each([undefined, null, 'rows', { length: 1 }, [1], [null], new Array(1)])(
    'have to be an array of objects: %o',
    async (rows) => {
      for (const work of [
        () => cipher.encryptRows(table, untyped<{ id: number }[]>(rows)),
        () => cipher.decryptRows(table, untyped<object[]>(rows)),
      ]) {
        expect(await errorOf(work)).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
      }
    },
  )

  it.each([1, 3, 10])('have at most %d values at work', async (concurrency) => {
    const { slow, go, counts } = slowKeyring()
    const limited = cipherOf([users], { keyring: slow, concurrency })
    const rows = Array.from({ length: 5 }, (_, id) => ({
      id,
      email: 'a',
      name: 'b',
      birthday: null,
    }))
    const asked = limited.encryptRows(users, rows)
    await turn()
    expect(counts.atWork).toBe(Math.min(concurrency, 10))
    go()
    const stored = await asked
    expect(counts).toEqual({ asked: 10, atWork: 0, most: concurrency })
    expect(await limited.decryptRows(users, stored)).toEqual(rows)
    expect(counts).toEqual({ asked: 20, atWork: 0, most: concurrency })
  })

  it('stop at the first failure, and begin no more', async () => {
    const { slow, go, counts } = slowKeyring()
    const limited = cipherOf([users], { keyring: slow, concurrency: 2 })
    const rows = Array.from({ length: 9 }, (_, id) => ({ id, email: id === 1 ? 5 : 'a' }))
    const error = fieldErrorOf(() => limited.encryptRows(users, untyped<{ id: number }[]>(rows)))
    expect(await error).toMatchObject({ code: 'ERR_FIELD', column: 'email' })
    expect((await error).message).toContain('id = "1"')
    go()
    await turn()
    await turn()
    expect(counts.asked).toBe(1)
  })

  it('stop when they are given up, with the reason', async () => {
    const { slow, counts } = slowKeyring()
    const limited = cipherOf([users], { keyring: slow, concurrency: 2 })
    const rows = Array.from({ length: 9 }, (_, id) => ({ id, email: 'a' }))
    const stored = await cipher.encryptRows(users, rows)
    for (const work of [
      (signal: AbortSignal) => limited.encryptRows(users, rows, { signal }),
      (signal: AbortSignal) => limited.decryptRows(users, stored, { signal }),
      (signal: AbortSignal) => limited.encryptValue(users, 'email', { id: 1 }, 'a', { signal }),
    ]) {
      const given = new AbortController()
      const error = errorOf(() => work(given.signal))
      await turn()
      given.abort('enough')
      expect(await error).toMatchObject({
        name: 'AbortError',
        code: 'ERR_ABORTED',
        cause: 'enough',
      })
    }
    expect(counts.asked).toBe(5)
    const signal = AbortSignal.abort('before')
    for (const work of [
      () => cipher.encryptRows(users, [], { signal }),
      () => cipher.decryptRow(users, { id: 1 }, { signal }),
    ]) {
      expect(await errorOf(work)).toMatchObject({ code: 'ERR_ABORTED', cause: 'before' })
    }
    expect(
      await errorOf(() => cipher.encryptRow(users, { id: 1 }, { signal: untyped({}) })),
    ).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field: 'signal' })
  })

  it('give others their turn, with local keys too', async () => {
    eachLookAtTheClockTakes(1)
    const rows = Array.from({ length: 1000 }, (_, id) => ({ id, email: 'ada@example.com' }))
    let turns = 0
    const others = { stopped: false }
    const counting = (async () => {
      while (!others.stopped) {
        await turn()
        turns++
      }
    })()
    const stored = await cipher.encryptRows(users, rows)
    const whileEncrypting = turns
    await cipher.decryptRows(users, stored)
    others.stopped = true
    await counting
    // By the clock a value takes 1 ms, and every 5 ms there is a turn.
    expect(whileEncrypting).toBeGreaterThan(20)
    expect(turns - whileEncrypting).toBeGreaterThan(20)
  })
})

describe('what is secret', () => {
  const marker = 'MARKER-7f3a'
  const fails = (text: string): string => {
    throw new Error(`${marker} ${text}`)
  }
  const own: Codec<string> = {
    name: 'own',
    encode: (value) => {
      throw new TypeError(`${marker} ${value}`)
    },
    decode: () => {
      throw new Error(marker)
    },
  }
  const secrets = defineTable('secrets', {
    primaryKey: { id: 'integer' },
    columns: {
      text: 'string',
      number: 'number',
      bigint: 'bigint',
      boolean: 'boolean',
      date: { type: 'date', index: { column: 'date_index', bits: 8 } },
      json: 'json',
      bytes: 'bytes',
      texts: 'string[]',
      own,
      indexed: {
        type: 'string',
        index: {
          column: 'indexed_index',
          bits: 8,
          normalize: fails,
        },
      },
    },
  })
  const secretive = cipherOf([secrets], { indexKey })

  it.each([
    ['text', [marker]],
    ['text', `${marker}\ud800`],
    ['number', marker],
    ['bigint', marker],
    ['boolean', marker],
    ['date', marker],
    ['date', Object.assign(new Date(Number.NaN), { marker })],
    ['json', { [marker]: new Date(), a: marker }],
    ['json', [marker, new Map([[marker, marker]])]],
    ['bytes', marker],
    ['texts', [marker, 5]],
    ['texts', marker],
    ['own', marker],
    ['indexed', marker],
  ])('is in no error, of %s %#', async (column, value) => {
    const error = await fieldErrorOf(() =>
      secretive.encryptRow(secrets, untyped<{ id: number }>({ id: 1, [column]: value })),
    )
    expect(error).toMatchObject({ name: 'FieldError', code: 'ERR_FIELD', column, table: 'secrets' })
    expect(error.message).toContain(`secrets.${column}`)
    const texts = [error.message, error.stack, inspect(error, { depth: 9 }), JSON.stringify(error)]
    expect(texts.join('\n')).not.toContain(marker)
    expect(error.cause).toBeUndefined()
  })

  it('is in no error, of what was decrypted', async () => {
    // What is written as one type is read as another.
    const types = ['number', 'bigint', 'boolean', 'date', 'json', 'string[]', own] as const
    const written = await secretive.encryptValue(secrets, 'text', { id: 1 }, marker)
    for (const type of types) {
      const misread = defineTable('secrets', {
        primaryKey: { id: 'integer' },
        columns: { text: type },
      })
      const error = await fieldErrorOf(() =>
        cipherOf([misread]).decryptRow(misread, { id: 1, text: written }),
      )
      expect(error).toMatchObject({ code: 'ERR_FIELD', column: 'text' })
      expect(inspect(error, { depth: 9 })).not.toContain(marker)
    }
  })
})

describe('a column that is spelt otherwise', () => {
  const indexedTable = defineTable('indexed', {
    primaryKey: { userId: 'integer' },
    columns: { mail: { type: 'string', index: { column: 'mail_index', bits: 8 } } },
  })
  const indexing = cipherOf([indexedTable], { indexKey })

  it.each(['Mail', 'MAIL', 'm\u00e1il', '\uff4dail', 'MAIL_INDEX', 'userid'])(
    'is refused, since a database may take %s for the one that is meant',
    async (name) => {
      const row = { userId: 7, mail: 'a', [name]: 'MARKER' }
      const error = await fieldErrorOf(() =>
        indexing.encryptRows(indexedTable, [{ userId: 6 }, row]),
      )
      expect(error).toMatchObject({ code: 'ERR_FIELD', table: 'indexed' })
      expect(error.message).not.toContain('MARKER')
    },
  )

  it('is none that is merely alike', async () => {
    const row = { userId: 7, mails: 'a', mail_indexes: 'b' }
    expect(await indexing.encryptRow(indexedTable, row)).toEqual(row)
  })
})
