import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import { NumberValue } from '@aws-sdk/lib-dynamodb'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Item, ItemDocument } from '../../../src/dynamodb.ts'
import { normalizeNumber } from '../../../src/dynamodb/values/normalize-number.ts'
import { encryptorFor, plaintextItem, without } from '../../support/dynamodb/item-encryptors.ts'
import { failure } from '../../support/materials.ts'

const encryptor = encryptorFor()
const exact = encryptorFor({ unmarshallOptions: { wrapNumbers: true } })
const document = (change: ItemDocument = {}): ItemDocument => ({
  id: 'order é',
  at: 1_700_000_000,
  card: '4111 1111',
  address: { lines: ['a street', null] },
  state: 'paid',
  ':note': 'unsigned',
  ...change,
})

describe('an item with plain values', () => {
  it('is encrypted and decrypted', async () => {
    const given = document()
    const { item, header } = await encryptor.encryptDocument(given)
    expect(given).toEqual(document())
    expect(item).toMatchObject({ id: 'order é', at: 1_700_000_000, state: 'paid' })
    expect(item['card']).toBeInstanceOf(Uint8Array)
    const opened = await encryptor.decryptDocument(item)
    expect(opened).toEqual({ item: document(), header })
  })

  it('is the same item as the one with attribute values', async () => {
    const { item } = await encryptor.encryptDocument(document())
    expect((await encryptor.decryptItem(marshall(item))).item).toEqual(plaintextItem())
    const { item: attributes } = await encryptor.encryptItem(plaintextItem())
    expect((await encryptor.decryptDocument(unmarshall(attributes))).item).toEqual(document())
  })

  it('may have values of all types', async () => {
    const address = {
      texts: new Set(['b', 'a']),
      numbers: new Set([2, 1]),
      binary: Uint8Array.of(1, 2),
      list: [true, null, { deep: [1.5, -2, 1e-7] }],
      large: 2n ** 70n,
    }
    const { item } = await encryptor.encryptDocument(document({ address }))
    expect((await encryptor.decryptDocument(item)).item['address']).toEqual(address)
  })

  it('comes back through a client with numbers that JavaScript does not hold', async () => {
    const exact = '12345678901234567890.123456789'
    for (const text of [exact, '0.1', '1e-100', '123456789012345678901234567890']) {
      const state = NumberValue.from(text)
      const { item } = await encryptor.encryptDocument(document({ state, ':note': state }))
      // What a DynamoDBDocumentClient makes of it when it writes, and DynamoDB keeps.
      const { item: opened } = await encryptor.decryptItem(marshall(item))
      expect(Number(opened['state']?.N)).toBe(Number(text))
      if (text === exact) expect(opened['state']).toEqual({ N: exact })
    }
  })

  const numbers = fc.oneof(
    fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }).map(String),
    fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 53n + 3n }).map(String),
    fc.nat({ max: 37 }).map((zeros) => String(10n ** BigInt(zeros))),
    fc
      .tuple(fc.bigInt({ min: 1n, max: 10n ** 38n - 1n }), fc.integer({ min: -130, max: 80 }))
      .map(([digits, exponent]) => `${digits}e${exponent}`)
      .map((text) => normalizeNumber(text, () => '0' as never))
      .filter((text) => text !== '0'),
  )

  it('with any numbers is what the SDK takes, and what decryptDocument takes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(numbers, { minLength: 1, maxLength: 4 }), async (texts) => {
        const one = NumberValue.from(texts[0] ?? '')
        const all = new Set(texts.map((text) => NumberValue.from(text)))
        const change = { at: one, card: all, state: all, address: one, ':note': all }
        const { item } = await encryptor.encryptDocument(document(change))
        const { item: opened } = await encryptor.decryptItem(marshall(item))
        const N = texts[0]
        expect(opened).toMatchObject({ at: { N }, address: { N } })
        for (const name of ['card', 'state', ':note']) {
          // One that is not signed is as the SDK writes it, for example 1e-7.
          const read = opened[name]?.NS?.map((text) => normalizeNumber(text, () => '' as never))
          expect(new Set(read)).toEqual(new Set(texts))
        }
        await exact.decryptDocument(item)
      }),
      { numRuns: 60 },
    )
  })

  it('may have a set of numbers of each kind, in any order, as it comes from a client', async () => {
    const members = [1, 12345678901234567890n, NumberValue.from('0.5')]
    for (const some of [members, members.toReversed(), [3n, 2], [2, 3n]]) {
      const state = new Set(some)
      const { item } = await encryptor.encryptDocument(document({ state, card: state }))
      // As a DynamoDBDocumentClient without options returns it.
      const { item: opened } = await encryptor.decryptDocument(unmarshall(marshall(item)))
      expect(new Set([...(opened['state'] as Set<unknown>)].map(String))).toEqual(
        new Set(some.map(String)),
      )
      expect(opened['card']).toEqual(opened['state'])
      await encryptor.encryptDocument(opened as ItemDocument)
    }
  })

  it('is converted as the options say', async () => {
    const lenient = encryptorFor({
      marshallOptions: { removeUndefinedValues: true, convertEmptyValues: true },
      unmarshallOptions: { wrapNumbers: (text) => `number ${text}` },
    })
    const { item } = await lenient.encryptDocument(document({ address: undefined, state: '' }))
    expect(item).not.toHaveProperty('address')
    const opened = await lenient.decryptDocument(item)
    expect(opened.item).toMatchObject({ at: 'number 1700000000', state: null })
  })

  it('verifies an empty text that was signed as one, whatever the options say', async () => {
    const { item } = await encryptor.encryptDocument(document({ state: '' }))
    const converting = encryptorFor({ marshallOptions: { convertEmptyValues: true } })
    expect((await converting.decryptDocument(item)).item['state']).toBe('')
  })

  it('keeps a key __proto__ for what it is', async () => {
    const tricky: Item = {
      ...plaintextItem(),
      address: { M: Object.fromEntries([['__proto__', { M: { admin: { BOOL: true } } }]]) },
    }
    const { item: attributes } = await encryptor.encryptItem(tricky)
    const stored = Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [name, unmarshall({ value })['value']]),
    )
    const { address } = (await encryptor.decryptDocument(stored)).item
    expect(Object.getPrototypeOf(address)).toBe(Object.prototype)
    expect(Object.entries(address as object)).toEqual([['__proto__', { admin: true }]])
    expect((address as { admin?: boolean }).admin).toBeUndefined()
  })

  it('keeps a key __proto__ when it is written, too', async () => {
    const map = Object.fromEntries<unknown>([
      ['__proto__', { admin: true }],
      ['b', 1],
    ])
    for (const name of ['card', 'state', ':note']) {
      const { item } = await encryptor.encryptDocument(document({ [name]: map as never }))
      const opened: unknown = (await encryptor.decryptDocument(item)).item[name]
      expect(Object.entries(opened as object)).toEqual(Object.entries(map))
    }
  })

  it('is written without what is undefined or a function, as DynamoDBDocumentClient does', async () => {
    const { item } = await encryptor.encryptDocument(
      document({ card: undefined, address: (() => undefined) as never }),
    )
    expect(item).not.toHaveProperty('card')
    expect((await encryptor.decryptDocument(item)).item).toEqual(
      without(document(), 'card', 'address'),
    )
  })

  it('may have a Map for a map, and an instance of a class if the options allow it', async () => {
    class Street {
      number = { text: '1' }
      none = undefined
    }
    const lenient = encryptorFor({
      marshallOptions: { convertClassInstanceToMap: true, removeUndefinedValues: true },
    })
    const address = new Map<string, unknown>([['street', new Street()]])
    const { item } = await lenient.encryptDocument(document({ address: address as never }))
    const opened = (await encryptor.decryptDocument(item)).item
    expect(opened['address']).toEqual({ street: { number: { text: '1' } } })
  })

  const cycle: unknown[] = []
  cycle.push(cycle)
  it.each<[string, unknown, string, RegExp]>([
    ['undefined within', { a: undefined }, 'card{0}', /is undefined.*removeUndefinedValues/],
    ['an instance of a class', new URL('https://4111.example'), 'card', /instance of a class/],
    ['what is not finite', Number.NaN, 'card', /NaN or infinite/],
    ['an empty set', new Set(), 'card', /empty set/],
    ['an inexact number', 4111_1111_1111_1111_1111, 'card', /exactly.*NumberValue/],
    ['an inexact number within', { b: 1, 4111: [0, 2 ** 60] }, 'card{0}[1]', /exactly/],
    ['a set of this and that', new Set([1, '4111']), 'card', /set of numbers, and of something/],
    ['a set of what has no sets', new Set([{ a: '4111' }]), 'card', /all texts, all numbers/],
    ['a Map with one key in two ways', new Map([[4111, 1], ['4111' as never, 2]]), 'card', /Map/], // prettier-ignore
    ['itself within', cycle, `card${'[0]'.repeat(32)}`, /deeper than 32 levels/],
  ])('is refused with %s, by its place and without its value', async (_, card, place, why) => {
    const given = document({ card: card as never })
    const error = await failure(() => encryptor.encryptDocument(given))
    expect(error).toMatchObject({ code: 'ERR_ITEM', attribute: place })
    expect(error.message).toMatch(why)
    expect(`${error.message}${String(error.cause)}`).not.toMatch(/4111/)
  })

  it('that was stored is refused as malformed', async () => {
    const { item } = await encryptor.encryptDocument(document())
    const error = await failure(() => encryptor.decryptDocument({ ...item, state: Number.NaN }))
    expect(error).toMatchObject({ code: 'ERR_MALFORMED_ITEM', attribute: 'state' })
  })

  it('is not handed out with a number that has no plain value, which the error does not hold', async () => {
    const { item } = await encryptor.encryptDocument(
      document({ card: NumberValue.from('41111111111111111111.5') }),
    )
    const error = await failure(() => encryptor.decryptDocument(item))
    expect(error).toMatchObject({ code: 'ERR_ITEM', attribute: 'card' })
    expect(error.message).toMatch(/wrapNumbers/)
    expect(`${error.message}${String(error.cause)}`).not.toMatch(/4111/)
    const wrapping = encryptorFor({ unmarshallOptions: { wrapNumbers: true } })
    const { card } = (await wrapping.decryptDocument(item)).item
    expect(String(card)).toBe('41111111111111111111.5')
  })
})
