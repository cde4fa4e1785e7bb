import { createSecretKey, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parseCiphertext, seal, unseal } from '../../../src/local-kms/ciphertext.ts'
import {
  encodeEncryptionContext,
  toEncryptionContext,
} from '../../../src/local-kms/encryption-context.ts'

const keyId = '6b3e1f0a-0000-4000-8000-000000000000'
const newMaterial = () => ({
  id: randomBytes(32).toString('hex'),
  key: createSecretKey(randomBytes(32)),
})
const context = toEncryptionContext({ tenant: '7' })

describe('a ciphertext blob', () => {
  const material = newMaterial()
  const sealUnder = (id: string) => seal(id, material, Buffer.from('sealed with wax'), context)
  const blob = sealUnder(keyId)
  const openWith = (candidate: Buffer) => unseal(material.key, parseCiphertext(candidate), context)

  it('is version, key id, material id, check, nonce, ciphertext and tag, and names its key', () => {
    expect(blob).toHaveLength(1 + 1 + 36 + 32 + 4 + 12 + 15 + 16)
    expect(parseCiphertext(blob)).toMatchObject({ keyId, materialId: material.id })
    expect(openWith(blob).toString()).toBe('sealed with wax')
    expect(sealUnder(keyId)).not.toEqual(blob)
  })

  it('fails with any bit of any byte changed', () => {
    for (let at = 0; at < blob.length * 8; at++) {
      const changed = Buffer.from(blob)
      changed.writeUInt8(changed.readUInt8(at >> 3) ^ (1 << (at & 7)), at >> 3)
      expect(() => openWith(changed)).toThrow(
        expect.objectContaining({ name: 'InvalidCiphertextException' }),
      )
    }
  })

  it('fails cut short anywhere, or with more at the end', () => {
    for (let length = 0; length < blob.length; length++) {
      expect(() => openWith(blob.subarray(0, length))).toThrow(
        expect.objectContaining({ name: 'InvalidCiphertextException' }),
      )
    }
    expect(() => openWith(Buffer.concat([blob, Buffer.of(0)]))).toThrow(
      expect.objectContaining({ name: 'InvalidCiphertextException' }),
    )
  })

  it('is bound to its key, to the id of its key and to its context', () => {
    const parsed = parseCiphertext(blob)
    expect(() => unseal(newMaterial().key, parsed, context)).toThrow(
      expect.objectContaining({ name: 'InvalidCiphertextException' }),
    )
    expect(() => unseal(material.key, parsed, [])).toThrow(
      expect.objectContaining({ name: 'InvalidCiphertextException' }),
    )
    const other = parseCiphertext(sealUnder(keyId.replace('6b3e', '6b3f')))
    expect(() => unseal(material.key, { ...parsed, header: other.header }, context)).toThrow(
      expect.objectContaining({ name: 'InvalidCiphertextException' }),
    )
  })
})

describe('a ciphertext blob of version 1, of before keys were rotated', () => {
  // Written by waxseal 0.1.0 under the key of 32 bytes 0x5a.
  const blob = Buffer.from(
    'ASQ2YjNlMWYwYS0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDC2RyplWYOFtbru+LNqcmw/ByJqOs/v1y9v8JjZ1joHdTR+eeg7FJths/FjUo5MFA==',
    'base64',
  )

  it('names no material, and opens with the first', () => {
    const parsed = parseCiphertext(blob)
    expect(parsed).toMatchObject({ keyId, materialId: undefined })
    const key = createSecretKey(Buffer.alloc(32, 0x5a))
    expect(unseal(key, parsed, context).toString()).toBe('sealed with wax')
  })
})

describe('an encoded encryption context', () => {
  it('is sorted by UTF-8 bytes, each part after its length', () => {
    // U+FF5E sorts after U+1F511 by UTF-16 code units, and before it by UTF-8 bytes.
    const pairs = toEncryptionContext({ '\u{1F511}': '', '\uFF5E': 'é', b: '', a: 'x' })
    expect(pairs.map(([key]) => key)).toEqual(['a', 'b', '\uFF5E', '\u{1F511}'])
    expect(encodeEncryptionContext(toEncryptionContext({ b: 'é', a: '' })).toString('hex')).toBe(
      '00000002' + '00000001' + '61' + '00000000' + '00000001' + '62' + '00000002' + 'c3a9',
    )
    expect(encodeEncryptionContext([]).toString('hex')).toBe('00000000')
  })

  it('keeps a pair named __proto__', () => {
    expect(toEncryptionContext(JSON.parse('{"__proto__":"a"}'))).toEqual([['__proto__', 'a']])
  })
})
