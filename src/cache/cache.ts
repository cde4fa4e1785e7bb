import type { CacheBypass, CacheUse } from '../diagnostics.ts'
import { hasMethods } from '../checks.ts'
import { InvalidArgumentError } from '../errors.ts'

export type { CacheBypass, CacheUse } from '../diagnostics.ts'

/** Materials that a cache can keep. What it lets go, it destroys. */
export interface CacheableMaterials {
  /** Overwrites the keys. Calling it again does nothing. */
  destroy(): void
}

/** What one message takes of a data key's limits (framework/caching-cmm.md, "Usage Stats"). */
export interface CacheCharge {
  /** Bytes of the message's plaintext, or a bound on them. */
  readonly bytes: number
  /** The most messages that one data key may encrypt, this one included. */
  readonly maxMessages: number
  /** The most bytes of plaintext that one data key may encrypt, these included. */
  readonly maxBytes: number
}

/**
 * What materials are to a request:
 *
 * - `serves`: it takes from them, and is charged for that.
 * - `replace`: they are of no use for what the identifier says, and others are fetched in their place.
 * - `not-for-this`: others can use them, and this one has to do without the cache.
 */
export type CacheFit = 'serves' | 'replace' | 'not-for-this'

/** What is asked of a cache. */
export interface CacheRequest<Taken> {
  /** The cache entry identifier, by the specification's formulas; `identifiers.ts` has them. */
  readonly id: string
  readonly use: CacheUse
  /** Whose entry it is, for the diagnostics. */
  readonly partitionId: string
  /** An entry as old as this, or older, does not serve, whoever put it there. */
  readonly maxAgeMs: number
  /** How long before that age a new entry is fetched in the background; 0 or undefined: never. */
  readonly refreshAheadMs?: number | undefined
  /** What is charged before the materials are handed out; undefined for keys that encrypt nothing. */
  readonly charge?: CacheCharge | undefined
  /** Ends a wait of this request. What it waits for goes on, and comes to those who still wait. */
  readonly signal?: AbortSignal | undefined
  /**
   * Gets new materials, for this request and all that wait for the same. It is not to be aborted by one
   * of them.
   */
  load(): Promise<CacheableMaterials>
  /** Looks at materials before anything is charged. */
  fits(materials: CacheableMaterials): CacheFit
  /** Makes the caller's own copy of materials that serve; they may be destroyed as soon as this returns. */
  take(materials: CacheableMaterials): Taken
}

/** What a cache has done since it was made. */
export interface CacheStats {
  /** Entries that it holds now. */
  readonly entries: number
  /** Requests that an entry served at once. */
  readonly hits: number
  /** Requests that fetched new materials. */
  readonly misses: number
  /** Requests that waited for what another request was fetching. */
  readonly waits: number
  /** Requests that had to do without the cache. */
  readonly bypasses: number
  /** Entries that were let go, for whatever reason. */
  readonly evictions: number
  /** Entries that were renewed in the background. */
  readonly refreshes: number
  /** Fetches that failed, those in the background included. */
  readonly failures: number
}

/**
 * Keeps materials for reuse (framework/cryptographic-materials-cache.md). The library has two,
 * `LocalCryptoMaterialsCache` and `StormTrackingCache`; caching CMMs and hierarchical keyrings share
 * entries of one cache only if they were given the same partition id.
 */
export interface CryptographicMaterialsCache {
  /** How long before their end entries are renewed, where the cache decides that: longer is every `maxAgeMs`. */
  readonly gracePeriodMs?: number
  /**
   * Serves a request from its entry, or fetches one: once for all that ask for it at the same time, unless
   * their charges need several. They share a failure too, and the next request fetches again. What is charged
   * is charged before anything is handed out.
   *
   * @returns what the request has taken, or `undefined` if what is there is not for this request
   * @throws AbortedError if the request's signal is raised while it waits.
   */
  get<Taken>(request: CacheRequest<Taken>): Promise<Taken | undefined>
  /** Notes that a request does without the cache, for the diagnostics and the stats. */
  bypass(use: CacheUse, partitionId: string, reason: CacheBypass): void
  stats(): CacheStats
  /** Lets go of all entries, and overwrites their keys. */
  clear(): void
}

/** Refuses what has not the methods of a cache. */
export function checkCache(value: unknown, field: string): void {
  if (hasMethods(value, ['get', 'bypass', 'stats', 'clear'])) return
  throw new InvalidArgumentError(
    field,
    `${field} must be a cache, such as new LocalCryptoMaterialsCache({ capacity: 1000 })`,
  )
}

/** Refuses an age that ends before the cache would renew an entry; `field` names the option that has it. */
export function checkGracePeriod(
  { gracePeriodMs }: CryptographicMaterialsCache,
  ageMs: number,
  field: string,
): void {
  if (gracePeriodMs === undefined || gracePeriodMs < ageMs) return
  throw new InvalidArgumentError(
    field,
    `${field} is ${ageMs}, and must be more than the cache's gracePeriodMs, which is ${gracePeriodMs}`,
  )
}
