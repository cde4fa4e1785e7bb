import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  type DecryptionIdentity,
  type EncryptionIdentity,
  branchKeyDecryptId,
  branchKeyEncryptId,
  decryptionIdentifier,
  encryptionIdentifier,
} from '../../../src/cache/identifiers.ts'
import { type CommitmentPolicy, algorithmSuites } from '../../../src/index.ts'
import { untyped } from '../client/harness.ts'

// "Appendix A: Cache Entry Identifier Formulas" of framework/caching-cmm.md and of
// framework/aws-kms/aws-kms-hierarchical-keyring.md. What is hashed is written out here byte by byte.

/** SHA-384 over bytes in hexadecimal and texts in quotes, as `01 00 'text' 00`. */
function sha384(layout: string): string {
  const parts = layout.match(/'[^']*'|[0-9a-f]{2}/g) ?? []
  const bytes = parts.map((part) =>
    part.startsWith("'") ? Buffer.from(part.slice(1, -1)) : Buffer.from(part, 'hex'),
  )
  return createHash('sha384').update(Buffer.concat(bytes)).digest('base64')
}

const suite = algorithmSuites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY
const edk = (providerId: string, info: string, ciphertext: string) => ({
  providerId,
  providerInfo: Buffer.from(info),
  ciphertext: Buffer.from(ciphertext),
})
const context = { tenant: 'é', app: 'x' }
/** Sorted by the keys' bytes; é has two. */
const contextBytes = "00 02  00 03 'app' 00 01 'x'  00 06 'tenant' 00 02 'é'"

const encryption: EncryptionIdentity = {
  encryptionContext: context,
  algorithmSuite: undefined,
  commitmentPolicy: 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT',
  requiredContextKeys: [],
}
const decryption: DecryptionIdentity = {
  algorithmSuite: suite,
  commitmentPolicy: 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT',
  encryptedDataKeys: [edk('aws-kms', 'arn', 'wrapped')],
  encryptionContext: context,
  reproducedEncryptionContext: {},
}
const branchKey = { partitionId: 'p', logicalKeyStoreName: 'store', branchKeyId: 'tenant-1' }

describe('the formulas', () => {
  test.each<[string, string, string]>([
    [
      'encryption without a suite',
      encryptionIdentifier('p', encryption),
      `01 00 01 00 'p' 00  00 00 ${contextBytes}`,
    ],
    [
      'encryption without a context',
      encryptionIdentifier('p', { ...encryption, encryptionContext: {} }),
      "01 00 01 00 'p' 00  00 00",
    ],
    [
      'encryption with a suite',
      encryptionIdentifier('p', { ...encryption, algorithmSuite: suite }),
      `01 00 01 00 'p' 00  01 00 04 78 00 ${contextBytes}`,
    ],
    [
      'decryption',
      decryptionIdentifier('p', decryption),
      `01 00 02 00 'p' 00  04 78 00  00 07 'aws-kms' 00 03 'arn' 00 07 'wrapped'  00 ${contextBytes}`,
    ],
    [
      'decryption with several encrypted data keys, in the order of their bytes',
      decryptionIdentifier('p', {
        ...decryption,
        encryptedDataKeys: [edk('b', '1', 'x'), edk('aa', '1', 'x'), edk('b', '0', 'x')],
      }),
      "01 00 02 00 'p' 00  04 78 00 " +
        "00 01 'b' 00 01 '0' 00 01 'x'  00 01 'b' 00 01 '1' 00 01 'x'  00 02 'aa' 00 01 '1' 00 01 'x' " +
        `00 ${contextBytes}`,
    ],
    [
      'an active branch key',
      branchKeyEncryptId(branchKey),
      "02 00 01 00 'p' 00  'store' 00 'tenant-1'",
    ],
    [
      'a version of a branch key',
      branchKeyDecryptId({ ...branchKey, branchKeyVersion: '3f4b-1' }),
      "02 00 02 00 'p' 00  'store' 00 'tenant-1' 00 '3f4b-1'",
    ],
  ])('%s', (_name, identifier, layout) => {
    expect(identifier).toBe(sha384(layout))
  })
})

describe('what the formulas leave out comes behind two zero bytes, the policy first', () => {
  const commitmentPolicy: CommitmentPolicy = 'FORBID_ENCRYPT_ALLOW_DECRYPT'
  test.each<[string, string, string]>([
    [
      'a policy and required keys, in the order of their bytes',
      encryptionIdentifier('p', {
        ...encryption,
        commitmentPolicy,
        requiredContextKeys: ['tenant', 'app'],
      }),
      `01 00 01 00 'p' 00  00 00 ${contextBytes}  00 00 02  00 00 00 03 'app' 00 00 00 06 'tenant'`,
    ],
    [
      'a policy and reproduced pairs',
      decryptionIdentifier('p', {
        ...decryption,
        commitmentPolicy: 'REQUIRE_ENCRYPT_ALLOW_DECRYPT',
        reproducedEncryptionContext: { a: 'b' },
      }),
      `01 00 02 00 'p' 00  04 78 00  00 07 'aws-kms' 00 03 'arn' 00 07 'wrapped'  00 ${contextBytes}` +
        "  00 00 01  00 01 00 01 'a' 00 01 'b'",
    ],
  ])('%s', (_name, identifier, layout) => {
    expect(identifier).toBe(sha384(layout))
  })

  test('what is no policy is refused, and does not pass for the default one', () => {
    const commitmentPolicy = untyped<CommitmentPolicy>('REQUIRE')
    for (const make of [
      () => encryptionIdentifier('p', { ...encryption, commitmentPolicy }),
      () => decryptionIdentifier('p', { ...decryption, commitmentPolicy }),
    ]) {
      expect(make).toThrow(expect.objectContaining({ field: 'commitmentPolicy' }))
    }
  })
})

test('requests of which any part differs have different identifiers', () => {
  const other = { ...decryption, reproducedEncryptionContext: { secret: 'x' } }
  const policies: CommitmentPolicy[] = [
    'FORBID_ENCRYPT_ALLOW_DECRYPT',
    'REQUIRE_ENCRYPT_ALLOW_DECRYPT',
  ]
  const identifiers = [
    encryptionIdentifier('p', encryption),
    encryptionIdentifier('q', encryption),
    encryptionIdentifier('p', { ...encryption, encryptionContext: { ...context, app: 'y' } }),
    encryptionIdentifier('p', { ...encryption, algorithmSuite: suite }),
    ...policies.flatMap((commitmentPolicy) => [
      encryptionIdentifier('p', { ...encryption, commitmentPolicy }),
      encryptionIdentifier('p', { ...encryption, commitmentPolicy, algorithmSuite: suite }),
      encryptionIdentifier('p', { ...encryption, commitmentPolicy, encryptionContext: {} }),
      decryptionIdentifier('p', { ...decryption, commitmentPolicy }),
      decryptionIdentifier('p', { ...other, commitmentPolicy }),
    ]),
    encryptionIdentifier('p', { ...encryption, requiredContextKeys: ['app'] }),
    encryptionIdentifier('p', { ...encryption, requiredContextKeys: ['tenant'] }),
    encryptionIdentifier('p', { ...encryption, requiredContextKeys: ['app', 'tenant'] }),
    decryptionIdentifier('p', decryption),
    decryptionIdentifier('q', decryption),
    decryptionIdentifier('p', other),
    decryptionIdentifier('p', { ...decryption, encryptionContext: { ...context, secret: 'x' } }),
    decryptionIdentifier('p', { ...decryption, encryptedDataKeys: [edk('aws-kms', 'arn', 'w')] }),
    branchKeyEncryptId(branchKey),
    branchKeyEncryptId({ ...branchKey, partitionId: 'q' }),
    branchKeyEncryptId({ ...branchKey, logicalKeyStoreName: 'other' }),
    branchKeyEncryptId({ ...branchKey, branchKeyId: 'tenant-2' }),
    branchKeyDecryptId({ ...branchKey, branchKeyVersion: '1' }),
    branchKeyDecryptId({ ...branchKey, branchKeyVersion: '2' }),
  ]
  expect(new Set(identifiers).size).toBe(identifiers.length)
})

test('the order of pairs, of required keys and of encrypted data keys makes no difference', () => {
  const reordered = { app: 'x', tenant: 'é' }
  const [a, b] = [edk('a', '1', 'x'), edk('b', '1', 'x')]
  expect(encryptionIdentifier('p', { ...encryption, encryptionContext: reordered })).toBe(
    encryptionIdentifier('p', encryption),
  )
  expect(encryptionIdentifier('p', { ...encryption, requiredContextKeys: ['tenant', 'app'] })).toBe(
    encryptionIdentifier('p', { ...encryption, requiredContextKeys: ['app', 'tenant'] }),
  )
  expect(decryptionIdentifier('p', { ...decryption, encryptedDataKeys: [a, b] })).toBe(
    decryptionIdentifier('p', { ...decryption, encryptedDataKeys: [b, a] }),
  )
})
