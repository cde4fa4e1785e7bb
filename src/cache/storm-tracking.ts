import { checkInteger, checkOptions } from '../checks.ts'
import { InvalidArgumentError } from '../errors.ts'
import { checkCapacity } from './entries.ts'
import { MaterialsCache } from './materials-cache.ts'
import { refreshAhead } from './renewal.ts'
import { StormLoads } from './storm-loads.ts'

const defaults = {
  gracePeriodMs: 10_000,
  graceIntervalMs: 1_000,
  fanOut: 20,
  // The specification's text says 20 seconds, which its own rules do not allow with a grace period of 10.
  // AWS's libraries have 10.
  inFlightTtlMs: 10_000,
} as const

const optionNames = ['capacity', 'gracePeriodMs', 'graceIntervalMs', 'fanOut', 'inFlightTtlMs']
/** The longest time that a timer can be set to. */
const longestMs = 2 ** 31 - 1

/** Options of a {@link StormTrackingCache}. */
export interface StormTrackingCacheOptions {
  /** The most entries that it keeps, from 0 to 1,048,576; the least recently used one makes room. */
  readonly capacity: number
  /**
   * So long before its end an entry is renewed, while it goes on serving. It has to be less than every
   * `maxAgeMs` and `ttlMs` that is used with the cache, and should be much less. Default: 10,000.
   */
  readonly gracePeriodMs?: number
  /**
   * What was asked for is asked for again only after this time, whether the call is slow or has failed. It
   * should be longer than such a call takes. At most `inFlightTtlMs`. Default: 1,000.
   */
  readonly graceIntervalMs?: number
  /**
   * For how many different materials calls may be under way at the same time: of data keys to encrypt, of
   * data keys to decrypt, and of branch keys each. Default: 20.
   */
  readonly fanOut?: number
  /**
   * How long a request waits before it fails with `ERR_CACHE_TIMEOUT`, from its start or from the last key
   * that came and was used up by others. At most `gracePeriodMs`. Default: 10,000.
   */
  readonly inFlightTtlMs?: number
}

/**
 * A {@link LocalCryptoMaterialsCache} that in addition limits how hard it asks for materials
 * (framework/storm-tracking-cryptographic-materials-cache.md), for many keys under much load:
 *
 * - An entry is renewed within its grace period. Requests go on being served from it: unlike in libraries
 *   with threads, not even the one that begins the renewal waits for it.
 * - What was asked for is asked for again only after a grace interval, also after a failure.
 * - Calls are under way for at most `fanOut` different materials; other requests wait.
 * - No request waits for longer than `inFlightTtlMs`.
 *
 * @example
 * ```ts
 * const cache = new StormTrackingCache({ capacity: 10_000, fanOut: 50 })
 * const keyring = new HierarchicalKeyring({ keyStore, branchKeyIdSupplier, ttlMs: 10 * 60_000, cache })
 * ```
 */
export class StormTrackingCache extends MaterialsCache {
  readonly gracePeriodMs: number

  /**
   * @throws InvalidArgumentError if an option is not a whole number within its bounds, or if they don't fit
   *   together: `graceIntervalMs` ≤ `inFlightTtlMs` ≤ `gracePeriodMs` ("Consistency").
   */
  constructor(options: StormTrackingCacheOptions) {
    checkOptions(options, optionNames)
    const {
      capacity,
      gracePeriodMs = defaults.gracePeriodMs,
      graceIntervalMs = defaults.graceIntervalMs,
      fanOut = defaults.fanOut,
      inFlightTtlMs = defaults.inFlightTtlMs,
    } = options
    checkCapacity(capacity)
    checkInteger(gracePeriodMs, 'gracePeriodMs', 1, longestMs)
    checkInteger(graceIntervalMs, 'graceIntervalMs', 1, longestMs)
    checkInteger(fanOut, 'fanOut', 1, Number.MAX_SAFE_INTEGER)
    checkInteger(inFlightTtlMs, 'inFlightTtlMs', 1, longestMs)
    checkAtMost('graceIntervalMs', graceIntervalMs, 'gracePeriodMs', gracePeriodMs)
    checkAtMost('inFlightTtlMs', inFlightTtlMs, 'gracePeriodMs', gracePeriodMs)
    checkAtMost('graceIntervalMs', graceIntervalMs, 'inFlightTtlMs', inFlightTtlMs)
    const limits = { graceIntervalMs, fanOut, inFlightTtlMs }
    super(capacity, {
      renewal: {
        isBegunBy: () => true,
        renewAtAgeMs: (lifeMs, refreshAheadMs) =>
          Math.min(lifeMs - gracePeriodMs, refreshAhead.renewAtAgeMs(lifeMs, refreshAheadMs)),
        retryAfterMs: () => graceIntervalMs,
      },
      makeLoads: (context) => new StormLoads(context, limits),
    })
    this.gracePeriodMs = gracePeriodMs
  }
}

function checkAtMost(field: string, value: number, other: string, most: number): void {
  if (value <= most) return
  throw new InvalidArgumentError(
    field,
    `${field} is ${value}, and must be at most ${other}, which is ${most}`,
  )
}
