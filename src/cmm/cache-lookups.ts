import type { CacheCharge, CacheRequest, CacheableMaterials } from '../cache/cache.ts'
import {
  type DecryptionMaterials,
  isDecryptionMaterials,
} from '../materials/decryption-materials.ts'
import {
  type EncryptionMaterials,
  isEncryptionMaterials,
} from '../materials/encryption-materials.ts'
import { admitsOnEncrypt, forbidsCommitment } from '../suites/commitment-policy.ts'
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

/** What is found in place of materials that this request cannot use. */
export const otherSuite = Symbol('other suite')
export const otherContext = Symbol('other context')

// Objects of classes and not literals with closures: one is made for each message.

/** Asks a cache for materials to encrypt one message with. */
export class EncryptionLookup implements CacheRequest<EncryptionMaterials | typeof otherSuite> {
  readonly id: string
  readonly use = 'encrypt'
  readonly partitionId: string
  readonly maxAgeMs: number
  readonly refreshAheadMs: number
  readonly charge: CacheCharge
  readonly #underlying: CryptographicMaterialsManager
  readonly #request: EncryptionMaterialsRequest

  constructor(
    underlying: CryptographicMaterialsManager,
    limits: CachingLimits,
    request: EncryptionMaterialsRequest,
    bytes: number,
  ) {
    this.id = limits.identifiers.ofEncryption({
      encryptionContext: request.encryptionContext,
      algorithmSuite: request.algorithmSuite,
      forbidsCommitment: forbidsCommitment(request.commitmentPolicy),
      requiredContextKeys: request.requiredContextKeys ?? [],
    })
    this.partitionId = limits.partitionId
    this.maxAgeMs = limits.maxAgeMs
    this.refreshAheadMs = limits.refreshAheadMs
    this.charge = { bytes, maxMessages: limits.maxMessages, maxBytes: limits.maxBytes }
    this.#underlying = underlying
    this.#request = request
  }

  async load(): Promise<EncryptionMaterials> {
    const { encryptionContext, commitmentPolicy, algorithmSuite, requiredContextKeys } =
      this.#request
    // Neither the length nor the signal of this one message: the materials are for others, too.
    const materials = await this.#underlying.getEncryptionMaterials({
      encryptionContext,
      commitmentPolicy,
      algorithmSuite,
      requiredContextKeys,
    })
    try {
      // The underlying CMM may be the application's own, so that what it returned is checked.
      checkEncryptionMaterials(materials)
      if (materials.suite.kdfHash === undefined) throw new IdentityKdfError()
      return materials.copy()
    } finally {
      if (isEncryptionMaterials(materials)) materials.destroy()
    }
  }

  take(materials: CacheableMaterials): EncryptionMaterials | typeof otherSuite | undefined {
    if (!isEncryptionMaterials(materials)) return undefined
    const { algorithmSuite, commitmentPolicy } = this.#request
    const { suite } = materials
    // The CMM underneath may choose as it likes, and have done so for a client with another policy.
    const isOther = algorithmSuite && algorithmSuite.id !== suite.id
    return isOther || !admitsOnEncrypt(commitmentPolicy, suite) ? otherSuite : materials.copy()
  }
}

/** Asks a cache for materials to decrypt one message with. */
export class DecryptionLookup implements CacheRequest<DecryptionMaterials | typeof otherContext> {
  readonly id: string
  readonly use = 'decrypt'
  readonly partitionId: string
  readonly maxAgeMs: number
  readonly refreshAheadMs: number
  readonly #underlying: CryptographicMaterialsManager
  readonly #request: DecryptionMaterialsRequest

  constructor(
    underlying: CryptographicMaterialsManager,
    limits: CachingLimits,
    request: DecryptionMaterialsRequest,
  ) {
    this.id = limits.identifiers.ofDecryption(request)
    this.partitionId = limits.partitionId
    this.maxAgeMs = limits.maxAgeMs
    this.refreshAheadMs = limits.refreshAheadMs
    this.#underlying = underlying
    this.#request = request
  }

  async load(): Promise<KeptDecryption> {
    const request: DecryptionMaterialsRequest = { ...this.#request, signal: undefined }
    const materials = await this.#underlying.decryptMaterials(request)
    try {
      checkDecryptionMaterials(materials, request)
      return new KeptDecryption(materials.copy(), request.encryptedDataKeys.length)
    } finally {
      if (isDecryptionMaterials(materials)) materials.destroy()
    }
  }

  take(kept: CacheableMaterials): DecryptionMaterials | typeof otherContext | undefined {
    if (!isKeptDecryption(kept)) return undefined
    const isSame = kept.encryptedDataKeyCount === this.#request.encryptedDataKeys.length
    return isSame ? kept.materials.copy() : otherContext
  }
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

const identityKdfBrand = Symbol.for('waxseal.IdentityKdf')

/**
 * The underlying CMM chose a suite that encrypts under the data key itself: under one that is used again,
 * two messages would have frames of the same nonce. It is how a load says that there is nothing to keep.
 */
class IdentityKdfError extends Error {
  readonly [identityKdfBrand] = true
}

/** Whether this is that error, whichever copy of the library made it. */
export function isIdentityKdf(error: unknown): boolean {
  return typeof error === 'object' && error !== null && identityKdfBrand in error
}
