import {
  createCipheriv,
  createDecipheriv,
  createHash,
  randomBytes,
  type KeyObject,
} from 'node:crypto'
import { encodeEncryptionContext, type EncryptionContext } from './encryption-context.ts'
import { KmsError } from './kms-error.ts'

/*
 * What LocalKms returns as a CiphertextBlob. KMS's own layout is not public, and callers take the
 * blob as opaque, so this one is ours:
 *
 *   version 1 | key id length 1 | key id | material id 32 | check 4 | nonce 12 | ciphertext | tag 16
 *
 * Version 1 had no material id: keys had one material, their first. It is still read.
 * The header (up to the material id) and the encryption context are the additional authenticated data.
 * The check is a plain hash of the header. It protects nothing: it tells a damaged blob from a sound
 * one whose key lives elsewhere, for which KMS has another error.
 */
const VERSION = 2
const VERSION_WITHOUT_MATERIAL = 1
const MATERIAL_ID_LENGTH = 32
const CIPHER = 'aes-256-gcm'
const CHECK_LENGTH = 4
const NONCE_LENGTH = 12
const TAG_LENGTH = 16

interface SealingMaterial {
  /** 64 hexadecimal digits. */
  readonly id: string
  readonly key: KeyObject
}

interface ParsedCiphertext {
  readonly keyId: string
  /** None in a ciphertext of version 1. */
  readonly materialId: string | undefined
  readonly header: Buffer
  readonly nonce: Buffer
  readonly ciphertext: Buffer
  readonly tag: Buffer
}

export function seal(
  keyId: string,
  material: SealingMaterial,
  plaintext: Uint8Array,
  context: EncryptionContext,
): Buffer {
  const id = Buffer.from(keyId)
  const header = Buffer.concat([Buffer.of(VERSION, id.length), id, Buffer.from(material.id, 'hex')])
  const nonce = randomBytes(NONCE_LENGTH)
  const cipher = createCipheriv(CIPHER, material.key, nonce, { authTagLength: TAG_LENGTH })
  cipher.setAAD(additionalData(header, context))
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return Buffer.concat([header, checkOf(header), nonce, ciphertext, cipher.getAuthTag()])
}

/** Reads which key a blob names. Only {@link unseal} authenticates anything. */
export function parseCiphertext(blob: Buffer): ParsedCiphertext {
  const [version, idLength = 0] = blob
  const materialAt = 2 + idLength
  const materialLength = version === VERSION ? MATERIAL_ID_LENGTH : 0
  const header = blob.subarray(0, materialAt + materialLength)
  const nonceAt = header.length + CHECK_LENGTH
  const ciphertextAt = nonceAt + NONCE_LENGTH
  const tagAt = blob.length - TAG_LENGTH
  if (version !== VERSION && version !== VERSION_WITHOUT_MATERIAL) throw invalidCiphertext()
  if (tagAt <= ciphertextAt) throw invalidCiphertext()
  if (!blob.subarray(header.length, nonceAt).equals(checkOf(header))) throw invalidCiphertext()
  return {
    keyId: header.toString('utf8', 2, materialAt),
    materialId: materialLength === 0 ? undefined : header.toString('hex', materialAt),
    header,
    nonce: blob.subarray(nonceAt, ciphertextAt),
    ciphertext: blob.subarray(ciphertextAt, tagAt),
    tag: blob.subarray(tagAt),
  }
}

export function unseal(
  key: KeyObject,
  parsed: ParsedCiphertext,
  context: EncryptionContext,
): Buffer {
  const { header, nonce, ciphertext, tag } = parsed
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_LENGTH })
  decipher.setAAD(additionalData(header, context))
  decipher.setAuthTag(tag)
  const plaintext = decipher.update(ciphertext)
  try {
    return Buffer.concat([plaintext, decipher.final()])
  } catch {
    throw invalidCiphertext()
  }
}

function additionalData(header: Buffer, context: EncryptionContext): Buffer {
  return Buffer.concat([header, encodeEncryptionContext(context)])
}

function checkOf(header: Buffer): Buffer {
  return createHash('sha256').update(header).digest().subarray(0, CHECK_LENGTH)
}

function invalidCiphertext(): KmsError {
  return new KmsError('InvalidCiphertextException')
}
