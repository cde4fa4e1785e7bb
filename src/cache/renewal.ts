/** When entries are renewed in the background, by how long before their end that is wanted. */
export interface Renewal {
  /** Whether a request has an entry renewed that itself asks for so much. */
  isBegunBy(refreshAheadMs: number): boolean
  /** The age from which such a request renews an entry of such a life; infinite for never. */
  renewAtAgeMs(lifeMs: number, refreshAheadMs: number): number
  /** How long after a renewal was begun another one may be, if the entry is still the same. */
  retryAfterMs(refreshAheadMs: number): number
}

/**
 * By the entry's `refreshAheadMs`: at a random moment between it and half of it before the end, so that
 * many hosts that fetched together do not renew together.
 *
 * What fails is tried again after a twentieth to a tenth of `refreshAheadMs`. So there are at least five
 * tries before the entry ends, and with KMS down no host asks more than twenty times for each entry,
 * whatever its load, and whoever else is served by it.
 */
export const refreshAhead: Renewal = {
  isBegunBy: (refreshAheadMs) => refreshAheadMs > 0,
  renewAtAgeMs: (lifeMs, refreshAheadMs) =>
    refreshAheadMs > 0 ? lifeMs - between(refreshAheadMs / 2, refreshAheadMs) : Infinity,
  retryAfterMs: (refreshAheadMs) => between(refreshAheadMs / 20, refreshAheadMs / 10),
}

/**
 * How long before its end an entry is renewed that two have asked for: the less of what they want, where
 * they want any, and no more than its life.
 */
export function lesserLeadMs(one: number, other: number, lifeMs: number): number {
  const wanted = one > 0 && other > 0 ? Math.min(one, other) : Math.max(one, other)
  return Math.min(wanted, lifeMs)
}

/** A random number; it decides when, never what, so that it need not be unpredictable. */
function between(least: number, most: number): number {
  return least + (most - least) * Math.random()
}
