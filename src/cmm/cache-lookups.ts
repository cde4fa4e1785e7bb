import type { CacheCharge, CacheFit, CacheRequest, CacheableMaterials } from '../cache/cache.ts'
import {
  type DecryptionIdentity,
  type EncryptionIdentity,
  decryptionIdentifier,
} from '../cache/identifiers.ts'
import { InvalidArgumentError } from '../errors.ts'
import { copyEncryptedDataKey } from '../format/encrypted-data-key.ts'
import { frozenContext } from '../format/encryption-context.ts'
import {
  type DecryptionMaterials,
  isDecryptionMaterials,
} from '../materials/decryption-materials.ts'
import {
  type EncryptionMaterials,
  isEncryptionMaterials,
} from '../materials/encryption-materials.ts'
import { frozenKeys, noKeys } from '../materials/frozen-keys.ts'
import { knownSuite } from '../suites/materials-suite.ts'
import {
  type CryptographicMaterialsManager,
  type DecryptionMaterialsRequest,
  type EncryptionMaterialsRequest,
  checkDecryptionMaterials,
  checkEncryptionMaterials,
} from './cmm.ts'
import type { IdentifierMemo } from './identifier-memo.ts'

/** What a caching CMM was configured with. */
export interface CachingLimits {
  readonly partitionId: string
  readonly identifiers: IdentifierMemo
  readonly maxAgeMs: number
  readonly refreshAheadMs: number
  readonly maxBytes: number
  readonly maxMessages: number
}

// Objects of classes and not literals with closures: one is made for each message.
//
// An identifier is of what was asked at that moment, and materials may be fetched later. So what they are
// fetched for is what the identifier was made from, and not what the caller's objects have become by then.

/** Asks a cache for materials to encrypt one message with. */
export class EncryptionLookup implements CacheRequest<EncryptionMaterials> {
  readonly id: string
  readonly use = 'encrypt'
  readonly partitionId: string
  readonly maxAgeMs: number
  readonly refreshAheadMs: number
  readonly charge: CacheCharge
  readonly signal: AbortSignal | undefined
  readonly #underlying: CryptographicMaterialsManager
  readonly #identity: EncryptionIdentity

  constructor(
    underlying: CryptographicMaterialsManager,
    limits: CachingLimits,
    request: EncryptionMaterialsRequest,
    bytes: number,
  ) {
    const { encryptionContext, commitmentPolicy, algorithmSuite } = request
    this.#identity = {
      encryptionContext: frozenContext(encryptionContext),
      commitmentPolicy,
      algorithmSuite: algorithmSuite && knownSuite(algorithmSuite),
      requiredContextKeys: frozenKeys(request.requiredContextKeys ?? noKeys),
    }
    this.id = limits.identifiers.ofEncryption(this.#identity)
    this.partitionId = limits.partitionId
    this.maxAgeMs = limits.maxAgeMs
    this.refreshAheadMs = limits.refreshAheadMs
    this.charge = { bytes, maxMessages: limits.maxMessages, maxBytes: limits.maxBytes }
    this.signal = request.signal
    this.#underlying = underlying
  }

  async load(): Promise<EncryptionMaterials | KeptNothing> {
    // Neither the length nor the signal of this one message: the materials are for others, too.
    const materials = await this.#underlying.getEncryptionMaterials({ ...this.#identity })
    try {
      // The underlying CMM may be the application's own, so that what it returned is checked.
      checkEncryptionMaterials(materials)
      return materials.suite.kdfHash === undefined ? new KeptNothing() : materials.copy()
    } finally {
      if (isEncryptionMaterials(materials)) materials.destroy()
    }
  }

  fits(kept: CacheableMaterials): CacheFit {
    if (isEncryptionMaterials(kept)) return 'serves'
    return isKeptNothing(kept) ? 'not-for-this' : 'replace'
  }

  take(kept: CacheableMaterials): EncryptionMaterials {
    if (isEncryptionMaterials(kept)) return kept.copy()
    throw new TypeError('not encryption materials')
  }
}

const nothingBrand = Symbol.for('waxseal.KeptNothing')

/**
 * The underlying CMM chose a suite that encrypts under the data key itself: under one that is used again,
 * two messages would have frames of the same nonce. This has no key, and is kept to say so to the next.
 */
class KeptNothing implements CacheableMaterials {
  readonly [nothingBrand] = true

  destroy(): void {
    // There is nothing to overwrite.
  }
}

function isKeptNothing(value: CacheableMaterials): value is KeptNothing {
  return nothingBrand in value
}

/** Asks a cache for materials to decrypt one message with. */
export class DecryptionLookup implements CacheRequest<DecryptionMaterials> {
  readonly id: string
  readonly use = 'decrypt'
  readonly partitionId: string
  readonly maxAgeMs: number
  readonly refreshAheadMs: number
  readonly signal: AbortSignal | undefined
  readonly #underlying: CryptographicMaterialsManager
  readonly #identity: DecryptionIdentity

  constructor(
    underlying: CryptographicMaterialsManager,
    limits: CachingLimits,
    request: DecryptionMaterialsRequest,
  ) {
    this.#identity = {
      algorithmSuite: knownSuite(request.algorithmSuite),
      commitmentPolicy: request.commitmentPolicy,
      encryptedDataKeys: [...request.encryptedDataKeys],
      encryptionContext: frozenContext(request.encryptionContext),
      reproducedEncryptionContext: frozenContext(request.reproducedEncryptionContext),
    }
    this.id = limits.identifiers.ofDecryption(this.#identity)
    this.partitionId = limits.partitionId
    this.maxAgeMs = limits.maxAgeMs
    this.refreshAheadMs = limits.refreshAheadMs
    this.signal = request.signal
    this.#underlying = underlying
  }

  async load(): Promise<KeptDecryption> {
    // Only here, since a copy of their bytes for each message would be in vain nearly always.
    const encryptedDataKeys = this.#identity.encryptedDataKeys.map(copyEncryptedDataKey)
    const request: DecryptionMaterialsRequest = { ...this.#identity, encryptedDataKeys }
    if (decryptionIdentifier(this.partitionId, request) !== this.id) throw changedKeys()
    const materials = await this.#underlying.decryptMaterials(request)
    try {
      checkDecryptionMaterials(materials, request)
      return new KeptDecryption(materials.copy(), encryptedDataKeys.length)
    } finally {
      if (isDecryptionMaterials(materials)) materials.destroy()
    }
  }

  fits(kept: CacheableMaterials): CacheFit {
    if (!isKeptDecryption(kept)) return 'replace'
    const isSame = kept.encryptedDataKeyCount === this.#identity.encryptedDataKeys.length
    return isSame ? 'serves' : 'not-for-this'
  }

  take(kept: CacheableMaterials): DecryptionMaterials {
    if (isKeptDecryption(kept)) return kept.materials.copy()
    throw new TypeError('not decryption materials')
  }
}

function changedKeys(): InvalidArgumentError {
  return new InvalidArgumentError(
    'encryptedDataKeys',
    'encryptedDataKeys of a request for materials was changed before it was answered: pass a copy',
  )
}

const keptBrand = Symbol.for('waxseal.KeptDecryption')

/**
 * Materials with what their identifier does not say: how many encrypted data keys there were. Without it,
 * a message whose context looks like one more of them could be opened by the materials of another.
 */
class KeptDecryption implements CacheableMaterials {
  readonly [keptBrand] = true
  readonly materials: DecryptionMaterials
  readonly encryptedDataKeyCount: number

  constructor(materials: DecryptionMaterials, encryptedDataKeyCount: number) {
    this.materials = materials
    this.encryptedDataKeyCount = encryptedDataKeyCount
  }

  destroy(): void {
    this.materials.destroy()
  }
}

function isKeptDecryption(value: CacheableMaterials): value is KeptDecryption {
  return keptBrand in value
}
