import type { CacheRequest } from './cache.ts'

/** When entries are renewed in the background. */
export interface Renewal {
  /** The age from which the next request renews an entry of such a life; infinite for never. */
  renewAtAgeMs(lifeMs: number, request: CacheRequest<unknown>): number
  /** How long after a renewal was begun another one may be, if the entry is still the same. */
  retryAfterMs(request: CacheRequest<unknown>): number
}

/**
 * By the request's `refreshAheadMs`: at a random moment between it and half of it before the end, so that
 * many hosts that fetched together do not renew together.
 *
 * What fails is tried again after a twentieth to a tenth of `refreshAheadMs`. So there are at least five
 * tries before the entry ends, and with KMS down no host asks more than twenty times for each entry,
 * whatever its load.
 */
export const refreshAhead: Renewal = {
  renewAtAgeMs: (lifeMs, { refreshAheadMs = 0 }) =>
    refreshAheadMs > 0 ? lifeMs - between(refreshAheadMs / 2, refreshAheadMs) : Infinity,
  retryAfterMs: ({ refreshAheadMs = 0 }) => between(refreshAheadMs / 20, refreshAheadMs / 10),
}

/** A random number; it decides when, never what, so that it need not be unpredictable. */
function between(least: number, most: number): number {
  return least + (most - least) * Math.random()
}
