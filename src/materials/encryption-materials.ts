import type { SigningKey } from '../crypto/backend.ts'
import { EnvelopeError, type WrapFailure } from '../errors.ts'
import { type EncryptedDataKey, copyEncryptedDataKey } from '../format/encrypted-data-key.ts'
import { type EncryptionContext, frozenContext } from '../format/encryption-context.ts'
import { type AlgorithmSuite, knownSuite } from '../suites/suites.ts'
import { DataKey } from './data-key.ts'
import { frozenKeys, noKeys } from './frozen-keys.ts'
import { SharedSigningKey } from './shared-signing-key.ts'

const brand = Symbol.for('waxseal.EncryptionMaterials')

/** What encryption materials are made of. */
export interface EncryptionMaterialsFields {
  suite: AlgorithmSuite
  encryptionContext: EncryptionContext
  requiredContextKeys?: readonly string[]
  signingKey?: SigningKey | undefined
  signal?: AbortSignal | undefined
}

/**
 * What one message is encrypted with (framework/structures.md, "Encryption Materials"). Keyrings add
 * to them: each `with…` returns new materials that share the one data key.
 */
export class EncryptionMaterials {
  readonly [brand] = true
  readonly suite: AlgorithmSuite
  /** All pairs that are authenticated, the required ones included. Frozen. */
  readonly encryptionContext: EncryptionContext
  /** The keys of those pairs that are authenticated but not stored in the message. Frozen. */
  readonly requiredContextKeys: readonly string[]
  /** The key that signs the message, of a signing suite. */
  readonly signingKey: SigningKey | undefined
  /** Aborts the operation; a keyring passes it to what it calls. */
  readonly signal: AbortSignal | undefined
  #encryptedDataKeys: readonly EncryptedDataKey[] = []
  #wrapFailures: readonly WrapFailure[] = []
  #dataKey: DataKey | undefined
  /** The data keys of all materials that come from the same request. */
  #family = new Set<DataKey>()

  constructor(fields: EncryptionMaterialsFields) {
    this.suite = knownSuite(fields.suite)
    this.encryptionContext = frozenContext(fields.encryptionContext)
    this.requiredContextKeys = frozenKeys(fields.requiredContextKeys ?? noKeys)
    this.signingKey = fields.signingKey
    this.signal = fields.signal
  }

  /** The encrypted forms of the data key that keyrings have added. */
  get encryptedDataKeys(): readonly EncryptedDataKey[] {
    return this.#encryptedDataKeys
  }

  /** The keyrings that should have added one and could not, where the message is written all the same. */
  get wrapFailures(): readonly WrapFailure[] {
    return this.#wrapFailures
  }

  /** Whether a keyring has generated the data key yet. */
  get hasDataKey(): boolean {
    return this.#dataKey !== undefined
  }

  /**
   * A copy of the plaintext data key, for wrapping; zeros once the materials are destroyed. Throws if
   * there is none yet.
   */
  get dataKey(): Uint8Array {
    if (this.#dataKey) return this.#dataKey.copy()
    throw new EnvelopeError('ERR_NO_DATA_KEY', 'These materials have no data key yet')
  }

  /** These materials with a data key, whose bytes are copied. Throws if there is one already. */
  withDataKey(bytes: Uint8Array): EncryptionMaterials {
    if (this.#dataKey) {
      throw new EnvelopeError('ERR_WRAP_FAILED', 'These materials have a data key already')
    }
    return this.#with({ dataKey: new DataKey(bytes, this.suite) })
  }

  /** These materials with one more encrypted form of their data key, which is copied. */
  withEncryptedDataKey(key: EncryptedDataKey): EncryptionMaterials {
    // framework/structures.md, "Encrypted Data Keys": without a data key there are none.
    if (!this.#dataKey) {
      throw new EnvelopeError(
        'ERR_WRAP_FAILED',
        'These materials have no data key to have encrypted',
      )
    }
    const encryptedDataKeys = [...this.#encryptedDataKeys, copyEncryptedDataKey(key)]
    return this.#with({ encryptedDataKeys })
  }

  /** These materials with notes on keyrings that have not wrapped the data key. */
  withWrapFailures(wrapFailures: readonly WrapFailure[]): EncryptionMaterials {
    return this.#with({ wrapFailures: [...this.#wrapFailures, ...wrapFailures] })
  }

  #with(change: {
    dataKey?: DataKey
    encryptedDataKeys?: readonly EncryptedDataKey[]
    wrapFailures?: readonly WrapFailure[]
  }): EncryptionMaterials {
    const materials = new EncryptionMaterials(this)
    materials.#dataKey = change.dataKey ?? this.#dataKey
    materials.#encryptedDataKeys = change.encryptedDataKeys ?? this.#encryptedDataKeys
    materials.#wrapFailures = change.wrapFailures ?? this.#wrapFailures
    materials.#family = this.#family
    if (materials.#dataKey) this.#family.add(materials.#dataKey)
    return materials
  }

  /**
   * Whether these are `earlier` materials, or what their methods made of them: with the same data key, if
   * there was one, and all the encrypted data keys that there were.
   */
  continues(earlier: EncryptionMaterials): boolean {
    return (
      #family in earlier &&
      earlier.#family === this.#family &&
      (!earlier.#dataKey || earlier.#dataKey === this.#dataKey) &&
      earlier.#encryptedDataKeys.every((key, index) => key === this.#encryptedDataKeys[index])
    )
  }

  /**
   * The same materials with a data key of their own, so that a CMM can keep the ones and hand out the
   * others. Nothing that a caller could change is shared, and the signal is not taken along.
   */
  copy(): EncryptionMaterials {
    const materials = new EncryptionMaterials({
      suite: this.suite,
      encryptionContext: this.encryptionContext,
      requiredContextKeys: this.requiredContextKeys,
      signingKey: this.signingKey && new SharedSigningKey(this.signingKey),
    })
    materials.#dataKey = this.#dataKey?.clone()
    materials.#encryptedDataKeys = this.#encryptedDataKeys.map(copyEncryptedDataKey)
    materials.#wrapFailures = this.#wrapFailures.map((failure) => ({ ...failure }))
    if (materials.#dataKey) materials.#family.add(materials.#dataKey)
    return materials
  }

  /** Overwrites the data key, here and in all materials that come from the same request. */
  destroy(): void {
    for (const dataKey of this.#family) dataKey.destroy()
  }
}

/** Whether `value` is encryption materials, whichever copy of the library made them. */
export function isEncryptionMaterials(value: unknown): value is EncryptionMaterials {
  return typeof value === 'object' && value !== null && brand in value
}
