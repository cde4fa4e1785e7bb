import { checkOptions } from '../checks.ts'
import { MaterialsCache } from './materials-cache.ts'
import { checkCapacity } from './entries.ts'

/** Options of a {@link LocalCryptoMaterialsCache}. */
export interface LocalCryptoMaterialsCacheOptions {
  /**
   * The most entries that it keeps, from 0 to 1,048,576; the least recently used one makes room. With 0 it
   * keeps nothing, and still fetches only once for requests that come at the same time.
   */
  readonly capacity: number
}

/**
 * Keeps data keys and branch keys in the memory of this process
 * (framework/local-cryptographic-materials-cache.md), for caching CMMs and hierarchical keyrings. Several
 * can share one: they share its entries only if they were given the same partition id.
 *
 * Requests that come at the same time for the same materials have them fetched once. A key is overwritten
 * as soon as its entry is evicted, exhausted or too old; those who use it have copies of their own.
 * What it does is published to the diagnostics channel `waxseal:cache` as a {@link CacheEvent}.
 *
 * @example
 * ```ts
 * const cache = new LocalCryptoMaterialsCache({ capacity: 1000 })
 * const cmm = new CachingCmm({ cache, keyring, maxAgeMs: 5 * 60_000, maxMessages: 1000 })
 * const client = new EnvelopeClient({ cmm })
 * ```
 */
export class LocalCryptoMaterialsCache extends MaterialsCache {
  /** @throws InvalidArgumentError if `capacity` is not a whole number within its bounds. */
  constructor(options: LocalCryptoMaterialsCacheOptions) {
    checkOptions(options, ['capacity'])
    super(checkCapacity(options.capacity))
  }
}
