import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nodeBackend } from '../../../src/index.ts'
import { nobleBackend } from '../../../src/noble.ts'
import { parseHeader } from '../../../src/structured/header.ts'
import type { Field } from '../../../src/structured/structure.ts'
import { failure } from '../../support/materials.ts'
import { names } from '../../support/dynamodb/items.ts'
import {
  aesKeyring,
  boundTo,
  decrypt,
  encrypt,
  field,
  materialsFor,
  plain,
  severalKeys,
  signed,
  store,
  tableName,
  unsigned,
} from './harness.ts'

const suites = [unsigned, signed]
const backends = [nodeBackend, nobleBackend]
const keyring = aesKeyring()
const fields = [
  field('id', 'SIGN_ONLY'),
  field('card', 'ENCRYPT_AND_SIGN'),
  field('empty', 'ENCRYPT_AND_SIGN', ''),
  field('addr', 'ENCRYPT_AND_SIGN'),
]

describe.each(suites)('$name', (suite) => {
  for (const writer of backends) {
    for (const reader of backends) {
      it(`reads with ${reader.name} what it wrote with ${writer.name}`, async () => {
        const stored = await encrypt(keyring, fields, { suite, backend: writer })
        expect(await decrypt(keyring, stored, { backend: reader })).toEqual(plain(fields))
      })
    }
  }

  it('says in the header what was done, and stores no pair that is required', async () => {
    const stored = await encrypt(keyring, fields, { suite })
    const header = parseHeader(stored.header)
    expect(header).toMatchObject({ version: 1, suite })
    // id, addr, card, empty: the shorter names come first.
    expect(Buffer.from(header.legend).toString()).toBe('seee')
    const expected = suite.signature ? ['aws-crypto-public-key'] : []
    expect(Object.keys(header.encryptionContext)).toEqual(expected)
  })

  it('encrypts the same twice to nothing in common', async () => {
    const [first, second] = [
      await encrypt(keyring, fields, { suite }),
      await encrypt(keyring, fields, { suite }),
    ]
    const parts = ({ header, footer, fields: all }: typeof first) => [
      parseHeader(header).messageId,
      footer,
      ...all.filter(({ typeId }) => typeId === 0xffff).map(({ value }) => value.subarray(2)),
    ]
    for (const [index, part] of parts(first).entries()) {
      expect(Buffer.from(part).equals(parts(second)[index] ?? part)).toBe(false)
    }
  })

  it('is read by whoever holds any one of its keys', async () => {
    const { keyring: all, each } = severalKeys(3)
    const stored = await encrypt(all, fields, { suite })
    expect(stored.footer).toHaveLength(3 * 48 + (suite.signature ? 103 : 0))
    for (const one of each) expect(await decrypt(one, stored)).toEqual(plain(fields))
    expect(await failure(() => decrypt(aesKeyring(), stored))).toMatchObject({
      code: 'ERR_UNWRAP_FAILED',
    })
  })
})

it('keeps nothing of the caller’s, and changes nothing of it', async () => {
  const given = fields.map((each) => ({ ...each, value: Buffer.from(each.value) }))
  const before = structuredClone(given)
  const stored = await encrypt(keyring, given)
  expect(structuredClone(given)).toEqual(before)
  for (const { action, value } of given) if (action === 'ENCRYPT_AND_SIGN') value.fill(0)
  expect(await decrypt(keyring, stored)).toEqual(plain(fields))
})

it('takes values that are views of something larger', async () => {
  const around = Buffer.from('[what is meant]')
  const one: Field = { ...field('card', 'ENCRYPT_AND_SIGN'), value: around.subarray(1, -1) }
  const stored = await encrypt(keyring, [one])
  const wide = Buffer.concat([Buffer.from('xx'), stored.footer, Buffer.from('yy')])
  const views = { ...stored, footer: wide.subarray(2, -2) }
  expect((await decrypt(keyring, views)).get('card')?.value.toString()).toBe('what is meant')
})

it('encrypts nothing where all is signed only', async () => {
  const open = [field('id', 'SIGN_ONLY'), field('at', 'SIGN_ONLY')]
  const stored = await encrypt(keyring, open)
  expect(stored.fields).toEqual(open.map(({ name, typeId, value }) => ({ name, typeId, value })))
  expect(await decrypt(keyring, stored)).toEqual(plain(open))
})

it('writes version 2 where a field is in the encryption context', async () => {
  const context = { ...boundTo, 'aws-crypto-attr.id': '7', 'aws-crypto-legend': 'S' }
  const all = [field('id', 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT'), ...fields.slice(1)]
  const stored = await encrypt(keyring, all, { encryptionContext: context })
  expect(parseHeader(stored.header).version).toBe(2)
  expect(await decrypt(keyring, stored, { encryptionContext: context })).toEqual(plain(all))
})

it('takes any names, types and values', async () => {
  const anyField = fc.record({
    name: names,
    action: fc.constantFrom('ENCRYPT_AND_SIGN' as const, 'SIGN_ONLY' as const),
    typeId: fc.nat(0xffff),
    value: fc.uint8Array({ maxLength: 40 }),
  })
  const items = fc.uniqueArray(anyField, { minLength: 1, maxLength: 12, selector: (f) => f.name })
  const materials = await materialsFor(keyring)
  await fc.assert(
    fc.asyncProperty(items, async (item) => {
      expect(await decrypt(keyring, store(materials, item))).toEqual(plain(item))
    }),
    { seed: 5, numRuns: 100 },
  )
})

it.each([
  ['no field', [], /no attribute to be signed/],
  ['a name twice', [field('a', 'SIGN_ONLY'), field('a', 'ENCRYPT_AND_SIGN')], /"a" is there twice/],
  ['a name that UTF-8 has not', [field('\ud800', 'SIGN_ONLY')], /lone surrogate/],
  [
    'more fields than the legend has room for',
    Array.from({ length: 65_536 }, (_, index) => field(`${index}`, 'SIGN_ONLY', '')),
    /65536 signed attributes/,
  ],
])('refuses %s', async (_, given, reason) => {
  const materials = await materialsFor(keyring)
  expect(await failure(() => store(materials, given))).toMatchObject({
    name: 'ItemError',
    code: 'ERR_ITEM',
    message: expect.stringMatching(reason),
  })
})

it('refuses more than 255 data keys, which the header has no room for', async () => {
  const { keyring: most } = severalKeys(255)
  const { keyring: tooMany } = severalKeys(256)
  const one = [field('a', 'ENCRYPT_AND_SIGN')]
  const stored = await encrypt(most, one)
  expect(parseHeader(stored.header).encryptedDataKeys).toHaveLength(255)
  expect(await decrypt(most, stored)).toEqual(plain(one))
  expect(await failure(() => encrypt(tooMany, one))).toMatchObject({ code: 'ERR_WRAP_FAILED' })
})

it('takes as many fields as the legend has room for', async () => {
  const many = Array.from({ length: 65_535 }, (_, index) => field(`${index}`, 'SIGN_ONLY', ''))
  const last = [...many.slice(0, -1), field('last', 'ENCRYPT_AND_SIGN')]
  const opened = await decrypt(keyring, await encrypt(keyring, last))
  expect(opened.size).toBe(65_535)
  expect(opened.get('last')?.value.toString()).toBe('value of last')
})

it('is bound to the table by more than the encryption context', async () => {
  const stored = await encrypt(keyring, fields)
  expect(await decrypt(keyring, stored, { tableName })).toEqual(plain(fields))
  expect(await failure(() => decrypt(keyring, stored, { tableName: 'others' }))).toMatchObject({
    code: 'ERR_AUTHENTICATION',
  })
})
