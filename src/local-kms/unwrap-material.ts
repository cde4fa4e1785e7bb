import { constants, createDecipheriv, privateDecrypt, type KeyObject } from 'node:crypto'
import type { WrappingAlgorithm } from './import-token.ts'
import { KmsError } from './kms-error.ts'

/** The start value of AES key wrap with padding, RFC 5649, section 3. */
const KWP_START = Buffer.from('a65959a6', 'hex')

const hashes = {
  RSAES_OAEP_SHA_1: 'sha1',
  RSAES_OAEP_SHA_256: 'sha256',
  RSA_AES_KEY_WRAP_SHA_1: 'sha1',
  RSA_AES_KEY_WRAP_SHA_256: 'sha256',
} as const satisfies Record<WrappingAlgorithm, string>

/**
 * Takes imported key material out of its wrapping. RSA_AES_KEY_WRAP is that of PKCS #11: an AES key
 * of 256 bits under RSA-OAEP, and behind it the material under that AES key.
 */
export function unwrapMaterial(
  wrapped: Buffer,
  algorithm: WrappingAlgorithm,
  wrappingKey: KeyObject,
): Buffer {
  const rsa = {
    key: wrappingKey,
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: hashes[algorithm],
  }
  try {
    if (algorithm === 'RSAES_OAEP_SHA_1' || algorithm === 'RSAES_OAEP_SHA_256') {
      return privateDecrypt(rsa, wrapped)
    }
    const modulusLength = (wrappingKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8
    const aesKey = privateDecrypt(rsa, wrapped.subarray(0, modulusLength))
    const decipher = createDecipheriv('id-aes256-wrap-pad', aesKey, KWP_START)
    return Buffer.concat([decipher.update(wrapped.subarray(modulusLength)), decipher.final()])
  } catch {
    throw new KmsError('InvalidCiphertextException')
  }
}
