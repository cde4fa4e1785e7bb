import { expect, it } from 'vitest'
import {
  type EncryptionIdentity,
  decryptionIdentifier,
  encryptionIdentifier,
} from '../../../src/cache/identifiers.ts'
import { IdentifierMemo } from '../../../src/cmm/identifier-memo.ts'
import { type CommitmentPolicy, algorithmSuites } from '../../../src/index.ts'
import { foreignKey } from '../../support/materials.ts'
import { times } from './harness.ts'

const suites = [
  algorithmSuites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
  algorithmSuites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384,
]
const policies: CommitmentPolicy[] = [
  'REQUIRE_ENCRYPT_REQUIRE_DECRYPT',
  'REQUIRE_ENCRYPT_ALLOW_DECRYPT',
  'FORBID_ENCRYPT_ALLOW_DECRYPT',
]
/** Contexts whose keys and values run into one another. */
const contexts = [
  {},
  { a: 'b' },
  { ab: '' },
  { '': 'ab' },
  { a: 'b', c: 'd' },
  { a: 'bc', '': 'd' },
  { a: '1 1 cd' },
  { long: 'x'.repeat(3000) },
]

it('the identifiers of encryptions are those of the formulas, the first time and later', () => {
  const memo = new IdentifierMemo('p')
  const identities = contexts.flatMap((encryptionContext) =>
    [undefined, ...suites].flatMap((algorithmSuite) =>
      [[], ['a'], ['a', 'b'], ['ab']].flatMap((requiredContextKeys) =>
        policies.map((commitmentPolicy) => ({
          encryptionContext,
          algorithmSuite,
          requiredContextKeys,
          commitmentPolicy,
        })),
      ),
    ),
  )
  const expected = identities.map((identity) => encryptionIdentifier('p', identity))
  for (let round = 0; round < 2; round++) {
    expect(identities.map((identity) => memo.ofEncryption(identity))).toEqual(expected)
  }
  expect(new Set(expected).size).toBe(identities.length)
})

it('the identifiers of decryptions are those of the formulas, the first time and later', () => {
  const memo = new IdentifierMemo('p')
  const keys = [
    foreignKey(),
    foreignKey({ providerId: 'elsewher', providerInfo: Buffer.from('ea key') }),
    foreignKey({ providerInfo: Buffer.from('a key\x07'), ciphertext: Buffer.alloc(31, 7) }),
    foreignKey({ ciphertext: Buffer.alloc(5000) }),
    foreignKey({ ciphertext: Buffer.from([0x80, 0xff]) }),
    // A view of a larger buffer.
    foreignKey({ ciphertext: Buffer.from([1, 0x80, 0xfe, 1]).subarray(1, 3) }),
  ]
  const lists = [...keys.map((key) => [key]), keys, keys.slice(0, 2)]
  const identities = lists.flatMap((encryptedDataKeys) =>
    contexts.flatMap((encryptionContext) =>
      [{}, { a: 'b' }].flatMap((reproducedEncryptionContext) =>
        suites.flatMap((algorithmSuite) =>
          policies.map((commitmentPolicy) => ({
            algorithmSuite,
            commitmentPolicy,
            encryptedDataKeys,
            encryptionContext,
            reproducedEncryptionContext,
          })),
        ),
      ),
    ),
  )
  const expected = identities.map((identity) => decryptionIdentifier('p', identity))
  for (let round = 0; round < 2; round++) {
    expect(identities.map((identity) => memo.ofDecryption(identity))).toEqual(expected)
  }
  expect(new Set(expected).size).toBe(identities.length)
})

it('more of them than are kept are right all the same', () => {
  const memo = new IdentifierMemo('p')
  const identities = times(5000, (i): EncryptionIdentity => ({
    encryptionContext: { i: String(i) },
    algorithmSuite: undefined,
    requiredContextKeys: [],
    commitmentPolicy: 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT',
  }))
  for (const identity of [...identities, ...identities.slice(0, 100)]) {
    expect(memo.ofEncryption(identity)).toBe(encryptionIdentifier('p', identity))
  }
})
