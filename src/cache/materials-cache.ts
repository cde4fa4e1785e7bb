import { AbortedError, InvalidArgumentError, checkNotAborted } from '../errors.ts'
import type {
  CacheBypass,
  CacheRequest,
  CacheStats,
  CacheUse,
  CryptographicMaterialsCache,
} from './cache.ts'
import { Clock } from './clock.ts'
import { CacheEntries } from './entries.ts'
import type { CacheEntry } from './entry.ts'
import { CacheJournal } from './journal.ts'
import { Loads, type LoadsContext } from './loads.ts'
import { type Renewal, lesserLeadMs, refreshAhead } from './renewal.ts'

/** How a cache differs from the local one. */
export interface CacheRules {
  readonly renewal: Renewal
  makeLoads(context: LoadsContext): Loads
}

/** An entry does not do for a request, so that materials are fetched. */
const unserved = Symbol('unserved')

const localRules: CacheRules = {
  renewal: refreshAhead,
  makeLoads: (context) => new Loads(context),
}

/**
 * What all caches do: serve from entries, have the rest fetched, and renew entries in time. A request
 * that an entry serves is served without a promise but the one that is returned.
 */
export class MaterialsCache implements CryptographicMaterialsCache {
  readonly #clock = new Clock()
  readonly #journal = new CacheJournal(this.#clock)
  readonly #renewal: Renewal
  readonly #entries: CacheEntries
  readonly #loads: Loads

  constructor(capacity: number, rules: CacheRules = localRules) {
    this.#renewal = rules.renewal
    this.#entries = new CacheEntries(capacity, this.#clock, (entry, reason) => {
      this.#journal.eviction(entry, reason)
    })
    this.#loads = rules.makeLoads({
      clock: this.#clock,
      entries: this.#entries,
      journal: this.#journal,
      renewAtAgeMs: ({ lifeMs, refreshAheadMs }) =>
        this.#renewal.renewAtAgeMs(lifeMs, refreshAheadMs),
    })
  }

  async get<Taken>(request: CacheRequest<Taken>): Promise<Taken | undefined> {
    const entry = this.#entries.get(request.id)
    if (entry !== undefined) {
      const ageMs = entry.ageMs(this.#clock)
      const taken = this.#serve(entry, ageMs, request, true)
      if (taken !== unserved) {
        if (taken !== undefined && ageMs >= entry.renewAtAgeMs) this.#renew(entry, ageMs, request)
        return taken
      }
    }
    checkServable(request)
    return this.#fetch(request)
  }

  bypass(use: CacheUse, partitionId: string, reason: CacheBypass): void {
    this.#journal.bypass(use, partitionId, reason)
  }

  stats(): CacheStats {
    return this.#journal.stats(this.#entries.size)
  }

  clear(): void {
    this.#loads.forget()
    this.#clock.read()
    this.#entries.clear()
  }

  /** Charges an entry for a request and takes from it; `undefined` if it is not for this request. */
  #serve<Taken>(
    entry: CacheEntry,
    ageMs: number,
    request: CacheRequest<Taken>,
    isHit: boolean,
  ): Taken | undefined | typeof unserved {
    if (entry.isGone || !(ageMs < entry.lifeMs && ageMs < request.maxAgeMs)) return unserved
    const fit = request.fits(entry.materials)
    if (fit !== 'serves') return fit === 'not-for-this' ? undefined : unserved
    // Before anything is handed out: what fails later has taken its share all the same.
    if (request.charge !== undefined && !entry.usage.charge(request.charge)) return unserved
    if (request.maxAgeMs < entry.lifeMs) this.#shorten(entry, request)
    try {
      const taken = request.take(entry.materials)
      if (isHit) this.#journal.hit(entry)
      return taken
    } finally {
      if (entry.usage.isExhausted) this.#entries.evict(entry, 'limits')
    }
  }

  /** A key that serves a user who allows it less time has no more for anybody. */
  #shorten(entry: CacheEntry, { maxAgeMs, refreshAheadMs = 0 }: CacheRequest<unknown>): void {
    entry.lifeMs = maxAgeMs
    entry.refreshAheadMs = lesserLeadMs(entry.refreshAheadMs, refreshAheadMs, maxAgeMs)
    entry.renewAtAgeMs = this.#renewal.renewAtAgeMs(entry.lifeMs, entry.refreshAheadMs)
    this.#entries.watch(entry)
  }

  async #fetch<Taken>(request: CacheRequest<Taken>): Promise<Taken | undefined> {
    const { signal } = request
    checkNotAborted(signal)
    let stop = (): void => undefined
    try {
      return await new Promise((resolve, reject) => {
        const leave = this.#loads.wait({
          request,
          sinceMs: performance.now(),
          call: undefined,
          serve: (entry, ageMs) => {
            const taken = this.#serve(entry, ageMs, request, false)
            if (taken === unserved) return false
            resolve(taken)
            return true
          },
          reject,
        })
        stop = () => {
          leave()
          reject(new AbortedError(signal?.reason))
        }
        signal?.addEventListener('abort', stop, { once: true })
      })
    } finally {
      // A signal may be of many requests, and outlive them all.
      signal?.removeEventListener('abort', stop)
    }
  }

  /** The entry goes on serving until its life ends, whatever becomes of the renewal. */
  #renew(entry: CacheEntry, ageMs: number, request: CacheRequest<unknown>): void {
    if (this.#renewal.isBegunBy(request.refreshAheadMs ?? 0) && this.#loads.renew(request)) {
      entry.renewAtAgeMs = ageMs + this.#renewal.retryAfterMs(entry.refreshAheadMs)
    }
  }
}

/** A request that not even a new entry could serve would have materials fetched for nothing. */
function checkServable({ maxAgeMs, charge }: CacheRequest<unknown>): void {
  if (!(maxAgeMs > 0)) {
    throw new InvalidArgumentError('maxAgeMs', `maxAgeMs must be above 0, not ${String(maxAgeMs)}`)
  }
  if (charge === undefined) return
  const { bytes, maxBytes, maxMessages } = charge
  if (bytes >= 0 && bytes <= maxBytes && maxMessages >= 1) return
  throw new InvalidArgumentError(
    'charge',
    `charge must fit within a new data key's limits, but has ${String(bytes)} bytes of ` +
      `${String(maxBytes)}, and one of ${String(maxMessages)} messages`,
  )
}
