import { checkOptions } from '../checks.ts'
import { type CryptoBackend, checkBackend } from '../crypto/backend.ts'
import { nodeBackend } from '../crypto/node.ts'
import { compressedLength } from '../crypto/point.ts'
import { EnvelopeError, TamperedMessageError, type UnwrapAttempt, UnwrapError } from '../errors.ts'
import {
  type EncryptionContext,
  notStoredNote,
  publicKeyName,
} from '../format/encryption-context.ts'
import type { EncryptedDataKey } from '../format/encrypted-data-key.ts'
import { boundItemNote } from '../format/item-context.ts'
import { inMessageOrder } from '../keyrings/attempts.ts'
import { type Keyring, checkKeyring } from '../keyrings/keyring.ts'
import { DecryptionMaterials, isDecryptionMaterials } from '../materials/decryption-materials.ts'
import { EncryptionMaterials, isEncryptionMaterials } from '../materials/encryption-materials.ts'
import { wrappedDataKeyLength } from '../materials/intermediate-key.ts'
import {
  checkPolicyOnDecrypt,
  checkPolicyOnEncrypt,
  defaultSuite,
} from '../suites/commitment-policy.ts'
import { type MaterialsSuite, isItemSuite, knownSuite } from '../suites/materials-suite.ts'
import {
  type CryptographicMaterialsManager,
  type DecryptionMaterialsRequest,
  type EncryptionMaterialsRequest,
  checkDecryptionMaterials,
  asEnvelopeError,
  checkEncryptionMaterials,
  checkRequiredKeys,
  isAlwaysStored,
} from './cmm.ts'
import { decodePublicKey, encodePublicKey } from './public-key.ts'

/** Options of {@link DefaultCmm}. */
export interface DefaultCmmOptions {
  keyring: Keyring
  /** Makes signing keys. Default: node:crypto. */
  backend?: CryptoBackend
}

/**
 * Asks the keyring anew for every message, and makes a signing key for each signed one
 * (framework/default-cmm.md). A client that is given a keyring uses this CMM.
 *
 * @example
 * ```ts
 * const client = new EnvelopeClient({ cmm: new DefaultCmm({ keyring }) })
 * ```
 */
export class DefaultCmm implements CryptographicMaterialsManager {
  readonly #keyring: Keyring
  readonly #backend: CryptoBackend

  constructor(options: DefaultCmmOptions) {
    checkOptions(options, ['keyring', 'backend'])
    const { keyring, backend = nodeBackend } = options
    checkKeyring(keyring, 'keyring')
    this.#keyring = keyring
    this.#backend = checkBackend(backend)
  }

  // framework/default-cmm.md, "Get Encryption Materials"
  async getEncryptionMaterials(request: EncryptionMaterialsRequest): Promise<EncryptionMaterials> {
    const suite = knownSuite(request.algorithmSuite ?? defaultSuite(request.commitmentPolicy))
    checkPolicyOnEncrypt(request.commitmentPolicy, suite)
    if (Object.hasOwn(request.encryptionContext, publicKeyName)) {
      throw new EnvelopeError(
        'ERR_ENCRYPTION_CONTEXT',
        `The encryption context has the key "${publicKeyName}", which only the CMM may set`,
      )
    }
    const signingKey = suite.signature && this.#backend.generateSigningKey(suite.signature.curve)
    const encryptionContext = signingKey
      ? Object.freeze({
          ...request.encryptionContext,
          [publicKeyName]: encodePublicKey(signingKey.publicKey),
        })
      : request.encryptionContext
    const requiredContextKeys = request.requiredContextKeys ?? []
    checkRequiredKeys(requiredContextKeys, encryptionContext, suite)
    const given = new EncryptionMaterials({
      suite,
      encryptionContext,
      requiredContextKeys,
      signingKey,
      signal: request.signal,
      backend: this.#backend,
    })
    let materials: EncryptionMaterials | undefined
    try {
      materials = await this.#keyring.onEncrypt(given)
      checkEncryptionMaterials(materials)
      if (!materials.continues(given)) throw materialsOfItsOwn()
      return materials
    } catch (cause) {
      given.destroy() // and with it the data key of whatever the keyring made of it
      if (isEncryptionMaterials(materials)) materials.destroy() // if that was something else
      throw asEnvelopeError('ERR_WRAP_FAILED', 'keyring', cause)
    }
  }

  // framework/default-cmm.md, "Decrypt Materials"
  async decryptMaterials(request: DecryptionMaterialsRequest): Promise<DecryptionMaterials> {
    const { encryptionContext: stored } = request
    const suite = knownSuite(request.algorithmSuite)
    checkPolicyOnDecrypt(request.commitmentPolicy, suite)
    const requiredContextKeys = checkReproducedContext(
      stored,
      request.reproducedEncryptionContext,
      suite,
    )
    const encryptionContext =
      requiredContextKeys.length === 0
        ? stored
        : Object.freeze({ ...stored, ...request.reproducedEncryptionContext })
    const verificationKey = verificationKeyOf(suite, stored)
    const { encryptedDataKeys, wrappedDataKeys } = isItemSuite(suite)
      ? splitDataKeys(request.encryptedDataKeys)
      : { encryptedDataKeys: request.encryptedDataKeys, wrappedDataKeys: undefined }
    const given = new DecryptionMaterials({
      suite,
      encryptionContext,
      requiredContextKeys,
      verificationKey,
      signal: request.signal,
      wrappedDataKeys,
      backend: this.#backend,
    })
    let materials: DecryptionMaterials | undefined
    try {
      materials = await this.#keyring.onDecrypt(given, encryptedDataKeys)
      if (isDecryptionMaterials(materials) && !materials.hasDataKey) {
        const { attempts } = materials
        throw new UnwrapError(
          await inMessageOrder(attempts, encryptedDataKeys, request.signal),
          noteOn(given, attempts),
        )
      }
      checkDecryptionMaterials(materials, request)
      checkSameRequest(given, materials)
      return materials
    } catch (cause) {
      given.destroy()
      if (isDecryptionMaterials(materials)) materials.destroy()
      throw asEnvelopeError('ERR_UNWRAP_FAILED', 'keyring', cause)
    }
  }
}

/** What else there is to say of encrypted data keys that did not open. */
function noteOn(
  { suite, encryptionContext, requiredContextKeys }: DecryptionMaterials,
  attempts: readonly UnwrapAttempt[],
): string | undefined {
  if (!isItemSuite(suite)) return notStoredNote(requiredContextKeys)
  // Where no keyring knew the wrapping key, that is all there is to it.
  const foreign = attempts.length > 0 && attempts.every(({ outcome }) => outcome === 'skipped')
  return foreign
    ? undefined
    : (boundItemNote(encryptionContext) ?? notStoredNote(requiredContextKeys))
}

/**
 * Compares what the caller reproduced with what the message stores, and returns the keys that it does
 * not store: those must be authenticated all the same, so a message that was not written with them
 * does not open (cmm-interface.md, "Decrypt Materials"). Some are not appended in this way:
 * only the message can say how it is signed.
 */
function checkReproducedContext(
  stored: EncryptionContext,
  reproduced: EncryptionContext,
  suite: MaterialsSuite,
): readonly string[] {
  const notStored: string[] = []
  for (const [key, value] of Object.entries(reproduced)) {
    if (!Object.hasOwn(stored, key)) {
      if (isAlwaysStored(key, suite)) throw contextMismatch(suite, key, 'is not in it')
      notStored.push(key)
    } else if (stored[key] !== value) {
      throw contextMismatch(suite, key, 'has another value in it')
    }
  }
  return notStored
}

/**
 * What keyrings unwrap of an item's encrypted data keys, and the data key's own encrypted form in front of it
 * (algorithm-suites.md, "Intermediate Key Wrapping"). One that is too short leaves nothing to unwrap.
 */
function splitDataKeys(keys: readonly EncryptedDataKey[]) {
  return {
    encryptedDataKeys: keys.map(({ providerId, providerInfo, ciphertext }) => ({
      providerId,
      providerInfo,
      ciphertext: ciphertext.subarray(wrappedDataKeyLength),
    })),
    wrappedDataKeys: keys.map(({ ciphertext }) => ciphertext.subarray(0, wrappedDataKeyLength)),
  }
}

function contextMismatch(suite: MaterialsSuite, key: string, why: string): EnvelopeError {
  return new EnvelopeError(
    'ERR_ENCRYPTION_CONTEXT_MISMATCH',
    `encryptionContext[${JSON.stringify(key)}], which the ${kindOf(suite)} has to have, ${why}`,
  )
}

/** What is being decrypted. */
function kindOf(suite: MaterialsSuite): string {
  return isItemSuite(suite) ? 'item' : 'message'
}

function verificationKeyOf(
  suite: MaterialsSuite,
  context: EncryptionContext,
): Uint8Array | undefined {
  const encoded = Object.hasOwn(context, publicKeyName) ? context[publicKeyName] : undefined
  if ((encoded !== undefined) !== (suite.signature !== undefined)) {
    // Otherwise a signed message could be passed off as one that was never signed.
    throw new TamperedMessageError(
      'ERR_SIGNATURE',
      suite.signature
        ? `The suite of the ${kindOf(suite)} signs, and its encryption context has no "${publicKeyName}"`
        : `The suite of the ${kindOf(suite)} does not sign, and its encryption context has a ` +
            `"${publicKeyName}"`,
    )
  }
  if (encoded === undefined || !suite.signature) return undefined
  const { curve } = suite.signature
  const publicKey = decodePublicKey(encoded, compressedLength[curve])
  if (publicKey) return publicKey
  throw new TamperedMessageError(
    'ERR_SIGNATURE',
    `"${publicKeyName}" of the ${kindOf(suite)} is not a compressed point on ${curve} in base64`,
  )
}

/**
 * A keyring adds keys to the materials that it was given. Materials that it made itself could have
 * another suite or context than the request (default-cmm.md: "MUST contain the same algorithm suite").
 */
function checkSameRequest(given: DecryptionMaterials, returned: DecryptionMaterials): void {
  if (
    given.suite.id === returned.suite.id &&
    given.encryptionContext === returned.encryptionContext &&
    given.requiredContextKeys === returned.requiredContextKeys
  ) {
    return
  }
  throw materialsOfItsOwn()
}

function materialsOfItsOwn(): EnvelopeError {
  return new EnvelopeError(
    'ERR_NO_DATA_KEY',
    'The keyring returned materials of its own: it has to return those it was given, or what their ' +
      'methods make of them',
  )
}
