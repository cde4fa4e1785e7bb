import { hasMethods, show } from '../checks.ts'
import { compressedLength } from '../crypto/point.ts'
import { EnvelopeError, InvalidArgumentError, reasonOf } from '../errors.ts'
import type { EncryptedDataKey } from '../format/encrypted-data-key.ts'
import {
  type EncryptionContext,
  publicKeyName,
  reservedPrefix,
} from '../format/encryption-context.ts'
import { encodePublicKey } from './public-key.ts'
import {
  type DecryptionMaterials,
  isDecryptionMaterials,
} from '../materials/decryption-materials.ts'
import {
  type EncryptionMaterials,
  isEncryptionMaterials,
} from '../materials/encryption-materials.ts'
import type { CommitmentPolicy } from '../suites/commitment-policy.ts'
import { type MaterialsSuite, isItemSuite } from '../suites/materials-suite.ts'

/** What a client asks of a CMM in order to encrypt (framework/cmm-interface.md). */
export interface EncryptionMaterialsRequest {
  readonly encryptionContext: EncryptionContext
  readonly commitmentPolicy: CommitmentPolicy
  /** The suite that the caller chose; `undefined` leaves it to the commitment policy. */
  readonly algorithmSuite?: MaterialsSuite | undefined
  /** Keys of the context that are to be authenticated but not stored in the message. */
  readonly requiredContextKeys?: readonly string[] | undefined
  /** Bytes of the plaintext, or a bound on them; `undefined` if nothing is known. */
  readonly maxPlaintextLength?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** What a client asks of a CMM in order to decrypt. */
export interface DecryptionMaterialsRequest {
  readonly algorithmSuite: MaterialsSuite
  readonly commitmentPolicy: CommitmentPolicy
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
  /** The context that the message stores. */
  readonly encryptionContext: EncryptionContext
  /** The context that the caller says the message must have. */
  readonly reproducedEncryptionContext: EncryptionContext
  readonly signal?: AbortSignal | undefined
}

/**
 * Decides what each message is encrypted and decrypted with: the place for caching, for policies and
 * for changing the encryption context. The client destroys the data key of what it is given, so a CMM
 * that keeps one hands out copies.
 */
export interface CryptographicMaterialsManager {
  /** Returns materials with a data key and at least one encrypted form of it; otherwise throws. */
  getEncryptionMaterials(request: EncryptionMaterialsRequest): Promise<EncryptionMaterials>
  /** Returns materials with the data key; throws if it can't be had, best an `UnwrapError`. */
  decryptMaterials(request: DecryptionMaterialsRequest): Promise<DecryptionMaterials>
}

/** Refuses what has not the two methods of a CMM. */
export function checkCmm(
  value: unknown,
  field: string,
): asserts value is CryptographicMaterialsManager {
  if (hasMethods(value, ['getEncryptionMaterials', 'decryptMaterials'])) return
  throw new InvalidArgumentError(
    field,
    `${field} must be a CMM: an object with the methods getEncryptionMaterials and decryptMaterials`,
  )
}

/** Refuses encryption materials that are not valid (cmm-interface.md, "Get Encryption Materials"). */
export function checkEncryptionMaterials(materials: EncryptionMaterials): void {
  if (!isEncryptionMaterials(materials)) throw notMaterials('encryption')
  const { suite, encryptedDataKeys, signingKey, requiredContextKeys } = materials
  if (!materials.hasDataKey) throw noDataKey('The keyring or CMM produced no data key')
  if (encryptedDataKeys.length === 0) {
    throw noDataKey('The keyring or CMM produced a data key but no encrypted form of it')
  }
  if (isItemSuite(suite) && materials.symmetricSigningKeys.length !== encryptedDataKeys.length) {
    throw noDataKey('The CMM produced materials of an item without an HMAC key for each data key')
  }
  if ((signingKey === undefined) !== (suite.signature === undefined)) {
    const problem = suite.signature
      ? 'and no signing key'
      : 'which does not sign, and a signing key'
    throw noDataKey(`The CMM produced materials for ${suite.name}, ${problem}`)
  }
  if (suite.signature && signingKey) {
    const key = encodePublicKey(signingKey.publicKey)
    const fits = signingKey.publicKey.length === compressedLength[suite.signature.curve]
    if (!fits || materials.encryptionContext[publicKeyName] !== key) {
      throw noDataKey(
        `The CMM produced a signing key that is not one for ${suite.signature.curve}, or whose public ` +
          `key is not in the encryption context under "${publicKeyName}"`,
      )
    }
  }
  checkRequiredKeys(requiredContextKeys, materials.encryptionContext, suite)
}

/** Refuses decryption materials that are not valid (cmm-interface.md, "Decrypt Materials"). */
export function checkDecryptionMaterials(
  materials: DecryptionMaterials,
  request: DecryptionMaterialsRequest,
): void {
  if (!isDecryptionMaterials(materials)) throw notMaterials('decryption')
  if (!materials.hasDataKey) throw noDataKey('The CMM produced no data key')
  if (materials.suite.id !== request.algorithmSuite.id) {
    throw noDataKey(
      `The CMM produced materials for ${materials.suite.name}, and what is to be decrypted was written ` +
        `with ${request.algorithmSuite.name}`,
    )
  }
  if (request.algorithmSuite.signature && !materials.verificationKey) {
    throw noDataKey('The CMM produced no key to verify the signature with')
  }
  // "Decrypt Materials": what the caller reproduced is authenticated, whatever the CMM made of it.
  for (const [key, value] of Object.entries(request.reproducedEncryptionContext)) {
    const stored = Object.hasOwn(request.encryptionContext, key)
    const required = materials.requiredContextKeys.includes(key)
    if (materials.encryptionContext[key] !== value || !(stored || required)) {
      throw noDataKey(
        `The CMM dropped the reproduced encryption context key ${JSON.stringify(key)}`,
      )
    }
  }
  checkRequiredKeys(
    materials.requiredContextKeys,
    materials.encryptionContext,
    request.algorithmSuite,
  )
}

/**
 * Every required key has to be in the context, and none may be one that has to be stored (structures.md): of
 * a message the library's own, of an item the verification key.
 */
export function checkRequiredKeys(
  keys: readonly string[],
  context: EncryptionContext,
  suite: MaterialsSuite,
): void {
  const reserved = keys.find((key) => isAlwaysStored(key, suite))
  if (reserved !== undefined) {
    throw new EnvelopeError(
      'ERR_ENCRYPTION_CONTEXT',
      `${JSON.stringify(reserved)} cannot be a required key: it has to be stored`,
    )
  }
  const missing = keys.find((key) => !Object.hasOwn(context, key))
  if (missing === undefined) return
  throw new EnvelopeError(
    'ERR_ENCRYPTION_CONTEXT',
    `The encryption context lacks the required key ${JSON.stringify(missing)}`,
  )
}

/** Refuses materials of a CMM that would store a pair which was not to be stored. */
export function checkRequiredKeysKept(
  { requiredContextKeys: kept }: EncryptionMaterials,
  keys: readonly string[],
): void {
  const dropped = keys.find((key) => !kept.includes(key))
  if (dropped === undefined) return
  throw noDataKey(
    `The underlying CMM dropped the required key ${show(dropped)}: the message would store its pair`,
  )
}

/** Whether a pair can only be had from what is being decrypted, and not from the caller. */
export function isAlwaysStored(key: string, suite: MaterialsSuite): boolean {
  // What an item is bound to has reserved names, and is never stored in it.
  return isItemSuite(suite) ? key === publicKeyName : key.startsWith(reservedPrefix)
}

function noDataKey(message: string): EnvelopeError {
  return new EnvelopeError('ERR_NO_DATA_KEY', message)
}

function notMaterials(kind: string): EnvelopeError {
  return noDataKey(`The keyring or CMM did not return ${kind} materials: return those it was given`)
}

/** What a keyring or a CMM of the application's threw may be anything; what leaves here has a code. */
export function asEnvelopeError(
  code: 'ERR_WRAP_FAILED' | 'ERR_UNWRAP_FAILED',
  who: string,
  cause: unknown,
): EnvelopeError {
  if (EnvelopeError.is(cause)) return cause
  return new EnvelopeError(code, `The ${who} failed: ${reasonOf(cause)}`, { cause })
}
