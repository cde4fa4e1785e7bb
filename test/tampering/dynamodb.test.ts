import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import type { Item } from '../../src/dynamodb.ts'
import { MultiKeyring, TamperedMessageError } from '../../src/index.ts'
import {
  type ConfigChange,
  aesKeyring,
  encryptorFor,
  itemSuites,
  plaintextItem,
  signedSuite,
  unsignedSuite,
  version2,
} from '../support/dynamodb/item-encryptors.ts'
import { failure } from '../support/materials.ts'
import { type Case, flipped, refusals, replaced, resized } from './dynamodb-harness.ts'

// An item is worth as much as its weakest part: whatever of it is changed, it does not open.

const head = 'aws_dbe_head'
const foot = 'aws_dbe_foot'
const encrypted = ['card', 'address']
const signed = ['id', 'at', 'state']
/** What a refusal of something changed may say. */
const expected = new Set([
  'ERR_AUTHENTICATION',
  'ERR_COMMITMENT',
  'ERR_SIGNATURE',
  'ERR_MALFORMED_ITEM',
  'ERR_UNWRAP_FAILED',
  'ERR_ENCRYPTION_CONTEXT_MISMATCH',
])

/** Thousands of signatures are verified, which on a busy machine takes its time. */
const timeout = 300_000

/** Two data keys, so that there are two HMACs, and either keyring alone suffices. */
const keyring = new MultiKeyring({ generator: aesKeyring('a'), children: [aesKeyring('b')] })
const version1: ConfigChange = {}

describe.each([
  ['version 1, unsigned', { ...version1, algorithmSuite: unsignedSuite }],
  ['version 1, signed', { ...version1, algorithmSuite: signedSuite }],
  ['version 2, unsigned', { ...version2, algorithmSuite: unsignedSuite }],
  ['version 2, signed', { ...version2, algorithmSuite: signedSuite }],
] as const)('an item of %s', (_, change: ConfigChange) => {
  const encryptor = encryptorFor({ ...change, keyring })
  const original = encryptor.encryptItem(plaintextItem())

  async function refused(cases: (item: Item) => Iterable<Case>): Promise<number> {
    const { item } = await original
    const codes = await refusals(encryptor, cases(item))
    expect([...codes.keys()].filter((code) => !expected.has(code))).toEqual([])
    return [...codes.values()].reduce((sum, count) => sum + count, 0)
  }

  it('opens as it was', async () => {
    const { item } = await original
    expect((await encryptor.decryptItem(item)).item).toEqual(plaintextItem())
  })

  it.each([head, foot, ...encrypted, ...signed])(
    'has no bit of %s flipped',
    { timeout },
    async (name) => {
      const { item } = await original
      const bytes = item[name]?.B?.length
      // An HMAC of another recipient may be wrong: one that fits suffices (footer.md).
      const cases = [...flipped(item, name)]
      const others = name === foot ? otherRecipient(cases) : []
      const tried = await refused(() => cases.filter((each) => !others.includes(each)))
      if (bytes !== undefined) expect(tried + others.length).toBe(bytes * 8)
      expect(tried).toBeGreaterThan(0)
    },
  )

  it.each([head, foot, ...encrypted])('has %s as long as it was', async (name) => {
    await refused((item) => resized(item, name))
  })

  it('has all its attributes', async () => {
    const names = [head, foot, ...encrypted, ...signed]
    const tried = await refused((item) =>
      names.map((name) => ({ what: `without ${name}`, item: replaced(item, name, undefined) })),
    )
    expect(tried).toBe(names.length)
  })

  it('has no attribute added', async () => {
    await refused((item) => [
      { what: 'one of another name', item: { ...item, added: { S: 'x' } } },
      { what: 'one of the configuration', item: { ...item, Card: { S: 'x' } } },
      {
        what: 'one named like something of every object',
        item: Object.fromEntries([...Object.entries(item), ['__proto__', { S: 'x' }]]),
      },
      { what: 'a copy of an encrypted one', item: { ...item, card2: item['card'] ?? { S: '' } } },
    ])
  })

  it('has no attribute under the name of another', async () => {
    const names = [head, foot, ...encrypted, ...signed]
    await refused((item) =>
      names.flatMap((one, index) =>
        names.slice(index + 1).map((other) => {
          const [first, second] = [item[one], item[other]]
          return {
            what: `${one} and ${other} exchanged`,
            item: replaced(replaced(item, one, second), other, first),
          }
        }),
      ),
    )
    await refused((item) =>
      [...encrypted, ...signed].map((name) => ({
        what: `${name} renamed`,
        item: { ...replaced(item, name, undefined), renamed: item[name] ?? { S: '' } },
      })),
    )
  })

  it('has no attribute of another type', async () => {
    await refused((item) =>
      [...encrypted, ...signed].flatMap((name) => {
        const { S, N, B } = item[name] ?? {}
        const bytes = Buffer.from(B ?? S ?? N ?? '')
        const text = bytes.toString('latin1')
        const types: AttributeValue[] = [
          { S: text },
          { B: bytes },
          { SS: [text] },
          { BS: [bytes] },
          { L: [{ S: text }] },
          { M: { [name]: { S: text } } },
          { BOOL: true },
          { NULL: true },
          ...(/^[0-9]+$/.test(text) ? [{ N: text }, { NS: [text] }] : []),
        ]
        const same = Object.keys(item[name] ?? {})[0]
        return types
          .filter((value) => Object.keys(value)[0] !== same)
          .map((value) => ({
            what: `${name} as ${Object.keys(value).join('')}`,
            item: replaced(item, name, value),
          }))
      }),
    )
  })

  it('has no attribute of another item, be it the same one encrypted once more', async () => {
    for (const plaintext of [plaintextItem(), plaintextItem({ id: { S: 'another' } })]) {
      const { item: other } = await encryptor.encryptItem(plaintext)
      const names = [head, foot, ...encrypted, ...signed]
      const { item } = await original
      const differing = names.filter(
        (name) => JSON.stringify(item[name]) !== JSON.stringify(other[name]),
      )
      expect(differing).toEqual(expect.arrayContaining([head, foot, ...encrypted]))
      await refused(() =>
        differing.map((name) => ({
          what: `${name} of another item`,
          item: replaced(item, name, other[name]),
        })),
      )
      await refused(() => [
        {
          what: 'header and footer of another item',
          item: { ...item, [head]: other[head] ?? { S: '' }, [foot]: other[foot] ?? { S: '' } },
        },
      ])
    }
  })

  it('is of no other table, and under no other key', async () => {
    const { item } = await original
    const elsewhere = encryptorFor({ ...change, keyring, logicalTableName: 'orders2' })
    const codes = await refusals(elsewhere, [{ what: 'in another table', item }])
    expect([...codes.keys()]).toEqual(['ERR_UNWRAP_FAILED'])
    await refused(() => [
      { what: 'another partition key', item: replaced(item, 'id', { S: 'order e' }) },
      { what: 'another sort key', item: replaced(item, 'at', { N: '1700000001' }) },
      {
        what: 'keys exchanged',
        item: { ...item, id: item['at'] ?? { S: '' }, at: item['id'] ?? { S: '' } },
      },
    ])
  })

  it('is not opened where something signed is said to be unsigned', async () => {
    const { item } = await original
    const actions = Object.entries(version2.attributeActionsOnEncrypt ?? {})
    const wider = encryptorFor({
      ...version2,
      attributeActionsOnEncrypt: Object.fromEntries(actions.filter(([name]) => name !== 'card')),
      keyring,
      allowedUnsignedAttributes: [':note', 'card'],
    })
    expect(await failure(() => wider.decryptItem(item))).toBeInstanceOf(TamperedMessageError)
  })
})

/** Of the bits of a footer, those of the HMAC of the second data key, which its first recipient does not need. */
function otherRecipient(cases: readonly Case[]): readonly Case[] {
  return cases.slice(48 * 8, 2 * 48 * 8)
}

describe('the footer of an item for two recipients', () => {
  it.each(itemSuites)('is not whole without the HMAC of who reads it, with %s', async (suite) => {
    const encryptor = encryptorFor({ keyring, algorithmSuite: suite })
    const { item } = await encryptor.encryptItem(plaintextItem())
    const bytes = Buffer.from(item[foot]?.B ?? [])
    const broken = (recipient: number) => {
      const B = Buffer.from(bytes)
      B.writeUInt8(B.readUInt8(recipient * 48) ^ 1, recipient * 48)
      return { ...item, [foot]: { B } }
    }
    const readers = ['a', 'b'].map((name) => encryptorFor({ keyring: aesKeyring(name) }))
    for (const [index, reader] of readers.entries()) {
      const own = { what: `the HMAC of recipient ${index}`, item: broken(index) }
      expect([...(await refusals(reader, [own])).keys()]).toEqual(['ERR_AUTHENTICATION'])
    }
    const other = await Promise.all(
      readers.map((reader, index) => failureOf(() => reader.decryptItem(broken(1 - index)))),
    )
    // Its signature, if there is one, is over the attributes, and not over the HMACs.
    expect(other).toEqual([undefined, undefined])
  })
})

async function failureOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work()
    return undefined
  } catch (error) {
    return error
  }
}
