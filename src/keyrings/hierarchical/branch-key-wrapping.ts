import type { CryptoBackend } from '../../crypto/backend.ts'
import { deriveByCounter } from '../../crypto/counter-kdf.ts'
import { concat, utf8 } from '../../format/bytes.ts'
import type { EncryptionMaterials } from '../../materials/encryption-materials.ts'
import { nonceLength, tagLength } from '../../suites/suites.ts'

/** The key provider id of every data key that a branch key wraps (aws-kms-hierarchical-keyring.md, "OnEncrypt"). */
export const hierarchyProviderId = 'aws-kms-hierarchy'

/** The provider id is also what keys are derived for, and the beginning of what is authenticated. */
const label = utf8(hierarchyProviderId)
const saltLength = 16
const versionLength = 16
const wrappingKeyLength = 32
const versionAt = saltLength + nonceLength
/** Bytes of a ciphertext in front of the encrypted key: salt, IV and version. */
const prefixLength = versionAt + versionLength

/** A branch key, to wrap with or to unwrap with. */
export interface WrappingBranchKey {
  /** The branch key id in UTF-8, as a message names it. */
  readonly id: Uint8Array
  /** The 16 bytes of the version's UUID. */
  readonly version: Uint8Array
  /** The 32 bytes, which the caller overwrites. */
  readonly key: Uint8Array
}

/** Adds the data key wrapped under a branch key, after generating it if there is none ("Branch Key Wrapping"). */
export function wrapByBranchKey(
  backend: CryptoBackend,
  given: EncryptionMaterials,
  branchKey: WrappingBranchKey,
  context: Uint8Array,
): EncryptionMaterials {
  const { id, version, key } = branchKey
  // Salt, nonce and, in case it is needed, a data key: each call of its own takes its time.
  const random = backend.randomBytes(versionAt + given.suite.keyLength)
  const saltAndNonce = random.subarray(0, versionAt)
  let wrappingKey: Uint8Array | undefined
  try {
    const materials = given.hasDataKey ? given : given.withDataKey(random.subarray(versionAt))
    wrappingKey = deriveWrappingKey(backend, key, random.subarray(0, saltLength))
    const aad = concat(label, id, version, context)
    const encryption = backend.encryptGcm(wrappingKey, random.subarray(saltLength, versionAt), aad)
    const encrypted = encryption.update(materials.dataKey)
    return materials.withEncryptedDataKey({
      providerId: hierarchyProviderId,
      providerInfo: id,
      ciphertext: concat(saltAndNonce, version, encrypted, encryption.finish()),
    })
  } finally {
    random.fill(0)
    wrappingKey?.fill(0)
  }
}

/**
 * The data key in a ciphertext of the right length, the caller's to overwrite; `undefined` if it is not
 * authentic ("Branch Key Unwrapping").
 *
 * @param contexts the serialized encryption context, in each order of its pairs that is to be tried.
 */
export function unwrapByBranchKey(
  backend: CryptoBackend,
  ciphertext: Uint8Array,
  { id, key }: Pick<WrappingBranchKey, 'id' | 'key'>,
  contexts: Iterable<Uint8Array>,
): Uint8Array | undefined {
  const nonce = ciphertext.subarray(saltLength, versionAt)
  const version = ciphertext.subarray(versionAt, prefixLength)
  const wrappingKey = deriveWrappingKey(backend, key, ciphertext.subarray(0, saltLength))
  try {
    for (const context of contexts) {
      const aad = concat(label, id, version, context)
      const decryption = backend.decryptGcm(wrappingKey, nonce, aad)
      const start = decryption.update(ciphertext.subarray(prefixLength, -tagLength))
      const rest = decryption.finish(ciphertext.subarray(-tagLength))
      const dataKey = rest && concat(start, rest)
      start.fill(0)
      rest?.fill(0)
      if (dataKey) return dataKey
    }
    return undefined
  } finally {
    wrappingKey.fill(0)
  }
}

// "Use a KDF in Counter Mode with … HMAC SHA 256": the salt is the context of SP 800-108.
function deriveWrappingKey(
  backend: CryptoBackend,
  branchKey: Uint8Array,
  salt: Uint8Array,
): Uint8Array {
  return deriveByCounter(backend, 'sha256', branchKey, label, salt, wrappingKeyLength)
}

/** Bytes of a ciphertext that wraps a data key of this length ("Ciphertext"). */
export function hierarchyCiphertextLength(keyLength: number): number {
  return prefixLength + keyLength + tagLength
}

/** The version that a ciphertext of the right length names, as the text that the key store knows it by. */
export function versionIn(ciphertext: Uint8Array): string {
  const hex = Buffer.from(ciphertext.subarray(versionAt, prefixLength)).toString('hex')
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)]
  return `${parts.join('-')}-${hex.slice(20)}`
}

/**
 * The 16 bytes of a version, or `undefined` if it is no UUID in lower case: the text has to be the one
 * that {@link versionIn} will make of the bytes, or the message would not find its branch key again.
 */
export function versionBytes(version: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(version)) return undefined
  return Buffer.from(version.replaceAll('-', ''), 'hex')
}
