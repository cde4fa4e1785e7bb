import type { CryptoBackend, SigningKey } from '../crypto/backend.ts'
import { nodeBackend } from '../crypto/node.ts'
import { EnvelopeError, type WrapFailure } from '../errors.ts'
import { type EncryptedDataKey, copyEncryptedDataKey } from '../format/encrypted-data-key.ts'
import { concat } from '../format/bytes.ts'
import {
  type EncryptionContext,
  frozenContext,
  serializeContext,
} from '../format/encryption-context.ts'
import { type MaterialsSuite, isItemSuite, knownSuite } from '../suites/materials-suite.ts'
import { DataKey } from './data-key.ts'
import { frozenKeys, noKeys } from './frozen-keys.ts'
import { wrapUnderIntermediateKey } from './intermediate-key.ts'
import { SharedSigningKey } from './shared-signing-key.ts'

const brand = Symbol.for('waxseal.EncryptionMaterials')
/** Of the registry, like the brand: the materials may be of another copy of the library. */
const plaintextDataKey = Symbol.for('waxseal.EncryptionMaterials.plaintextDataKey')

/** What encryption materials are made of. */
export interface EncryptionMaterialsFields {
  suite: MaterialsSuite
  encryptionContext: EncryptionContext
  requiredContextKeys?: readonly string[]
  signingKey?: SigningKey | undefined
  signal?: AbortSignal | undefined
  /** Wraps the data key of an item under intermediate keys. Default: node:crypto. */
  backend?: CryptoBackend | undefined
}

/**
 * What one message or item is encrypted with (framework/structures.md, "Encryption Materials"). Keyrings add
 * to them: each `with…` returns new materials that share the one data key.
 *
 * With a suite of items, what keyrings wrap is an intermediate key, another one for each encrypted data key
 * (algorithm-suites.md, "Intermediate Key Wrapping"). They need not know: the key that they generate is
 * taken as the first one, `dataKey` is the one to be wrapped next, and `withEncryptedDataKey` puts the
 * data key under it.
 */
export class EncryptionMaterials {
  readonly [brand] = true
  readonly suite: MaterialsSuite
  /** All pairs that are authenticated, the required ones included. Frozen. */
  readonly encryptionContext: EncryptionContext
  /** The keys of those pairs that are authenticated but not stored in the message. Frozen. */
  readonly requiredContextKeys: readonly string[]
  /** The key that signs the message, of a signing suite. */
  readonly signingKey: SigningKey | undefined
  /** Aborts the operation; a keyring passes it to what it calls. */
  readonly signal: AbortSignal | undefined
  #backend: CryptoBackend
  #encryptedDataKeys: readonly EncryptedDataKey[] = []
  #wrapFailures: readonly WrapFailure[] = []
  #dataKey: DataKey | undefined
  /** Of an item: what the next keyring wraps, if there is such a key yet. */
  #intermediateKey: DataKey | undefined
  #symmetricSigningKeys: readonly DataKey[] = []
  /** The keys of all materials that come from the same request. */
  #family = new Set<DataKey>()

  constructor(fields: EncryptionMaterialsFields) {
    this.suite = knownSuite(fields.suite)
    this.encryptionContext = frozenContext(fields.encryptionContext)
    this.requiredContextKeys = frozenKeys(fields.requiredContextKeys ?? noKeys)
    this.signingKey = fields.signingKey
    this.signal = fields.signal
    this.#backend = fields.backend ?? nodeBackend
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
   * A copy of the key that a keyring wraps: the data key, or of an item the next intermediate key. Zeros
   * once the materials are destroyed. Throws if there is none yet.
   */
  get dataKey(): Uint8Array {
    const dataKey = this.#dataKey ?? noDataKeyYet()
    if (!isItemSuite(this.suite)) return dataKey.copy()
    this.#intermediateKey ??= this.#randomKey()
    return this.#intermediateKey.copy()
  }

  /** What `plaintextDataKeyOf` returns. */
  [plaintextDataKey](): Uint8Array {
    return (this.#dataKey ?? noDataKeyYet()).copy()
  }

  /**
   * Of an item: copies of the keys of its HMACs, one for each encrypted data key and in their order
   * (structures.md, "Symmetric Signing Keys").
   */
  get symmetricSigningKeys(): readonly Uint8Array[] {
    return this.#symmetricSigningKeys.map((key) => key.copy())
  }

  /** These materials with a data key, whose bytes are copied. Throws if there is one already. */
  withDataKey(bytes: Uint8Array): EncryptionMaterials {
    if (this.#dataKey) {
      throw new EnvelopeError('ERR_WRAP_FAILED', 'These materials have a data key already')
    }
    const given = this.#newKey(bytes)
    if (!isItemSuite(this.suite)) return this.#with({ dataKey: given })
    return this.#with({ dataKey: this.#randomKey(), intermediateKey: given })
  }

  /** These materials with one more encrypted form of their `dataKey`, which is copied. */
  withEncryptedDataKey(key: EncryptedDataKey): EncryptionMaterials {
    // framework/structures.md, "Encrypted Data Keys": without a data key there are none.
    if (!this.#dataKey) {
      throw new EnvelopeError(
        'ERR_WRAP_FAILED',
        'These materials have no data key to have encrypted',
      )
    }
    if (isItemSuite(this.suite)) return this.#withIntermediateKey(key, this.#dataKey)
    const encryptedDataKeys = [...this.#encryptedDataKeys, copyEncryptedDataKey(key)]
    return this.#with({ encryptedDataKeys })
  }

  #withIntermediateKey(key: EncryptedDataKey, dataKey: DataKey): EncryptionMaterials {
    // A keyring that wrapped the key of earlier materials would have the data key put under another one.
    if (!this.#intermediateKey) {
      throw new EnvelopeError(
        'ERR_WRAP_FAILED',
        'A keyring added an encrypted data key without reading the dataKey of these materials: with a ' +
          'suite of items, each encrypted data key has to be of a key of its own',
      )
    }
    // First of all: what a keyring gave may be no bytes at all.
    const { providerId, providerInfo, ciphertext } = copyEncryptedDataKey(key)
    const { wrapped, symmetricSigningKey } = wrapUnderIntermediateKey(
      this.#backend,
      this.#intermediateKey.copy(),
      dataKey.copy(),
      serializeContext(this.encryptionContext),
    )
    const signingKey = this.#newKey(symmetricSigningKey)
    symmetricSigningKey.fill(0)
    const wrappedKey = { providerId, providerInfo, ciphertext: concat(wrapped, ciphertext) }
    return this.#with({
      encryptedDataKeys: [...this.#encryptedDataKeys, wrappedKey],
      symmetricSigningKeys: [...this.#symmetricSigningKeys, signingKey],
    })
  }

  #randomKey(): DataKey {
    const bytes = this.#backend.randomBytes(this.suite.keyLength)
    const key = this.#newKey(bytes)
    bytes.fill(0)
    return key
  }

  /** A key of the family from the start, so that it is destroyed with the others whatever fails next. */
  #newKey(bytes: Uint8Array): DataKey {
    const key = new DataKey(bytes, this.suite)
    this.#family.add(key)
    return key
  }

  /** These materials with notes on keyrings that have not wrapped the data key. */
  withWrapFailures(wrapFailures: readonly WrapFailure[]): EncryptionMaterials {
    return this.#with({ wrapFailures: [...this.#wrapFailures, ...wrapFailures] })
  }

  #with(change: {
    dataKey?: DataKey
    intermediateKey?: DataKey
    symmetricSigningKeys?: readonly DataKey[]
    encryptedDataKeys?: readonly EncryptedDataKey[]
    wrapFailures?: readonly WrapFailure[]
  }): EncryptionMaterials {
    const materials = new EncryptionMaterials(this)
    materials.#backend = this.#backend
    materials.#dataKey = change.dataKey ?? this.#dataKey
    // The next encrypted data key has an intermediate key of its own.
    const wrapped = change.encryptedDataKeys !== undefined
    materials.#intermediateKey =
      change.intermediateKey ?? (wrapped ? undefined : this.#intermediateKey)
    materials.#symmetricSigningKeys = change.symmetricSigningKeys ?? this.#symmetricSigningKeys
    materials.#encryptedDataKeys = change.encryptedDataKeys ?? this.#encryptedDataKeys
    materials.#wrapFailures = change.wrapFailures ?? this.#wrapFailures
    materials.#family = this.#family
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
      backend: this.#backend,
    })
    materials.#dataKey = this.#dataKey?.clone()
    materials.#symmetricSigningKeys = this.#symmetricSigningKeys.map((key) => key.clone())
    materials.#encryptedDataKeys = this.#encryptedDataKeys.map(copyEncryptedDataKey)
    materials.#wrapFailures = this.#wrapFailures.map((failure) => ({ ...failure }))
    for (const key of [materials.#dataKey, ...materials.#symmetricSigningKeys]) {
      if (key) materials.#family.add(key)
    }
    return materials
  }

  /** Overwrites all keys, here and in all materials that come from the same request. */
  destroy(): void {
    for (const dataKey of this.#family) dataKey.destroy()
  }
}

/**
 * A copy of the data key, under which a message or an item is encrypted; throws if there is none yet. No property:
 * a keyring that wrapped it, instead of `dataKey`, would write messages that open and items that do not.
 */
export function plaintextDataKeyOf(materials: EncryptionMaterials): Uint8Array {
  return materials[plaintextDataKey]()
}

function noDataKeyYet(): never {
  throw new EnvelopeError('ERR_NO_DATA_KEY', 'These materials have no data key yet')
}

/** Whether `value` is encryption materials, whichever copy of the library made them. */
export function isEncryptionMaterials(value: unknown): value is EncryptionMaterials {
  return typeof value === 'object' && value !== null && brand in value
}
