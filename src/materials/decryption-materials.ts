import type { CryptoBackend } from '../crypto/backend.ts'
import { nodeBackend } from '../crypto/node.ts'
import { EnvelopeError, type UnwrapAttempt, UnwrapError } from '../errors.ts'
import { copyBytes } from '../format/bytes.ts'
import {
  type EncryptionContext,
  frozenContext,
  serializeContext,
} from '../format/encryption-context.ts'
import { type MaterialsSuite, isItemSuite, knownSuite } from '../suites/materials-suite.ts'
import { DataKey } from './data-key.ts'
import { frozenKeys, noKeys } from './frozen-keys.ts'
import { unwrapUnderIntermediateKey } from './intermediate-key.ts'

const brand = Symbol.for('waxseal.DecryptionMaterials')

const nothingUnderIt: UnwrapAttempt = Object.freeze({
  provider: '(any)',
  key: '(any)',
  outcome: 'failed',
  reason: 'what it wraps is a key under which the item has no data key',
  hint: 'the encryption context is another one than on encryption, or the item was changed',
})

/** What decryption materials are made of. */
export interface DecryptionMaterialsFields {
  suite: MaterialsSuite
  encryptionContext: EncryptionContext
  requiredContextKeys?: readonly string[]
  verificationKey?: Uint8Array | undefined
  signal?: AbortSignal | undefined
  /** Of an item: the data key under the intermediate key of each encrypted data key, 48 bytes each. */
  wrappedDataKeys?: readonly Uint8Array[] | undefined
  /** Unwraps those. Default: node:crypto. */
  backend?: CryptoBackend | undefined
}

/**
 * What one message or item is decrypted with (framework/structures.md, "Decryption Materials"). A keyring
 * returns them with the data key, or with a note of why it could not unwrap it.
 */
export class DecryptionMaterials {
  readonly [brand] = true
  readonly suite: MaterialsSuite
  /** All pairs that are authenticated: the message's own and the reproduced ones. Frozen. */
  readonly encryptionContext: EncryptionContext
  /** The keys of those pairs that the caller reproduced and the message does not store. Frozen. */
  readonly requiredContextKeys: readonly string[]
  /** The compressed public key that verifies the message's signature, of a signing suite. */
  readonly verificationKey: Uint8Array | undefined
  /** Aborts the operation; a keyring passes it to what it calls. */
  readonly signal: AbortSignal | undefined
  #attempts: readonly UnwrapAttempt[] = []
  #backend: CryptoBackend
  #wrappedDataKeys: readonly Uint8Array[]
  #dataKey: DataKey | undefined
  #symmetricSigningKey: DataKey | undefined
  /** The keys of all materials that come from the same request. */
  #family = new Set<DataKey>()

  constructor(fields: DecryptionMaterialsFields) {
    this.suite = knownSuite(fields.suite)
    this.encryptionContext = frozenContext(fields.encryptionContext)
    this.requiredContextKeys = frozenKeys(fields.requiredContextKeys ?? noKeys)
    this.verificationKey = fields.verificationKey
    this.signal = fields.signal
    this.#wrappedDataKeys = fields.wrappedDataKeys ?? []
    this.#backend = fields.backend ?? nodeBackend
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

  /**
   * Of an item: a copy of the key of the HMAC that its recipient verifies; `undefined` without a data key and
   * for a message (structures.md, "Symmetric Signing Key").
   */
  get symmetricSigningKey(): Uint8Array | undefined {
    return this.#symmetricSigningKey?.copy()
  }

  /**
   * These materials with what a keyring unwrapped, which is copied: the data key, or of an item an
   * intermediate key, which leads to the data key. Throws if there is one already, and an `UnwrapError` if
   * the item has no data key under it.
   */
  withDataKey(bytes: Uint8Array): DecryptionMaterials {
    if (this.#dataKey) {
      throw new EnvelopeError('ERR_UNWRAP_FAILED', 'These materials have a data key already')
    }
    const given = new DataKey(bytes, this.suite)
    return isItemSuite(this.suite)
      ? this.#withIntermediateKey(given)
      : this.#with({ dataKey: given })
  }

  #withIntermediateKey(intermediateKey: DataKey): DecryptionMaterials {
    const found = this.#unwrapUnder(intermediateKey)
    if (!found) {
      // An attempt like any other: a keyring that knows which encrypted data key it was says so, and goes on.
      throw new UnwrapError([nothingUnderIt])
    }
    const dataKey = new DataKey(found.dataKey, this.suite)
    const symmetricSigningKey = new DataKey(found.symmetricSigningKey, this.suite)
    found.dataKey.fill(0)
    found.symmetricSigningKey.fill(0)
    return this.#with({ dataKey, symmetricSigningKey })
  }

  #unwrapUnder(intermediateKey: DataKey) {
    try {
      return unwrapUnderIntermediateKey(
        this.#backend,
        intermediateKey.copy(),
        this.#wrappedDataKeys,
        serializeContext(this.encryptionContext),
      )
    } finally {
      intermediateKey.destroy()
    }
  }

  /** These materials with notes on encrypted data keys that were skipped or failed. */
  withAttempts(attempts: readonly UnwrapAttempt[]): DecryptionMaterials {
    return this.#with({ attempts: [...this.#attempts, ...attempts] })
  }

  #with(change: {
    dataKey?: DataKey
    symmetricSigningKey?: DataKey
    attempts?: readonly UnwrapAttempt[]
  }): DecryptionMaterials {
    const materials = new DecryptionMaterials(this)
    materials.#backend = this.#backend
    materials.#wrappedDataKeys = this.#wrappedDataKeys
    materials.#attempts = change.attempts ?? this.#attempts
    materials.#dataKey = change.dataKey ?? this.#dataKey
    materials.#symmetricSigningKey = change.symmetricSigningKey ?? this.#symmetricSigningKey
    materials.#family = this.#family
    materials.#joinFamily()
    return materials
  }

  #joinFamily(): void {
    if (this.#dataKey) this.#family.add(this.#dataKey)
    if (this.#symmetricSigningKey) this.#family.add(this.#symmetricSigningKey)
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
    materials.#symmetricSigningKey = this.#symmetricSigningKey?.clone()
    materials.#joinFamily()
    return materials
  }

  /** Overwrites all keys, here and in all materials that come from the same request. */
  destroy(): void {
    for (const dataKey of this.#family) dataKey.destroy()
  }
}

/** Whether `value` is decryption materials, whichever copy of the library made them. */
export function isDecryptionMaterials(value: unknown): value is DecryptionMaterials {
  return typeof value === 'object' && value !== null && brand in value
}
