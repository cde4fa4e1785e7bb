import { describe, expect, it } from 'vitest'
import { type Item, ItemError } from '../../../src/dynamodb.ts'
import { InvalidArgumentError, TamperedMessageError } from '../../../src/index.ts'
import {
  encryptorFor,
  itemSuites,
  plaintextItem,
  unsignedSuite,
  version2,
  without,
} from '../../support/dynamodb/item-encryptors.ts'
import { failure } from '../../support/materials.ts'

const encryptor = encryptorFor()
const inContext = 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT'

/** A copy down to the last byte, to be compared with. */
const copy = (item: Item): Item => structuredClone(item)

describe('an encrypted item', () => {
  it('keeps what is signed, hides what is encrypted, and has a header and a footer', async () => {
    const { item } = await encryptor.encryptItem(plaintextItem())
    const { card, address, aws_dbe_head: head, aws_dbe_foot: foot, ...rest } = item
    expect(rest).toEqual(without(plaintextItem(), 'card', 'address'))
    for (const value of [card, address, head, foot]) expect(value?.B).toBeInstanceOf(Uint8Array)
    expect(Buffer.from(card?.B ?? []).includes('4111')).toBe(false)
    expect(Object.keys(item)).toEqual([
      ...Object.keys(plaintextItem()),
      'aws_dbe_head',
      'aws_dbe_foot',
    ])
  })

  it('says by its header what it is', async () => {
    for (const algorithmSuite of itemSuites) {
      const { item, header } = await encryptorFor({ algorithmSuite }).encryptItem(plaintextItem())
      expect(header).toMatchObject({
        version: 1,
        algorithmSuite,
        attributeActions: {
          id: 'SIGN_ONLY',
          at: 'SIGN_ONLY',
          card: 'ENCRYPT_AND_SIGN',
          address: 'ENCRYPT_AND_SIGN',
          state: 'SIGN_ONLY',
        },
        encryptionContext: {
          'aws-crypto-table-name': 'orders',
          'aws-crypto-partition-name': 'id',
          'aws-crypto-sort-name': 'at',
        },
      })
      expect(header?.attributeActions).not.toHaveProperty(':note')
      expect(header?.encryptedDataKeys.map(({ providerId }) => providerId)).toEqual(['items'])
      expect((await encryptor.decryptItem(item)).header).toEqual(header)
    }
  })

  it('of version 2 binds what its configuration puts into the encryption context', async () => {
    const { item, header } = await encryptorFor(version2).encryptItem(plaintextItem())
    expect(header?.version).toBe(2)
    expect(header?.encryptionContext).toMatchObject({
      'aws-crypto-attr.id': 'order é',
      'aws-crypto-attr.state': 'paid',
      'aws-crypto-legend': 'NSS',
    })
    expect((await encryptorFor(version2).decryptItem(item)).item).toEqual(plaintextItem())
    // The configuration of whoever reads need not say so: the header does.
    expect((await encryptor.decryptItem(item)).item).toEqual(plaintextItem())
  })

  it('does not store what it is bound to', async () => {
    for (const change of [{}, version2]) {
      const { item } = await encryptorFor(change).encryptItem(plaintextItem())
      const head = Buffer.from(item['aws_dbe_head']?.B ?? [])
      for (const text of ['orders', 'aws-crypto-table-name', 'aws-crypto-attr']) {
        expect(head.includes(text)).toBe(false)
      }
      expect(head.includes('aws-crypto-public-key')).toBe(true)
    }
  })

  it('is read whatever has become of the actions, as long as the same is signed', async () => {
    const { item } = await encryptor.encryptItem(plaintextItem())
    const changed = encryptorFor({
      algorithmSuite: unsignedSuite,
      attributeActionsOnEncrypt: { id: 'SIGN_ONLY', at: 'SIGN_ONLY', state: 'ENCRYPT_AND_SIGN' },
    })
    expect((await changed.decryptItem(item)).item).toEqual(plaintextItem())
  })

  it('may have its unsigned attributes changed, added and removed', async () => {
    const encryptor = encryptorFor({ allowedUnsignedAttributePrefix: 'x-' })
    const { item } = await encryptor.encryptItem(plaintextItem({ 'x-1': { S: 'gone' } }))
    const changed = { ...without(item, 'x-1'), ':note': { N: '1' }, 'x-2': { BOOL: true } }
    expect((await encryptor.decryptItem(changed)).item).toEqual({
      ...plaintextItem({ ':note': { N: '1' } }),
      'x-2': { BOOL: true },
    })
  })

  it('is read with the beacons and the version tag that AWS libraries add, without them', async () => {
    const { item } = await encryptor.encryptItem(plaintextItem())
    const searchable = { ...item, aws_dbe_v_1: { S: ' ' }, aws_dbe_b_card: { S: 'a1' } }
    expect((await encryptor.decryptItem(searchable)).item).toEqual(plaintextItem())
  })

  it('may have any names, those of every object among them', async () => {
    const names = ['__proto__', 'constructor', 'toString', '\u{1f511}', 'é', '\uff61', ' ', '"']
    const actions = names.map((name) => [name, 'ENCRYPT_AND_SIGN'] as const)
    const encryptor = encryptorFor({
      attributeActionsOnEncrypt: Object.fromEntries([
        ['id', 'SIGN_ONLY'],
        ['at', 'SIGN_ONLY'],
        [':note', 'DO_NOTHING'],
        ...actions,
      ]),
    })
    const values = names.map((name) => [name, { M: { ['__proto__']: { S: name } } }] as const)
    const given = Object.fromEntries([['id', { S: '1' }], ['at', { N: '1' }], ...values]) as Item
    const { item, header } = await encryptor.encryptItem(given)
    expect(Object.keys(header?.attributeActions ?? {})).toEqual(expect.arrayContaining(names))
    const opened = await encryptor.decryptItem(item)
    expect(Object.keys(opened.item)).toEqual(Object.keys(given))
    expect(Object.getPrototypeOf(opened.item)).toBe(Object.prototype)
    for (const [name, value] of values) {
      expect(Object.getOwnPropertyDescriptor(opened.item, name)?.value).toEqual(value)
    }
  })
})

describe('what the caller gives', () => {
  it('is not changed, and nothing that is returned is a part of it', async () => {
    const given = plaintextItem({ card: { B: Uint8Array.of(1, 2, 3) }, state: { SS: ['b', 'a'] } })
    const before = copy(given)
    const { item } = await encryptor.encryptItem(given)
    expect(given).toEqual(before)
    const stored = copy(item)
    const { item: opened } = await encryptor.decryptItem(item)
    expect(item).toEqual(stored)
    opened['state']?.SS?.push('c')
    opened['card']?.B?.fill(0)
    expect(item).toEqual(stored)
  })

  it('is what was there when the call began, whatever becomes of it then', async () => {
    const given = plaintextItem({ state: { L: [{ S: 'paid' }] }, card: { B: Uint8Array.of(1) } })
    const before = copy(given)
    const encryption = encryptor.encryptItem(given)
    given['state']?.L?.push({ S: 'more' })
    given['card']?.B?.fill(9)
    given['id'] = { S: 'another' }
    const { item } = await encryption
    const stored = copy(item)
    const decryption = encryptor.decryptItem(item)
    item['state']?.L?.push({ S: 'more' })
    for (const name of ['card', 'aws_dbe_head', 'aws_dbe_foot']) item[name]?.B?.fill(0)
    delete item['at']
    expect((await decryption).item).toEqual(before)
    expect((await encryptor.decryptItem(stored)).item).toEqual(before)
  })

  it('is numbers and sets as they are stored', async () => {
    const given = plaintextItem({ state: { N: '+01.50e1' }, card: { SS: ['b', 'a'] } })
    const { item } = await encryptor.encryptItem(given)
    expect(item['state']).toEqual({ N: '15' })
    expect((await encryptor.decryptItem(item)).item).toMatchObject({
      state: { N: '15' },
      card: { SS: ['a', 'b'] },
    })
  })
})

describe('an item that cannot be encrypted', () => {
  // What is wrong, the item, the attribute that the error names, and a part of its message.
  const wrong: [string, Item, string, RegExp][] = [
    ['lacks its partition key', without(plaintextItem(), 'id'), 'id', /lacks the attribute "id"/],
    ['lacks its sort key', without(plaintextItem(), 'at'), 'at', /lacks the attribute "at"/],
    [
      'has an attribute without an action',
      plaintextItem({ total: { N: '1' } }),
      'total',
      /"total" has no action: name it in attributeActionsOnEncrypt/,
    ],
    [
      'has one that is named like something of every object',
      plaintextItem({ constructor: { S: 'x' } }),
      'constructor',
      /"constructor" has no action/,
    ],
    [
      'has a header',
      plaintextItem({ aws_dbe_head: { B: Uint8Array.of(1) } }),
      'aws_dbe_head',
      /decrypt the item first/,
    ],
    ['has a beacon', plaintextItem({ aws_dbe_b_x: { S: '1' } }), 'aws_dbe_b_x', /leave it out/],
    ['has a lone surrogate', plaintextItem({ '\ud800': { S: '1' } }), '\ud800', /lone surrogate/],
    ['has two types', plaintextItem({ card: { S: '', N: '' } as never }), 'card', /two types/],
    [
      'has a number that is none',
      plaintextItem({ address: { L: [{ N: 'SECRET' }] } }),
      'address[0]',
      /is no number/,
    ],
  ]

  it.each(wrong)('%s', async (_, item, attribute, message) => {
    const error = await failure(() => encryptor.encryptItem(item))
    expect(error).toBeInstanceOf(ItemError)
    expect(error).toMatchObject({ code: 'ERR_ITEM', attribute })
    expect(error.message).toMatch(message)
    expect(error.message).not.toMatch(/SECRET/)
  })

  it('lacks what is in the encryption context', async () => {
    const error = await failure(() =>
      encryptorFor(version2).encryptItem(without(plaintextItem(), 'state')),
    )
    expect(error).toMatchObject({ code: 'ERR_ITEM', attribute: 'state' })
    expect(error.message).toContain(inContext)
  })

  it.each([[undefined], [null], ['item'], [[]], [new Map()]])('is none: %s', async (item) => {
    for (const call of [
      () => encryptor.encryptItem(item as never),
      () => encryptor.decryptItem(item as never),
      () => encryptor.encryptDocument(item as never),
      () => encryptor.decryptDocument(item as never),
    ]) {
      expect(await failure(call)).toBeInstanceOf(InvalidArgumentError)
    }
  })

  it('comes with a misspelt option', async () => {
    const options = { abortSignal: undefined } as never
    expect(await failure(() => encryptor.encryptItem(plaintextItem(), options))).toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      field: 'abortSignal',
    })
  })
})

describe('an item that cannot be decrypted', () => {
  const binary = { B: Uint8Array.of(1) }
  const legacy = { '*amzn-ddb-map-desc*': binary, '*amzn-ddb-map-sig*': binary }

  // What is wrong, what becomes of the encrypted item, the code and a part of the message.
  const wrong: [string, (item: Item) => Item, string, RegExp][] = [
    ['is plaintext', () => plaintextItem(), 'ERR_PLAINTEXT_ITEM', /plaintextOverride/],
    ['is of the old client', () => plaintextItem(legacy), 'ERR_LEGACY_ITEM', /predecessor/],
    ['lacks its partition key', (item) => without(item, 'id'), 'ERR_MALFORMED_ITEM', /projection/],
    ['lacks its sort key', (item) => without(item, 'at'), 'ERR_MALFORMED_ITEM', /projection/],
    [
      'lacks its header',
      (item) => without(item, 'aws_dbe_head'),
      'ERR_MALFORMED_ITEM',
      /aws_dbe_head is missing/,
    ],
    [
      'lacks its footer',
      (item) => without(item, 'aws_dbe_foot'),
      'ERR_MALFORMED_ITEM',
      /aws_dbe_foot is missing/,
    ],
    [
      'has a header of text',
      (item) => ({ ...item, aws_dbe_head: { S: 'head' } }),
      'ERR_MALFORMED_ITEM',
      /has to be bytes/,
    ],
    [
      'has a footer of text',
      (item) => ({ ...item, aws_dbe_foot: { S: 'foot' } }),
      'ERR_MALFORMED_ITEM',
      /has to be bytes/,
    ],
    [
      'has an empty header',
      (item) => ({ ...item, aws_dbe_head: { B: new Uint8Array() } }),
      'ERR_MALFORMED_ITEM',
      /./,
    ],
    [
      'has a header of another version',
      (item) => ({ ...item, aws_dbe_head: { B: Uint8Array.of(3, 1) } }),
      'ERR_MALFORMED_ITEM',
      /version/,
    ],
    [
      'has an empty footer',
      (item) => ({ ...item, aws_dbe_foot: { B: new Uint8Array() } }),
      'ERR_MALFORMED_ITEM',
      /./,
    ],
  ]

  it.each(wrong)('%s', async (_, change, code, message) => {
    const { item } = await encryptor.encryptItem(plaintextItem())
    const error = await failure(() => encryptor.decryptItem(change(item)))
    expect(error).toBeInstanceOf(ItemError)
    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
  })

  it('lacks an attribute that was signed', async () => {
    const { item } = await encryptor.encryptItem(plaintextItem())
    const error = await failure(() => encryptor.decryptItem(without(item, 'card')))
    expect(error).toBeInstanceOf(TamperedMessageError)
    expect(error.message).toMatch(/4 attributes.*5 were signed/)
  })

  it('is of another table, of another name of its key, or of a table with a sort key', async () => {
    const { item } = await encryptorFor({ sortKeyName: undefined }).encryptItem(plaintextItem())
    for (const change of [
      { logicalTableName: 'Orders', sortKeyName: undefined },
      { partitionKeyName: 'at', sortKeyName: undefined },
      {},
    ]) {
      await expect(encryptorFor(change).decryptItem(item)).rejects.toMatchObject({
        code: 'ERR_UNWRAP_FAILED',
      })
    }
  })
})
