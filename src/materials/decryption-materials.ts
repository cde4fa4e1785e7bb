import { EnvelopeError, type UnwrapAttempt } from '../errors.ts'
import { copyBytes } from '../format/bytes.ts'
import { type EncryptionContext, frozenContext } from '../format/encryption-context.ts'
import { type AlgorithmSuite, knownSuite } from '../suites/suites.ts'
import { DataKey } from './data-key.ts'
import { frozenKeys, noKeys } from './frozen-keys.ts'

const brand = Symbol.for('waxseal.DecryptionMaterials')

/** What decryption materials are made of. */
export interface DecryptionMaterialsFields {
  suite: AlgorithmSuite
  encryptionContext: EncryptionContext
  requiredContextKeys?: readonly string[]
  verificationKey?: Uint8Array | undefined
  signal?: AbortSignal | undefined
}

/**
 * What one message is decrypted with (framework/structures.md, "Decryption Materials"). A keyring
 * returns them with the data key, or with a note of why it could not unwrap it.
 */
export class DecryptionMaterials {
  readonly [brand] = true
  readonly suite: AlgorithmSuite
  /** All pairs that are authenticated: the message's own and the reproduced ones. Frozen. */
  readonly encryptionContext: EncryptionContext
  /** The keys of those pairs that the caller reproduced and the message does not store. Frozen. */
  readonly requiredContextKeys: readonly string[]
  /** The compressed public key that verifies the message's signature, of a signing suite. */
  readonly verificationKey: Uint8Array | undefined
  /** Aborts the operation; a keyring passes it to what it calls. */
  readonly signal: AbortSignal | undefined
  #attempts: readonly UnwrapAttempt[] = []
  #dataKey: DataKey | undefined
  /** The data keys of all materials that come from the same request. */
  #family = new Set<DataKey>()

  constructor(fields: DecryptionMaterialsFields) {
    this.suite = knownSuite(fields.suite)
    this.encryptionContext = frozenContext(fields.encryptionContext)
    this.requiredContextKeys = frozenKeys(fields.requiredContextKeys ?? noKeys)
    this.verificationKey = fields.verificationKey
    this.signal = fields.signal
  }

  /** What became of the encrypted data keys so far. */
  get attempts(): readonly UnwrapAttempt[] {
    return this.#attempts
  }

  /** Whether a keyring has unwrapped the data key. */
  get hasDataKey(): boolean {
    return this.#dataKey !== undefined
  }

  /**
   * A copy of the plaintext data key; zeros once the materials are destroyed. Throws if there is none.
   */
  get dataKey(): Uint8Array {
    if (this.#dataKey) return this.#dataKey.copy()
    throw new EnvelopeError('ERR_NO_DATA_KEY', 'These materials have no data key')
  }

  /** These materials with the data key, whose bytes are copied. Throws if there is one already. */
  withDataKey(bytes: Uint8Array): DecryptionMaterials {
    if (this.#dataKey) {
      throw new EnvelopeError('ERR_UNWRAP_FAILED', 'These materials have a data key already')
    }
    return this.#with(new DataKey(bytes, this.suite), this.#attempts)
  }

  /** These materials with notes on encrypted data keys that were skipped or failed. */
  withAttempts(attempts: readonly UnwrapAttempt[]): DecryptionMaterials {
    return this.#with(this.#dataKey, [...this.#attempts, ...attempts])
  }

  #with(dataKey: DataKey | undefined, attempts: readonly UnwrapAttempt[]): DecryptionMaterials {
    const materials = new DecryptionMaterials(this)
    materials.#attempts = attempts
    materials.#dataKey = dataKey
    materials.#family = this.#family
    if (dataKey) this.#family.add(dataKey)
    return materials
  }

  /**
   * The same materials with a data key of their own, so that a CMM can keep the ones and hand out the
   * others. Nothing that a caller could change is shared, and the signal is not taken along.
   */
  copy(): DecryptionMaterials {
    const materials = new DecryptionMaterials({
      suite: this.suite,
      encryptionContext: this.encryptionContext,
      requiredContextKeys: this.requiredContextKeys,
      verificationKey: this.verificationKey && copyBytes(this.verificationKey),
    })
    materials.#attempts = this.#attempts.map((attempt) => ({ ...attempt }))
    materials.#dataKey = this.#dataKey?.clone()
    if (materials.#dataKey) materials.#family.add(materials.#dataKey)
    return materials
  }

  /** Overwrites the data key, here and in all materials that come from the same request. */
  destroy(): void {
    for (const dataKey of this.#family) dataKey.destroy()
  }
}

/** Whether `value` is decryption materials, whichever copy of the library made them. */
export function isDecryptionMaterials(value: unknown): value is DecryptionMaterials {
  return typeof value === 'object' && value !== null && brand in value
}
