import {
  type CacheBypass,
  type CacheEviction,
  type CacheUse,
  hasCacheListeners,
  tellCacheEvent,
} from '../diagnostics.ts'
import type { CacheRequest, CacheStats } from './cache.ts'
import type { Clock } from './clock.ts'
import type { CacheEntry } from './entry.ts'

/** Counts what a cache does, and tells whoever listens. */
export class CacheJournal {
  readonly #clock: Clock
  #hits = 0
  #misses = 0
  #waits = 0
  #bypasses = 0
  #evictions = 0
  #refreshes = 0
  #failures = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  hit(entry: CacheEntry): void {
    this.#hits += 1
    if (hasCacheListeners()) this.#tellOfEntry('hit', entry)
  }

  miss({ use, partitionId }: CacheRequest<unknown>): void {
    this.#misses += 1
    if (hasCacheListeners()) tellCacheEvent({ event: 'miss', use, partitionId })
  }

  wait({ use, partitionId }: CacheRequest<unknown>): void {
    this.#waits += 1
    if (hasCacheListeners()) tellCacheEvent({ event: 'wait', use, partitionId })
  }

  bypass(use: CacheUse, partitionId: string, reason: CacheBypass): void {
    this.#bypasses += 1
    if (hasCacheListeners()) tellCacheEvent({ event: 'bypass', use, partitionId, reason })
  }

  eviction(entry: CacheEntry, reason: CacheEviction): void {
    this.#evictions += 1
    if (hasCacheListeners()) this.#tellOfEntry('eviction', entry, reason)
  }

  refresh(entry: CacheEntry): void {
    this.#refreshes += 1
    if (hasCacheListeners()) this.#tellOfEntry('refresh', entry)
  }

  failure({ use, partitionId }: CacheRequest<unknown>, cause: unknown): void {
    this.#failures += 1
    if (hasCacheListeners()) tellCacheEvent({ event: 'failure', use, partitionId, cause })
  }

  stats(entries: number): CacheStats {
    return {
      entries,
      hits: this.#hits,
      misses: this.#misses,
      waits: this.#waits,
      bypasses: this.#bypasses,
      evictions: this.#evictions,
      refreshes: this.#refreshes,
      failures: this.#failures,
    }
  }

  #tellOfEntry(
    event: 'hit' | 'eviction' | 'refresh',
    entry: CacheEntry,
    reason?: CacheEviction,
  ): void {
    tellCacheEvent({
      event,
      use: entry.use,
      partitionId: entry.partitionId,
      remainingMs: Math.max(0, entry.lifeMs - entry.ageMs(this.#clock)),
      ...entry.usage.remaining,
      ...(reason === undefined ? {} : { reason }),
    })
  }
}
