import {
  KeyObject,
  constants,
  createHmac,
  createPrivateKey,
  createPublicKey,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto'
import { InvalidArgumentError } from '../errors.ts'
import { type DerForm, tryForms } from './key-forms.ts'

/** How RSA pads a data key (framework/raw-rsa-keyring.md, "Supported Padding Schemes"). */
export type RsaPadding = 'pkcs1' | 'oaep-sha1' | 'oaep-sha256' | 'oaep-sha384' | 'oaep-sha512'

/** The hash of each padding's OAEP and MGF1. */
export const rsaPaddings: Readonly<Record<RsaPadding, string | undefined>> = {
  pkcs1: undefined,
  'oaep-sha1': 'sha1',
  'oaep-sha256': 'sha256',
  'oaep-sha384': 'sha384',
  'oaep-sha512': 'sha512',
}

/** An RSA key: PEM (text or the bytes of a file), DER bytes, or a KeyObject. */
export type RsaKey = string | Uint8Array | KeyObject

const smallestModulusBits = 2048

const publicForms: readonly DerForm[] = [
  (der) => createPublicKey({ key: der, format: 'der', type: 'spki' }),
  (der) => createPublicKey({ key: der, format: 'der', type: 'pkcs1' }),
]
const privateForms: readonly DerForm[] = [
  (der) => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }),
  (der) => createPrivateKey({ key: der, format: 'der', type: 'pkcs1' }),
]

/** The public key that `key` holds; a private key is refused, never converted. */
export function importRsaPublicKey(key: RsaKey, field: string): KeyObject {
  // raw-rsa-keyring.md, "OnEncrypt": no public key may be derived from a private one. Node would, from
  // PEM, from DER and from a KeyObject alike.
  const isPrivate =
    key instanceof KeyObject
      ? key.type !== 'public'
      : tryForms(key, privateForms, createPrivateKey) !== undefined
  if (isPrivate) {
    throw new InvalidArgumentError(field, `${field} must be a public key, not a private one`)
  }
  return importKey(key, field, publicForms, createPublicKey)
}

/** The private key that `key` holds. */
export function importRsaPrivateKey(key: RsaKey, field: string): KeyObject {
  if (key instanceof KeyObject && key.type !== 'private') {
    throw new InvalidArgumentError(field, `${field} must be a private key, not a ${key.type} one`)
  }
  return importKey(key, field, privateForms, createPrivateKey)
}

/** The public key of an RSA key, as the DER of a SubjectPublicKeyInfo: the same for both of a pair. */
export function rsaPublicKeyInfo(key: KeyObject): Uint8Array {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return publicKey.export({ format: 'der', type: 'spki' })
}

function importKey(
  key: RsaKey,
  field: string,
  derForms: readonly DerForm[],
  fromPem: (pem: string | Buffer) => KeyObject,
): KeyObject {
  const imported = key instanceof KeyObject ? key : tryForms(key, derForms, fromPem)
  if (imported?.asymmetricKeyType !== 'rsa') {
    throw new InvalidArgumentError(
      field,
      `${field} must be an RSA key: PEM text (SubjectPublicKeyInfo, PKCS #8 or PKCS #1, not ` +
        'encrypted), the same as DER bytes, or a KeyObject',
    )
  }
  const bits = imported.asymmetricKeyDetails?.modulusLength ?? 0
  if (bits >= smallestModulusBits) return imported
  throw new InvalidArgumentError(
    field,
    `${field} has a modulus of ${bits} bits, and at least ${smallestModulusBits} are required`,
  )
}

export function encryptRsa(key: KeyObject, padding: RsaPadding, plaintext: Uint8Array): Uint8Array {
  return publicEncrypt(nodeOptions(key, padding), plaintext)
}

/** The decrypted bytes, or `undefined` if they were not encrypted under this key and padding. */
export function decryptRsaOaep(
  key: KeyObject,
  padding: Exclude<RsaPadding, 'pkcs1'>,
  ciphertext: Uint8Array,
): Uint8Array | undefined {
  if (!hasModulusLength(key, ciphertext)) return undefined
  try {
    return privateDecrypt(nodeOptions(key, padding), ciphertext)
  } catch {
    return undefined
  }
}

/** The secret of {@link decryptRsaPkcs1}, new for each keyring. */
export function pkcs1RejectionKey(): Uint8Array {
  return randomBytes(32)
}

/**
 * Decrypts a data key of a known length under PKCS #1 v1.5 without telling whether the padding was
 * right: for wrong padding it returns bytes that depend on the ciphertext and a secret alone
 * ("implicit rejection"). Whoever sends ciphertexts and watches the answer learns nothing of the kind
 * that Bleichenbacher's attack needs; a message under such a key fails at its commitment or tag.
 *
 * Node's own PKCS #1 decryption is switched off in versions whose OpenSSL lacks this defence
 * (CVE-2023-46809), so the padding is removed here, with no branch on secret bytes. `undefined` only
 * for what is public: a ciphertext that is not of the modulus' size or not below the modulus.
 */
export function decryptRsaPkcs1(
  key: KeyObject,
  rejectionKey: Uint8Array,
  ciphertext: Uint8Array,
  length: number,
): Uint8Array | undefined {
  if (!hasModulusLength(key, ciphertext)) return undefined
  let padded: Uint8Array
  try {
    padded = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, ciphertext)
  } catch {
    return undefined
  }
  const dataKey = createHmac('sha256', rejectionKey).update(ciphertext).digest().subarray(0, length)
  // RFC 8017, 7.2: 00 02, at least eight bytes that are not zero, 00, then the message. The message's
  // length is known, so every byte has its place and one pass without an early exit checks them all.
  const start = padded.length - length
  let wrong = (padded[0] ?? 1) | ((padded[1] ?? 0) ^ 2) | (padded[start - 1] ?? 1)
  for (let i = 2; i < start - 1; i++) wrong |= ((padded[i] ?? 0) - 1) >>> 31
  const keep = ((wrong | (0 - wrong)) >>> 31) - 1 // all ones if nothing was wrong, else zero
  for (let i = 0; i < length; i++) {
    dataKey[i] = ((padded[start + i] ?? 0) & keep) | ((dataKey[i] ?? 0) & ~keep)
  }
  padded.fill(0)
  return dataKey
}

/** RFC 8017, 7.1.2 and 7.2.2, step 1. OpenSSL would pad a shorter one, and do all the work for it. */
function hasModulusLength(key: KeyObject, ciphertext: Uint8Array): boolean {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  return ciphertext.length === Math.ceil(bits / 8)
}

function nodeOptions(key: KeyObject, padding: RsaPadding) {
  const oaepHash = rsaPaddings[padding]
  return oaepHash === undefined
    ? { key, padding: constants.RSA_PKCS1_PADDING }
    : { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash } // Node uses it for MGF1 as well
}
