import { createCipheriv, createHash, hkdfSync } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nodeBackend } from '../../../src/index.ts'
import { nobleBackend } from '../../../src/noble.ts'
import { canonicalHash } from '../../../src/structured/canonical-hash.ts'
import { canonicalPath, inPathOrder, withPaths } from '../../../src/structured/canonical-path.ts'
import { FieldKeys, withStructureKeys } from '../../../src/structured/structure-keys.ts'
import { names } from '../../support/dynamodb/items.ts'
import { seed } from '../../properties/arbitraries.ts'
import { field } from './harness.ts'

const backends = [nodeBackend, nobleBackend]
const uint64 = (value: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

describe('canonical paths', () => {
  const path = (table: string, length: number, name: string) =>
    Buffer.concat([
      Buffer.from(table),
      uint64(1),
      Buffer.from('$'),
      uint64(length),
      Buffer.from(name),
    ])

  it.each([
    ['orders', 'id', 2],
    ['orders', '', 0],
    ['Bestellungen für Käse', 'größe', 5],
    ['orders', '🔑', 2], // two code units, four bytes
    ['orders', 'x'.repeat(300), 300],
    ['t'.repeat(300), 'id', 2],
  ])('of %j and %j count code units and hold UTF-8', (table, name, length) => {
    for (let again = 0; again < 2; again++) {
      expect(Buffer.from(canonicalPath(table, name))).toEqual(path(table, length, name))
    }
  })

  it('order fields by their bytes', () => {
    const several = fc.uniqueArray(names, { maxLength: 12 })
    fc.assert(
      fc.property(several, names, (some, table) => {
        const fields = some.map((name) => field(name, 'SIGN_ONLY'))
        const byBytes = some
          .map((name) => path(table, name.length, name))
          .sort((a, b) => Buffer.compare(a, b))
        expect(withPaths(table, inPathOrder(fields)).map((each) => Buffer.from(each.path))).toEqual(
          byBytes,
        )
      }),
      { seed, numRuns: 150 },
    )
  })

  it('are remembered, but for long names', () => {
    const long = 'x'.repeat(256)
    expect(canonicalPath('some', 'id')).toBe(canonicalPath('some', 'id'))
    expect(canonicalPath('some', long)).not.toBe(canonicalPath('some', long))
    expect(canonicalPath(long, 'id')).not.toBe(canonicalPath(long, 'id'))
  })

  it('are right for more names than are remembered, of which the first are forgotten', () => {
    const first = canonicalPath('t', 'name 0')
    for (let i = 0; i < 25_000; i++) canonicalPath(`table ${i % 7}`, `name ${i}`)
    for (const i of [0, 9_999, 10_000, 24_999]) {
      const name = `name ${i}`
      expect(Buffer.from(canonicalPath('t', name))).toEqual(path('t', name.length, name))
    }
    expect(canonicalPath('t', 'name 0')).not.toBe(first)
  })
})

describe.each(backends)('keys: $name', (backend) => {
  const dataKey = Buffer.alloc(32, 7)
  const messageId = Buffer.alloc(32, 9)
  const expanded = (label: string) => {
    const info = Buffer.concat([Buffer.from(label), messageId])
    return Buffer.from(hkdfSync('sha512', dataKey, Buffer.alloc(0), info, 32))
  }

  it('are HKDF’s', () => {
    const given = Buffer.from(dataKey)
    const used = withStructureKeys(backend, given, messageId, (keys) => {
      expect(Buffer.from(keys.commitKey)).toEqual(expanded('AWS_DBE_COMMIT_KEY'))
      expect(Buffer.from(keys.fieldRootKey)).toEqual(expanded('AWS_DBE_DERIVE_KEY'))
      return keys
    })
    for (const { buffer, byteOffset } of [used.commitKey, used.fieldRootKey]) {
      expect(new Uint8Array(buffer, byteOffset, 64).every((byte) => byte === 0)).toBe(true)
    }
    expect(given.every((byte) => byte === 0)).toBe(true)
  })

  it('of fields are 44 bytes of key stream each, from three times the ordinal on', () => {
    const root = Buffer.alloc(32, 3)
    // 90 fields: the counter carries from its last byte to the one before.
    const keys = new FieldKeys(backend, root, 90)
    for (let ordinal = 0; ordinal < 90; ordinal++) {
      const counter = Buffer.concat([Buffer.from('AwsDbeField'), Buffer.of(44), Buffer.alloc(4)])
      counter.writeUInt32BE(3 * ordinal, 12)
      const stream = createCipheriv('aes-256-ctr', root, counter).update(Buffer.alloc(44))
      expect(Buffer.concat([keys.key(ordinal), keys.nonce(ordinal)])).toEqual(stream)
    }
    const first = keys.key(0)
    keys.destroy()
    expect(first.every((byte) => byte === 0)).toBe(true)
  })
})

describe.each(backends)('the canonical hash: $name', (backend) => {
  const header = Buffer.from('header')
  const hashOf = (...parts: (string | Uint8Array)[]) =>
    createHash('sha384')
      .update(Buffer.concat(parts.map((part) => Buffer.from(part as string))))
      .digest()

  it('is of the header, the context and the fields', () => {
    const unordered = [
      { ...field('open', 'SIGN_ONLY', 'text'), typeId: 0x0102 },
      field('c', 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT', ''),
      { ...field('sealed', 'ENCRYPT_AND_SIGN', 'tt+ciphertext'), typeId: 0xffff },
    ]
    const fields = withPaths('t', inPathOrder(unordered))
    const context = { b: '2', a: '1' }
    const pairs = Buffer.from('\0\x02\0\x01a\0\x011\0\x01b\0\x012')
    const expected = hashOf(
      header,
      uint64(pairs.length),
      pairs,
      canonicalPath('t', 'c'),
      uint64(0),
      'PLAINTEXT\0\x01',
      canonicalPath('t', 'open'),
      uint64(4),
      'PLAINTEXT\x01\x02text',
      canonicalPath('t', 'sealed'),
      uint64('+ciphertext'.length),
      'ENCRYPTEDtt+ciphertext',
    )
    expect(Buffer.from(canonicalHash(backend, header, context, fields))).toEqual(expected)
  })

  it('has two zero bytes of an empty context', () => {
    const expected = hashOf(header, uint64(2), '\0\0')
    expect(Buffer.from(canonicalHash(backend, header, {}, []))).toEqual(expected)
  })
})
