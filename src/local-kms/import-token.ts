import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto'
import { z } from 'zod'

/*
 * What GetParametersForImport answers and ImportKeyMaterial gets back. It holds all that the second
 * needs, sealed under a key of the running server, so that nothing is kept between the two:
 *
 *   nonce 12 | ciphertext of a JSON text | tag 16
 */
const CIPHER = 'aes-256-gcm'
const NONCE_LENGTH = 12
const TAG_LENGTH = 16

export const wrappingAlgorithms = [
  'RSAES_OAEP_SHA_1',
  'RSAES_OAEP_SHA_256',
  'RSA_AES_KEY_WRAP_SHA_1',
  'RSA_AES_KEY_WRAP_SHA_256',
] as const
export type WrappingAlgorithm = (typeof wrappingAlgorithms)[number]

const content = z.strictObject({
  keyArn: z.string(),
  algorithm: z.enum(wrappingAlgorithms),
  /** Milliseconds since the epoch. */
  validTo: z.number(),
  /** PKCS #8 in DER, in base64. */
  wrappingKey: z.string(),
})

type ImportToken = z.output<typeof content>

export function sealImportToken(token: ImportToken, key: KeyObject): Buffer {
  const nonce = randomBytes(NONCE_LENGTH)
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_LENGTH })
  const sealed = Buffer.concat([cipher.update(JSON.stringify(token)), cipher.final()])
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()])
}

/** Undefined where the bytes are no token of this server. */
export function openImportToken(bytes: Buffer, key: KeyObject): ImportToken | undefined {
  if (bytes.length <= NONCE_LENGTH + TAG_LENGTH) return undefined
  const tagAt = bytes.length - TAG_LENGTH
  const nonce = bytes.subarray(0, NONCE_LENGTH)
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_LENGTH })
  decipher.setAuthTag(bytes.subarray(tagAt))
  const text = decipher.update(bytes.subarray(NONCE_LENGTH, tagAt))
  try {
    return content.parse(JSON.parse(Buffer.concat([text, decipher.final()]).toString()))
  } catch {
    return undefined
  }
}
