import type { CryptoBackend } from '../crypto/backend.ts'
import { concat, utf8 } from '../format/bytes.ts'
import { nonceLength, tagLength } from '../suites/suites.ts'

/*
 * Intermediate key wrapping (framework/algorithm-suites.md, "Intermediate Key Wrapping"), which the suites of
 * items use: a keyring wraps an intermediate key, another one for each encrypted data key, and two keys are
 * derived from that. The one encrypts the data key, the other makes the HMAC by which whoever can unwrap
 * this encrypted data key tells that the item is whole.
 */

/** Bytes of the encrypted data key that stand in front of what the keyring wrapped ("Wrapped Plaintext Data Key"). */
export const wrappedDataKeyLength = 32 + tagLength

/** "IV: The IV is 0": the key is used once. */
const zeroNonce = new Uint8Array(nonceLength)
const noSalt = new Uint8Array(64)
/** Labels of HKDF-Expand, with the number of their only block behind. */
const encryptionLabel = concat(utf8('AWS_MPL_INTERMEDIATE_KEYWRAP_ENC'), Uint8Array.of(1))
const signingLabel = concat(utf8('AWS_MPL_INTERMEDIATE_KEYWRAP_MAC'), Uint8Array.of(1))

/** The data key under an intermediate key, and the key of its recipient's HMAC, which is the caller's to overwrite. */
export function wrapUnderIntermediateKey(
  backend: CryptoBackend,
  intermediateKey: Uint8Array,
  dataKey: Uint8Array,
  context: Uint8Array,
): { wrapped: Uint8Array; symmetricSigningKey: Uint8Array } {
  const { encryptionKey, symmetricSigningKey } = derive(backend, intermediateKey)
  try {
    const encryption = backend.encryptGcm(encryptionKey, zeroNonce, context)
    const wrapped = concat(encryption.update(dataKey), encryption.finish())
    return { wrapped, symmetricSigningKey }
  } catch (error) {
    symmetricSigningKey.fill(0)
    throw error
  } finally {
    encryptionKey.fill(0)
  }
}

/**
 * The data key that one of `wrapped` holds under this intermediate key, and the key of its recipient's
 * HMAC, both the caller's to overwrite; `undefined` if none opens. A keyring does not say which encrypted data
 * key it unwrapped; the tags do.
 */
export function unwrapUnderIntermediateKey(
  backend: CryptoBackend,
  intermediateKey: Uint8Array,
  wrapped: readonly Uint8Array[],
  context: Uint8Array,
): { dataKey: Uint8Array; symmetricSigningKey: Uint8Array } | undefined {
  const { encryptionKey, symmetricSigningKey } = derive(backend, intermediateKey)
  let isFound = false
  try {
    for (const candidate of wrapped) {
      if (candidate.length !== wrappedDataKeyLength) continue
      const decryption = backend.decryptGcm(encryptionKey, zeroNonce, context)
      const start = decryption.update(candidate.subarray(0, -tagLength))
      const rest = decryption.finish(candidate.subarray(-tagLength))
      const dataKey = rest && concat(start, rest)
      start.fill(0)
      rest?.fill(0)
      if (!dataKey) continue
      isFound = true
      return { dataKey, symmetricSigningKey }
    }
    return undefined
  } finally {
    encryptionKey.fill(0)
    if (!isFound) symmetricSigningKey.fill(0)
  }
}

// HKDF with SHA-512: one extract for both keys, and each shorter than a block, so that each expand is one HMAC.
function derive(backend: CryptoBackend, intermediateKey: Uint8Array) {
  const extracted = backend.hmac('sha512', noSalt, intermediateKey)
  let encryptionKey: Uint8Array | undefined
  try {
    encryptionKey = expand(backend, extracted, encryptionLabel)
    return { encryptionKey, symmetricSigningKey: expand(backend, extracted, signingLabel) }
  } catch (error) {
    encryptionKey?.fill(0)
    throw error
  } finally {
    extracted.fill(0)
  }
}

function expand(backend: CryptoBackend, extracted: Uint8Array, label: Uint8Array): Uint8Array {
  const block = backend.hmac('sha512', extracted, label)
  block.fill(0, 32)
  return block.subarray(0, 32)
}
