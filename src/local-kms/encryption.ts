import { constants, createPublicKey, privateDecrypt, publicEncrypt } from 'node:crypto'
import { keyArn, type Scope } from './arn.ts'
import { parseCiphertext, seal, unseal } from './ciphertext.ts'
import type { EncryptionContext } from './encryption-context.ts'
import { incompatible, requireUsable } from './key-checks.ts'
import { currentMaterial, materialNamed } from './key-material.ts'
import { factsOf, type EncryptionAlgorithm } from './key-specs.ts'
import type { KeyStore } from './key-store.ts'
import { KmsError } from './kms-error.ts'
import type { KeyMaterial, KeyRecord } from './records.ts'
import { resolveKey } from './resolve-key.ts'

/* What a key with the usage ENCRYPT_DECRYPT does, whatever its spec. */

/** As it stands in a request; `SM2PKE` is KMS's in China only, and fits no key here. */
type RequestedAlgorithm = EncryptionAlgorithm | 'SM2PKE'

type RsaAlgorithm = Exclude<EncryptionAlgorithm, 'SYMMETRIC_DEFAULT'>

const oaepHashes = {
  RSAES_OAEP_SHA_1: { name: 'sha1', length: 20 },
  RSAES_OAEP_SHA_256: { name: 'sha256', length: 32 },
} as const satisfies Record<RsaAlgorithm, unknown>

interface Sealed {
  readonly ciphertext: Buffer
  /** None where the ciphertext is RSA's. */
  readonly material: KeyMaterial | undefined
}

interface Opened {
  readonly key: KeyRecord
  readonly plaintext: Buffer
  readonly material: KeyMaterial | undefined
}

interface Ciphertext {
  readonly blob: Buffer
  readonly algorithm: RequestedAlgorithm
  readonly context: EncryptionContext
  /** The `KeyId` of the request; a symmetric ciphertext names its key itself. */
  readonly keyId: string | undefined
}

export function encryptSymmetric(
  key: KeyRecord,
  plaintext: Uint8Array,
  context: EncryptionContext,
): Sealed & { readonly material: KeyMaterial } {
  requireSpec(key, 'symmetric', 'SYMMETRIC_DEFAULT')
  const material = currentMaterial(key)
  return { ciphertext: seal(key.id, material, plaintext, context), material }
}

export function encryptUnder(
  key: KeyRecord,
  plaintext: Uint8Array,
  algorithm: RequestedAlgorithm,
  context: EncryptionContext,
): Sealed {
  if (algorithm === 'SYMMETRIC_DEFAULT') {
    return encryptSymmetric(key, plaintext, context)
  }
  const hash = hashFor(key, algorithm)
  requireNoContext(context)
  const { key: privateKey } = currentMaterial(key)
  const longest = modulusLength(key) / 8 - 2 * hash.length - 2
  if (plaintext.length > longest) {
    throw new KmsError(
      'ValidationException',
      `Algorithm ${algorithm} and key spec ${key.spec} cannot encrypt data larger than ${longest} bytes.`,
    )
  }
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  const ciphertext = publicEncrypt(
    { key: createPublicKey(privateKey), padding, oaepHash: hash.name },
    plaintext,
  )
  return { ciphertext, material: undefined }
}

export function decrypt(
  store: KeyStore,
  scope: Scope,
  ciphertext: Ciphertext,
  operation: string,
): Opened {
  return ciphertext.algorithm === 'SYMMETRIC_DEFAULT'
    ? decryptSymmetric(store, scope, ciphertext, operation)
    : decryptRsa(store, scope, ciphertext, ciphertext.algorithm, operation)
}

function decryptSymmetric(
  store: KeyStore,
  scope: Scope,
  { blob, context, keyId }: Ciphertext,
  operation: string,
): Opened {
  const expected = keyId === undefined ? undefined : resolveKey(store, scope, keyId)
  if (expected) {
    requireUsable(expected, 'ENCRYPT_DECRYPT', operation)
    requireSpec(expected, 'symmetric', 'SYMMETRIC_DEFAULT')
  }
  const parsed = parseCiphertext(blob)
  if (expected && expected.id !== parsed.keyId) {
    throw new KmsError(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    )
  }
  const key = expected ?? store.key(keyArn(scope, parsed.keyId))
  if (!key) {
    throw new KmsError(
      'AccessDeniedException',
      'The ciphertext refers to a customer master key that does not exist, ' +
        'does not exist in this region, or you are not allowed to access.',
    )
  }
  requireUsable(key, 'ENCRYPT_DECRYPT', operation)
  requireSpec(key, 'symmetric', 'SYMMETRIC_DEFAULT')
  const material = materialNamed(key, parsed.materialId)
  return { key, plaintext: unseal(material.key, parsed, context), material }
}

function decryptRsa(
  store: KeyStore,
  scope: Scope,
  { blob, context, keyId }: Ciphertext,
  algorithm: RsaAlgorithm | 'SM2PKE',
  operation: string,
): Opened {
  if (keyId === undefined) {
    throw new KmsError(
      'ValidationException',
      `KeyId is required: a ciphertext of the algorithm ${algorithm} does not name its key.`,
    )
  }
  const key = resolveKey(store, scope, keyId)
  requireUsable(key, 'ENCRYPT_DECRYPT', operation)
  const hash = hashFor(key, algorithm)
  requireNoContext(context)
  const { key: privateKey } = currentMaterial(key)
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  try {
    const plaintext = privateDecrypt({ key: privateKey, padding, oaepHash: hash.name }, blob)
    return { key, plaintext, material: undefined }
  } catch {
    throw new KmsError('InvalidCiphertextException')
  }
}

function hashFor(key: KeyRecord, algorithm: RsaAlgorithm | 'SM2PKE') {
  requireSpec(key, 'rsa', algorithm)
  if (algorithm === 'SM2PKE') throw incompatible(algorithm, key.spec)
  return oaepHashes[algorithm]
}

function requireSpec({ spec }: KeyRecord, kind: 'symmetric' | 'rsa', algorithm: string): void {
  if (factsOf(spec).kind !== kind) throw incompatible(algorithm, spec)
}

/** OAEP has no place for one, so that a caller who gives one would believe in a binding that isn't. */
function requireNoContext(context: EncryptionContext): void {
  if (context.length === 0) return
  throw new KmsError(
    'ValidationException',
    'EncryptionContext is not supported for asymmetric keys. Leave it out.',
  )
}

function modulusLength({ spec }: KeyRecord): number {
  const facts = factsOf(spec)
  return facts.kind === 'rsa' ? facts.modulusLength : 0
}
