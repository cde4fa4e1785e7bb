import {
  type CacheBypass,
  type CryptographicMaterialsCache,
  checkCache,
  checkGracePeriod,
} from '../cache/cache.ts'
import { checkPartitionId } from '../cache/identifiers.ts'
import { checkInteger, checkOptions } from '../checks.ts'
import { InvalidArgumentError } from '../errors.ts'
import { type CryptoBackend, checkBackend } from '../crypto/backend.ts'
import { nodeBackend } from '../crypto/node.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import type { EncryptionMaterials } from '../materials/encryption-materials.ts'
import { checkPolicyOnDecrypt } from '../suites/commitment-policy.ts'
import { knownSuite } from '../suites/materials-suite.ts'
import { type CachingLimits, DecryptionLookup, EncryptionLookup } from './cache-lookups.ts'
import type {
  CryptographicMaterialsManager,
  DecryptionMaterialsRequest,
  EncryptionMaterialsRequest,
} from './cmm.ts'
import { IdentifierMemo } from './identifier-memo.ts'
import { type UnderlyingOptions, underlyingCmm } from './underlying.ts'

/** Options of {@link CachingCmm}. */
export type CachingCmmOptions = UnderlyingOptions & {
  /** Keeps the materials; any number of CMMs and keyrings can use one. */
  cache: CryptographicMaterialsCache
  /**
   * A data key is used for less than so many milliseconds; at least 1, and more than the `gracePeriodMs` of
   * a `StormTrackingCache`.
   */
  maxAgeMs: number
  /** The most bytes of plaintext under one data key; at least 1. Default: 2^53 - 1, the maximum. */
  maxBytes?: number
  /** The most messages under one data key; at least 1. Default: 2^32, the maximum. */
  maxMessages?: number
  /**
   * CMMs on one cache share entries if and only if they have the same partition id. Only give the same to
   * CMMs that have the same beneath them, the keyrings and the CMMs: an entry does not know whose made it,
   * and on a hit neither is asked. A pair that one of them does not store would stand in the message of
   * another in the clear, and what one refuses, it would get from another. Default: a random UUID, so that
   * nothing is shared.
   */
  partitionId?: string
  /**
   * How long before the end of `maxAgeMs` an entry is renewed in the background, in milliseconds, at most
   * `maxAgeMs`; each entry at a random moment of the first half of that time. Default: 0, never, so that
   * one request waits at each expiry.
   */
  refreshAheadMs?: number
  /** Makes signing keys, if a `keyring` is given. Default: node:crypto. */
  backend?: CryptoBackend
}

const optionNames = [
  'cache',
  'keyring',
  'cmm',
  'maxAgeMs',
  'maxBytes',
  'maxMessages',
  'partitionId',
  'refreshAheadMs',
  'backend',
]

/** framework/caching-cmm.md, "Limit Messages" and "Limit Bytes": no more than 2^63 - 1, here what is exact. */
const mostMessages = 2 ** 32
const mostBytes = Number.MAX_SAFE_INTEGER

const brand = Symbol.for('waxseal.CachingCmm')

/**
 * Uses a data key for many messages instead of one, so that KMS is called once for all of them
 * (framework/caching-cmm.md). Messages share a data key if they have the same encryption context, algorithm
 * suite and required keys; each is still encrypted under a key of its own, derived from it.
 *
 * What that costs: who gets hold of one data key can read all the messages under it, and access that KMS
 * has revoked ends only with `maxAgeMs`. Choose the limits by what you could bear.
 *
 * - Concurrent requests for the same materials wait for one call. They share its failure, too; the next
 *   request calls again. An aborted request leaves the call to the others.
 * - Messages and bytes are charged before a key is used. A message that fails later stays charged.
 * - It does without the cache for suites without key derivation, for streams without `plaintextLength`,
 *   for messages longer than `maxBytes`, and to decrypt with pairs that contradict the message's.
 *   `cache.stats()` and the channel `waxseal:cache` tell.
 * - On a hit the CMM underneath is not asked. One that has to see each message, such as a
 *   {@link RequiredEncryptionContextCmm}, belongs above.
 * - Signed messages that share a data key share the signing key, as the specification has it.
 * - `wrapFailures` are those of the call that made the data key.
 *
 * @throws InvalidArgumentError if an option is not as described.
 *
 * @example
 * ```ts
 * const cache = new LocalCryptoMaterialsCache({ capacity: 1000 })
 * const cmm = new CachingCmm({ cache, keyring, maxAgeMs: 10 * 60 * 1000, maxMessages: 100_000 })
 * const client = new EnvelopeClient({ cmm })
 * ```
 */
export class CachingCmm implements CryptographicMaterialsManager {
  readonly [brand] = true
  readonly #cache: CryptographicMaterialsCache
  readonly #underlying: CryptographicMaterialsManager
  readonly #limits: CachingLimits

  constructor(options: CachingCmmOptions) {
    checkOptions(options, optionNames)
    const { cache, maxAgeMs, refreshAheadMs = 0, backend = nodeBackend } = options
    const { maxBytes = mostBytes, maxMessages = mostMessages } = options
    checkCache(cache, 'cache')
    this.#cache = cache
    this.#underlying = underlyingCmm(options, checkBackend(backend), 'caching CMM')
    checkNotCaching(this.#underlying)
    checkInteger(maxAgeMs, 'maxAgeMs', 1, Number.MAX_SAFE_INTEGER)
    checkGracePeriod(cache, maxAgeMs, 'maxAgeMs')
    const partitionId = checkPartitionId(options.partitionId)
    this.#limits = {
      partitionId,
      identifiers: new IdentifierMemo(partitionId),
      maxAgeMs,
      refreshAheadMs: checkInteger(refreshAheadMs, 'refreshAheadMs', 0, maxAgeMs),
      maxBytes: checkInteger(maxBytes, 'maxBytes', 1, mostBytes),
      maxMessages: checkInteger(maxMessages, 'maxMessages', 1, mostMessages),
    }
  }

  // framework/caching-cmm.md, "Get Encryption Materials"
  async getEncryptionMaterials(request: EncryptionMaterialsRequest): Promise<EncryptionMaterials> {
    const { algorithmSuite, maxPlaintextLength } = request
    if (algorithmSuite && knownSuite(algorithmSuite).kdfHash === undefined) {
      return this.#encryptWithout('identity-kdf', request)
    }
    // What is no length cannot be charged: not only undefined, for who asks may be the application's own.
    if (!isLength(maxPlaintextLength)) return this.#encryptWithout('unknown-length', request)
    if (maxPlaintextLength > this.#limits.maxBytes) {
      return this.#encryptWithout('over-limit', request)
    }
    const lookup = new EncryptionLookup(this.#underlying, this.#limits, request, maxPlaintextLength)
    const materials = await this.#cache.get(lookup)
    return materials ?? this.#encryptWithout('identity-kdf', request)
  }

  // framework/caching-cmm.md, "Decrypt Materials"
  async decryptMaterials(request: DecryptionMaterialsRequest): Promise<DecryptionMaterials> {
    const suite = knownSuite(request.algorithmSuite)
    checkPolicyOnDecrypt(request.commitmentPolicy, suite)
    if (suite.kdfHash === undefined) {
      return this.#decryptWithout('identity-kdf', request)
    }
    if (contradicts(request)) return this.#decryptWithout('other-context', request)
    const materials = await this.#cache.get(
      new DecryptionLookup(this.#underlying, this.#limits, request),
    )
    return materials ?? this.#decryptWithout('other-context', request)
  }

  #encryptWithout(
    reason: CacheBypass,
    request: EncryptionMaterialsRequest,
  ): Promise<EncryptionMaterials> {
    this.#cache.bypass('encrypt', this.#limits.partitionId, reason)
    return this.#underlying.getEncryptionMaterials(request)
  }

  #decryptWithout(
    reason: CacheBypass,
    request: DecryptionMaterialsRequest,
  ): Promise<DecryptionMaterials> {
    this.#cache.bypass('decrypt', this.#limits.partitionId, reason)
    return this.#underlying.decryptMaterials(request)
  }
}

/**
 * One underneath is not told the length of a message, so it keeps nothing to encrypt with. And to decrypt, on
 * one cache and under one partition id, it would wait for what the one above waits for.
 */
function checkNotCaching(underlying: CryptographicMaterialsManager): void {
  if (!(brand in underlying)) return
  throw new InvalidArgumentError(
    'cmm',
    'cmm is a caching CMM, and beneath another it has no use: give this one the keyring or CMM beneath it',
  )
}

function isLength(length: number | undefined): length is number {
  return Number.isSafeInteger(length) && length !== undefined && length >= 0
}

/** Whether a reproduced pair has another value in the message, which is for the underlying CMM to refuse. */
function contradicts({
  encryptionContext: stored,
  reproducedEncryptionContext: reproduced,
}: DecryptionMaterialsRequest): boolean {
  for (const key of Object.keys(reproduced)) {
    if (Object.hasOwn(stored, key) && stored[key] !== reproduced[key]) return true
  }
  return false
}
