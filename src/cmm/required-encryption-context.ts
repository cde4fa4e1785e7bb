import { checkOptions, show } from '../checks.ts'
import { type CryptoBackend, checkBackend } from '../crypto/backend.ts'
import { nodeBackend } from '../crypto/node.ts'
import { EnvelopeError, InvalidArgumentError } from '../errors.ts'
import { type EncryptionContext, reservedPrefix } from '../format/encryption-context.ts'
import {
  type DecryptionMaterials,
  isDecryptionMaterials,
} from '../materials/decryption-materials.ts'
import {
  type EncryptionMaterials,
  isEncryptionMaterials,
} from '../materials/encryption-materials.ts'
import {
  type CryptographicMaterialsManager,
  type DecryptionMaterialsRequest,
  type EncryptionMaterialsRequest,
  checkDecryptionMaterials,
  checkEncryptionMaterials,
  checkRequiredKeysKept,
} from './cmm.ts'
import { type UnderlyingOptions, underlyingCmm } from './underlying.ts'

/** Options of {@link RequiredEncryptionContextCmm}. */
export type RequiredEncryptionContextCmmOptions = UnderlyingOptions & {
  /** Keys of the encryption context; at least one, none twice, none that begins with `aws-crypto-`. */
  requiredKeys: readonly string[]
  /** Makes signing keys, if a `keyring` is given. Default: node:crypto. */
  backend?: CryptoBackend
}

/**
 * Binds messages to pairs of the encryption context that they do not store: who decrypts has to know them
 * (framework/required-encryption-context-cmm.md). For what must not stand in a message in the clear, and
 * for what a reader must not take from the message: its tenant, its row.
 *
 * `encrypt` fails with `ERR_ENCRYPTION_CONTEXT` without one of the keys, `decrypt` with
 * `ERR_ENCRYPTION_CONTEXT_MISMATCH`. With another value, a message does not open.
 *
 * Such a message opens only for readers that give the pairs as their `encryptionContext`, whether or not
 * they have this CMM. A message that stores the pairs opens too, if they are the same.
 *
 * Put it above a {@link CachingCmm} and not below: above, it looks at each message and at what the cache has
 * for it. Below, it is not asked on a hit, and where its caching CMM shares a partition with one that has no
 * such CMM below, messages store the pairs.
 *
 * @throws InvalidArgumentError if an option is not as described.
 *
 * @example
 * ```ts
 * const cmm = new RequiredEncryptionContextCmm({ requiredKeys: ['tenant'], keyring })
 * const client = new EnvelopeClient({ cmm })
 * const { ciphertext } = await client.encrypt('secret', { encryptionContext: { tenant: 'acme' } })
 * await client.decrypt(ciphertext, { encryptionContext: { tenant: 'acme' } })
 * ```
 */
export class RequiredEncryptionContextCmm implements CryptographicMaterialsManager {
  readonly #requiredKeys: readonly string[]
  readonly #underlying: CryptographicMaterialsManager

  constructor(options: RequiredEncryptionContextCmmOptions) {
    checkOptions(options, ['requiredKeys', 'keyring', 'cmm', 'backend'])
    const { backend = nodeBackend } = options
    this.#requiredKeys = checkKeys(options.requiredKeys)
    this.#underlying = underlyingCmm(
      options,
      checkBackend(backend),
      'required encryption context CMM',
    )
  }

  // framework/required-encryption-context-cmm.md, "Get Encryption Materials"
  async getEncryptionMaterials(request: EncryptionMaterialsRequest): Promise<EncryptionMaterials> {
    const missing = this.#missingIn(request.encryptionContext)
    if (missing !== undefined) {
      throw new EnvelopeError(
        'ERR_ENCRYPTION_CONTEXT',
        `encryptionContext lacks the key ${show(missing)}, which is required: encrypt with its value`,
      )
    }
    // Another CMM above this one may have required keys of its own.
    const requiredContextKeys = [
      ...new Set([...(request.requiredContextKeys ?? []), ...this.#requiredKeys]),
    ]
    const materials = await this.#underlying.getEncryptionMaterials({
      ...request,
      requiredContextKeys,
    })
    try {
      checkEncryptionMaterials(materials)
      checkRequiredKeysKept(materials, this.#requiredKeys)
      return materials
    } catch (error) {
      if (isEncryptionMaterials(materials)) materials.destroy()
      throw error
    }
  }

  // framework/required-encryption-context-cmm.md, "Decrypt Materials"
  async decryptMaterials(request: DecryptionMaterialsRequest): Promise<DecryptionMaterials> {
    const missing = this.#missingIn(request.reproducedEncryptionContext)
    if (missing !== undefined) {
      throw new EnvelopeError(
        'ERR_ENCRYPTION_CONTEXT_MISMATCH',
        `encryptionContext lacks the key ${show(missing)}, which is required: decrypt with the value ` +
          'that the message was encrypted with',
      )
    }
    const materials = await this.#underlying.decryptMaterials(request)
    try {
      // Among other things that every reproduced pair is authenticated, the required ones with them.
      checkDecryptionMaterials(materials, request)
      return materials
    } catch (error) {
      if (isDecryptionMaterials(materials)) materials.destroy()
      throw error
    }
  }

  #missingIn(context: EncryptionContext): string | undefined {
    return this.#requiredKeys.find((key) => !Object.hasOwn(context, key))
  }
}

/** A copy of the keys, after refusing those that could not be required. */
function checkKeys(requiredKeys: readonly string[]): readonly string[] {
  const given: unknown = requiredKeys
  if (!Array.isArray(given) || given.length === 0) {
    throw invalid('requiredKeys must be an array of at least one key of the encryption context')
  }
  const keys: unknown[] = Array.from(given)
  return keys.map((key, index) => {
    if (typeof key !== 'string' || !key.isWellFormed()) {
      throw invalid(`requiredKeys[${index}] must be a string without lone surrogates`)
    }
    if (key.startsWith(reservedPrefix)) {
      throw invalid(
        `requiredKeys has ${show(key)}; keys that begin with "${reservedPrefix}" are reserved for the ` +
          'format, and messages have to store them',
      )
    }
    if (keys.indexOf(key) !== index) throw invalid(`requiredKeys has ${show(key)} twice`)
    return key
  })
}

function invalid(message: string): InvalidArgumentError {
  return new InvalidArgumentError('requiredKeys', message)
}
