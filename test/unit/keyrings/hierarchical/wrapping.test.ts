import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nodeBackend } from '../../../../src/index.ts'
import {
  hierarchyCiphertextLength,
  unwrapByBranchKey,
  versionBytes,
  versionIn,
  wrapByBranchKey,
} from '../../../../src/keyrings/hierarchical/branch-key-wrapping.ts'
import { nobleBackend } from '../../../../src/noble.ts'
import { encryptionMaterials } from '../../../support/materials.ts'

// aws-kms-hierarchical-keyring.md, "Ciphertext", "Branch Key Wrapping" and "Branch Key Wrapping and
// Unwrapping AAD", written out once more.

const suites = {
  ALG_AES_128_GCM_IV12_TAG16_HKDF_SHA256: 16,
  ALG_AES_192_GCM_IV12_TAG16_HKDF_SHA256: 24,
  ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY: 32,
} as const

const provider = Buffer.from('aws-kms-hierarchy')

function derived(branchKey: Uint8Array, salt: Uint8Array): Buffer {
  return createHmac('sha256', branchKey)
    .update(Buffer.from('00000001', 'hex'))
    .update(provider)
    .update(Buffer.from('00', 'hex'))
    .update(salt)
    .update(Buffer.from('00000100', 'hex'))
    .digest()
}

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const anyBranchKey = fc.record({
  id: fc.string({ minLength: 1, unit: 'grapheme' }).map((text) => Buffer.from(text)),
  version: bytes(16),
  key: bytes(32),
})
const anyContext = fc.uint8Array({ maxLength: 100 })

describe.each([nodeBackend, nobleBackend])('a wrapped data key, $name', (backend) => {
  it.each(Object.entries(suites))('is laid out as specified: %s', (name, keyLength) => {
    const suite = name as keyof typeof suites
    fc.assert(
      fc.property(anyBranchKey, anyContext, (branchKey, context) => {
        const materials = wrapByBranchKey(
          backend,
          encryptionMaterials({ suite }),
          branchKey,
          context,
        )
        const [{ providerId, providerInfo, ciphertext } = expect.fail()] =
          materials.encryptedDataKeys
        expect(providerId).toBe('aws-kms-hierarchy')
        expect(Buffer.from(providerInfo)).toEqual(branchKey.id)
        expect(ciphertext).toHaveLength(16 + 12 + 16 + keyLength + 16)
        expect(hierarchyCiphertextLength(keyLength)).toBe(ciphertext.length)

        const at = Buffer.from(ciphertext)
        const version = at.subarray(28, 44)
        expect(version).toEqual(Buffer.from(branchKey.version))
        const key = derived(branchKey.key, at.subarray(0, 16))
        const decipher = createDecipheriv('aes-256-gcm', key, at.subarray(16, 28))
        decipher.setAAD(Buffer.concat([provider, branchKey.id, version, context]))
        decipher.setAuthTag(at.subarray(-16))
        const dataKey = Buffer.concat([decipher.update(at.subarray(44, -16)), decipher.final()])
        expect(dataKey).toEqual(Buffer.from(materials.dataKey))
      }),
      { numRuns: 20 },
    )
  })

  it('is opened when it is laid out so', () => {
    const property = fc.property(
      anyBranchKey,
      anyContext,
      bytes(28),
      (branchKey, context, random) => {
        const [salt, nonce] = [random.subarray(0, 16), random.subarray(16)]
        const dataKey = randomBytes(32)
        const cipher = createCipheriv('aes-256-gcm', derived(branchKey.key, salt), nonce)
        cipher.setAAD(Buffer.concat([provider, branchKey.id, branchKey.version, context]))
        const encrypted = Buffer.concat([cipher.update(dataKey), cipher.final()])
        const ciphertext = Buffer.concat([
          random,
          branchKey.version,
          encrypted,
          cipher.getAuthTag(),
        ])
        const opened = unwrapByBranchKey(backend, ciphertext, branchKey, [context])
        expect(opened && Buffer.from(opened)).toEqual(dataKey)
      },
    )
    fc.assert(property, { numRuns: 20 })
  })

  it('has a salt and a nonce of its own each time', () => {
    const branchKey = {
      id: Buffer.from('id'),
      version: new Uint8Array(16),
      key: new Uint8Array(32),
    }
    const prefixes = Array.from({ length: 50 }, () => {
      const materials = wrapByBranchKey(
        backend,
        encryptionMaterials(),
        branchKey,
        new Uint8Array(0),
      )
      const [{ ciphertext } = expect.fail()] = materials.encryptedDataKeys
      return [ciphertext.subarray(0, 16), ciphertext.subarray(16, 28)]
    })
    const distinct = new Set(prefixes.flat().map((part) => Buffer.from(part).toString('hex')))
    expect(distinct.size).toBe(100)
  })
})

describe('the version in a ciphertext', () => {
  it('is the UUID in lower case, and comes back from its bytes', () => {
    fc.assert(
      fc.property(fc.uuid({ version: 4 }), (uuid) => {
        const version = versionBytes(uuid) ?? expect.fail()
        expect(Buffer.from(version).toString('hex')).toBe(uuid.replaceAll('-', ''))
        const ciphertext = Buffer.concat([Buffer.alloc(28), version, Buffer.alloc(48)])
        expect(versionIn(ciphertext)).toBe(uuid)
      }),
    )
  })

  it.each([
    ['capitals', '83EEC007-5659-4554-BF11-699B90F41AC6'],
    ['no hyphens', '83eec007565945 54bf11699b90f41ac6'.replace(' ', '')],
    ['another length', '83eec007-5659-4554-bf11-699b90f41ac'],
    ['other characters', '83eec007-5659-4554-bf11-699b90f41acg'],
    ['a line break behind it', '83eec007-5659-4554-bf11-699b90f41ac6\n'],
    ['nothing', ''],
  ])('is not made of text with %s', (_, text) => {
    expect(versionBytes(text)).toBeUndefined()
  })
})
