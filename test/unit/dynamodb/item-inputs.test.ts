import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import { describe, expect, it, vi } from 'vitest'
import type { Item } from '../../../src/dynamodb.ts'
import { withWriter } from '../../../src/dynamodb/values/value-writer.ts'
import {
  type CryptographicMaterialsManager,
  DefaultCmm,
  InvalidArgumentError,
  MultiKeyring,
} from '../../../src/index.ts'
import {
  aesKeyring,
  encryptorFor,
  plaintextItem,
  without,
} from '../../support/dynamodb/item-encryptors.ts'
import { failure } from '../../support/materials.ts'

const encryptor = encryptorFor()
const { item: stored } = await encryptor.encryptItem(plaintextItem())

/** As events of Lambda have it. */
const image = Object.fromEntries(
  Object.entries(stored).map(([name, { B, ...rest }]) => [
    name,
    B ? { B: Buffer.from(B).toString('base64') } : rest,
  ]),
) as unknown as Item

describe('an item in another form than that of the method', () => {
  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['of an event', () => encryptor.decryptItem(image), /is text.*base64: decode/],
    ['of an event, unmarshalled', () => encryptor.decryptDocument(unmarshall(image)), /base64/],
    ['plain', () => encryptor.decryptItem(unmarshall(stored)), /plain value.*use decryptDocument/],
    [
      'of attribute values',
      () => encryptor.decryptDocument(stored),
      /attribute value.*use decryptItem/,
    ],
    [
      'without its header',
      () => encryptor.decryptItem(without(stored, 'aws_dbe_head')),
      /missing: read the item whole/,
    ],
    [
      'with a number for its header',
      () => encryptor.decryptItem({ ...stored, aws_dbe_head: { N: '1' } }),
      /aws_dbe_head is not binary$/,
    ],
  ])('%s', async (_, decrypt, message) => {
    const error = await failure(decrypt)
    expect(error).toMatchObject({ code: 'ERR_MALFORMED_ITEM', attribute: 'aws_dbe_head' })
    expect(error.message).toMatch(message)
  })
})

describe('a stored item', () => {
  it.each<[string, Item, string]>([
    ['with a value that is none', { state: { S: 5 } as never }, 'state'],
    ['with two types', { state: { S: '', N: '1' } as never }, 'state'],
    ['with a name that has a lone surrogate', { '\ud800': { S: '' } }, '\ud800'],
  ])('%s is malformed', async (_, change, attribute) => {
    const error = await failure(() => encryptor.decryptItem({ ...stored, ...change }))
    expect(error).toMatchObject({ code: 'ERR_MALFORMED_ITEM', attribute })
  })

  it('of the old client is known by either of its attributes', async () => {
    const allow = encryptorFor({ plaintextOverride: 'FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ' })
    for (const name of ['*amzn-ddb-map-desc*', '*amzn-ddb-map-sig*']) {
      const item = plaintextItem({ [name]: { B: Uint8Array.of(0) } })
      expect(await failure(() => allow.decryptItem(item))).toMatchObject({
        code: 'ERR_LEGACY_ITEM',
      })
    }
  })
})

it.each([{}, 'x', null, new EventTarget()])(
  'a signal that is none is refused: %s',
  async (none) => {
    const signal = none as never
    for (const call of [
      () => encryptor.encryptItem(plaintextItem(), { signal }),
      () => encryptor.decryptItem(stored, { signal }),
      () => encryptor.encryptDocument(unmarshall(plaintextItem()), { signal }),
      () => encryptor.decryptDocument(unmarshall(stored), { signal }),
    ]) {
      const error = await failure(call)
      expect(error).toBeInstanceOf(InvalidArgumentError)
      expect(error).toMatchObject({ field: 'signal' })
    }
  },
)

describe('maxEncryptedDataKeys', () => {
  const keyring = new MultiKeyring({ generator: aesKeyring(), children: [aesKeyring('b')] })
  const underlying = new DefaultCmm({ keyring })
  let asked = 0
  const cmm: CryptographicMaterialsManager = {
    getEncryptionMaterials: (request) => underlying.getEncryptionMaterials(request),
    decryptMaterials: (request) => {
      asked++
      return underlying.decryptMaterials(request)
    },
  }
  const [one, two] = [1, 2].map((maxEncryptedDataKeys) =>
    encryptorFor({ cmm, maxEncryptedDataKeys }),
  ) as [typeof encryptor, typeof encryptor]
  const refused = {
    code: 'ERR_TOO_MANY_DATA_KEYS',
    message: 'The item has 2 encrypted data keys, and maxEncryptedDataKeys is 1',
  }

  it('refuses to write an item with more', async () => {
    expect(await failure(() => one.encryptItem(plaintextItem()))).toMatchObject(refused)
    expect((await two.encryptItem(plaintextItem())).header?.encryptedDataKeys).toHaveLength(2)
  })

  it('refuses an item with more before a keyring is asked', async () => {
    const { item } = await two.encryptItem(plaintextItem())
    expect(await failure(() => one.decryptItem(item))).toMatchObject(refused)
    expect(asked).toBe(0)
    expect((await two.decryptItem(item)).item).toEqual(plaintextItem())
    expect((await one.decryptItem(stored)).item).toEqual(plaintextItem())
  })
})

it('a CMM is told how many bytes are encrypted, with their type ids', async () => {
  const underlying = new DefaultCmm({ keyring: aesKeyring() })
  let told: number | undefined
  const cmm: CryptographicMaterialsManager = {
    getEncryptionMaterials: (request) => {
      told = request.maxPlaintextLength
      return underlying.getEncryptionMaterials(request)
    },
    decryptMaterials: (request) => underlying.decryptMaterials(request),
  }
  const { id, at } = plaintextItem()
  const item = { id, at, card: { S: '12345' }, address: { B: Uint8Array.of(1) }, state: { S: 'x' } }
  await encryptorFor({ cmm }).encryptItem(item as Item)
  expect(told).toBe(2 + 5 + 2 + 1)
})

it('bytes of values are overwritten when they have been handed on', () => {
  const made: Buffer[] = []
  const alloc = Buffer.alloc.bind(Buffer)
  const spy = vi.spyOn(Buffer, 'alloc').mockImplementation((size: number) => {
    const buffer = alloc(size)
    made.push(buffer)
    return buffer
  })
  try {
    // Within another, so that it is a writer of its own.
    withWriter(() =>
      withWriter((writer) => {
        writer.text('secret')
        writer.text('secret'.repeat(1000))
        expect(Buffer.from(writer.copy()).toString()).toBe('secret'.repeat(1001))
      }),
    )
  } finally {
    spy.mockRestore()
  }
  expect(made.length).toBeGreaterThanOrEqual(2)
  for (const buffer of made) expect(buffer.every((byte) => byte === 0)).toBe(true)
})

it('an item that was marshalled by the SDK is the same', async () => {
  expect((await encryptor.decryptItem(marshall(unmarshall(stored)))).item).toEqual(plaintextItem())
})
