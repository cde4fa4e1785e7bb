import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import { NumberValue } from '@aws-sdk/lib-dynamodb'
import { describe, expect, it } from 'vitest'
import type { Item, ItemDocument } from '../../../src/dynamodb.ts'
import { encryptorFor, plaintextItem } from '../../support/dynamodb/item-encryptors.ts'
import { failure } from '../../support/materials.ts'

const encryptor = encryptorFor()
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
    const { item } = await encryptor.encryptItem(tricky)
    const opened = await encryptor.decryptDocument(item).catch(() => undefined)
    expect(opened).toBeUndefined() // attribute values are no plain values
    const { item: attributes } = await encryptor.encryptItem(tricky)
    const stored = Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [name, unmarshall({ value })['value']]),
    )
    const { address } = (await encryptor.decryptDocument(stored)).item
    expect(Object.getPrototypeOf(address)).toBe(Object.prototype)
    expect(Object.entries(address as object)).toEqual([['__proto__', { admin: true }]])
    expect((address as { admin?: boolean }).admin).toBeUndefined()
  })

  it.each<[string, ItemDocument]>([
    ['undefined', { card: undefined }],
    ['an instance of a class', { card: new URL('https://4111.example') }],
    ['what is not finite', { card: Number.NaN }],
    ['an empty set', { card: new Set() }],
    ['an inexact number', { card: 4111_1111_1111_1111_1111 }],
  ])('is refused with %s, by its name and without its value', async (_, change) => {
    const error = await failure(() => encryptor.encryptDocument(document(change)))
    expect(error).toMatchObject({ code: 'ERR_ITEM', attribute: 'card' })
    expect(`${error.message}${String(error.cause)}`).not.toMatch(/4111/)
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
