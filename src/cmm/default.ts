import type { CryptoBackend } from '../crypto/backend.ts'
import { nodeBackend } from '../crypto/node.ts'
import { EnvelopeError, TamperedMessageError, UnwrapError } from '../errors.ts'
import {
  type EncryptionContext,
  notStoredNote,
  publicKeyName,
  reservedPrefix,
} from '../format/encryption-context.ts'
import { type Keyring, checkKeyring } from '../keyrings/keyring.ts'
import { DecryptionMaterials, isDecryptionMaterials } from '../materials/decryption-materials.ts'
import { EncryptionMaterials } from '../materials/encryption-materials.ts'
import {
  checkPolicyOnDecrypt,
  checkPolicyOnEncrypt,
  defaultSuite,
} from '../suites/commitment-policy.ts'
import type { AlgorithmSuite } from '../suites/suites.ts'
import {
  type CryptographicMaterialsManager,
  type DecryptionMaterialsRequest,
  type EncryptionMaterialsRequest,
  checkDecryptionMaterials,
  checkEncryptionMaterials,
} from './cmm.ts'

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

  constructor({ keyring, backend = nodeBackend }: DefaultCmmOptions) {
    checkKeyring(keyring, 'keyring')
    this.#keyring = keyring
    this.#backend = backend
  }

  // framework/default-cmm.md, "Get Encryption Materials"
  async getEncryptionMaterials(request: EncryptionMaterialsRequest): Promise<EncryptionMaterials> {
    const suite = request.algorithmSuite ?? defaultSuite(request.commitmentPolicy)
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
          [publicKeyName]: Buffer.from(signingKey.publicKey).toString('base64'),
        })
      : request.encryptionContext
    const given = new EncryptionMaterials({
      suite,
      encryptionContext,
      requiredContextKeys: request.requiredContextKeys ?? [],
      signingKey,
      signal: request.signal,
    })
    try {
      const materials = await this.#keyring.onEncrypt(given)
      checkEncryptionMaterials(materials)
      return materials
    } catch (cause) {
      given.destroy() // and with it the data key of whatever the keyring made of it
      throw asEnvelopeError('ERR_WRAP_FAILED', cause)
    }
  }

  // framework/default-cmm.md, "Decrypt Materials"
  async decryptMaterials(request: DecryptionMaterialsRequest): Promise<DecryptionMaterials> {
    const { algorithmSuite: suite, encryptionContext: stored } = request
    checkPolicyOnDecrypt(request.commitmentPolicy, suite)
    const requiredContextKeys = checkReproducedContext(stored, request.reproducedEncryptionContext)
    const encryptionContext =
      requiredContextKeys.length === 0
        ? stored
        : Object.freeze({ ...stored, ...request.reproducedEncryptionContext })
    const verificationKey = verificationKeyOf(suite, stored)
    const given = new DecryptionMaterials({
      suite,
      encryptionContext,
      requiredContextKeys,
      verificationKey,
      signal: request.signal,
    })
    try {
      const materials = await this.#keyring.onDecrypt(given, request.encryptedDataKeys)
      if (isDecryptionMaterials(materials) && !materials.hasDataKey) {
        throw new UnwrapError(materials.attempts, notStoredNote(requiredContextKeys))
      }
      checkDecryptionMaterials(materials, request)
      return materials
    } catch (cause) {
      given.destroy() // and with it the data key of whatever the keyring made of it
      throw asEnvelopeError('ERR_UNWRAP_FAILED', cause)
    }
  }
}

/**
 * Compares what the caller reproduced with what the message stores, and returns the keys that it does
 * not store: those must be authenticated all the same, so a message that was not written with them
 * does not open (cmm-interface.md, "Decrypt Materials").
 */
function checkReproducedContext(
  stored: EncryptionContext,
  reproduced: EncryptionContext,
): readonly string[] {
  const notStored: string[] = []
  for (const [key, value] of Object.entries(reproduced)) {
    if (!Object.hasOwn(stored, key)) {
      if (key.startsWith(reservedPrefix)) throw contextMismatch(key, 'is not in the message')
      notStored.push(key)
    } else if (stored[key] !== value) {
      throw contextMismatch(key, 'has another value in the message')
    }
  }
  return notStored
}

function contextMismatch(key: string, why: string): EnvelopeError {
  return new EnvelopeError(
    'ERR_ENCRYPTION_CONTEXT_MISMATCH',
    `encryptionContext[${JSON.stringify(key)}], which the message has to have, ${why}`,
  )
}

function verificationKeyOf(
  suite: AlgorithmSuite,
  context: EncryptionContext,
): Uint8Array | undefined {
  const encoded = Object.hasOwn(context, publicKeyName) ? context[publicKeyName] : undefined
  if ((encoded !== undefined) !== (suite.signature !== undefined)) {
    // Otherwise a signed message could be passed off as one that was never signed.
    throw new TamperedMessageError(
      'ERR_SIGNATURE',
      suite.signature
        ? `The message's suite signs, and its encryption context has no "${publicKeyName}"`
        : `The message's suite does not sign, and its encryption context has a "${publicKeyName}"`,
    )
  }
  return encoded === undefined ? undefined : new Uint8Array(Buffer.from(encoded, 'base64'))
}

/** A keyring of the application's may throw anything; what leaves here has a code. */
function asEnvelopeError(
  code: 'ERR_WRAP_FAILED' | 'ERR_UNWRAP_FAILED',
  cause: unknown,
): EnvelopeError {
  if (EnvelopeError.is(cause)) return cause
  const reason = cause instanceof Error ? cause.message : 'it threw something that is not an error'
  return new EnvelopeError(code, `The keyring failed: ${reason}`, { cause })
}
