import { EnvelopeError } from '../errors.ts'
import type { CacheRequest } from './cache.ts'
import { type Load, Loads, type LoadsContext, type Waiter } from './loads.ts'

/** How hard a storm tracking cache may ask for materials. */
export interface StormLimits {
  readonly graceIntervalMs: number
  readonly fanOut: number
  readonly inFlightTtlMs: number
}

/**
 * Loads that spare whoever is asked for materials
 * (framework/storm-tracking-cryptographic-materials-cache.md, "GetCacheEntry"): only so many ids at a time,
 * and for each of them one call in a grace interval, whether the last one is slow or has failed. Who has
 * waited for the in-flight TTL gives up.
 *
 * The specification has those who wait sleep and look again. Here each load has one timer, for whatever is
 * due first.
 */
export class StormLoads extends Loads {
  readonly #limits: StormLimits
  /** Those with a slot: for each of them somebody was asked. */
  readonly #inFlight = new Set<Load>()
  /** Those that wait for a slot, in the order in which they began. */
  readonly #queue = new Set<Load>()
  readonly #timers = new Map<Load, NodeJS.Timeout>()

  constructor(context: LoadsContext, limits: StormLimits) {
    super(context)
    this.#limits = limits
  }

  override renew(request: CacheRequest<unknown>): boolean {
    const under = this.byId.get(request.id)
    if (under === undefined) return this.#hasSlot && super.renew(request)
    if (!this.#isCallDue(under) || !this.#mayCall(under)) return false
    this.call(under, request, undefined)
    return true
  }

  protected override began(load: Load): void {
    this.#callOrQueue(load)
    this.#setTimer(load)
  }

  protected override joined(load: Load): void {
    this.#lookAt(load)
  }

  protected override call(
    load: Load,
    request: CacheRequest<unknown>,
    caller: Waiter | undefined,
  ): void {
    this.#inFlight.add(load)
    super.call(load, request, caller)
    this.#setTimer(load)
  }

  /** "In Flight": until there are materials, the next call keeps the grace interval from this one. */
  protected override failed(load: Load, error: unknown): void {
    for (const waiter of load.waiters.splice(0)) waiter.reject(error)
    this.#freeSlot(load)
    this.#lookAt(load)
  }

  protected override end(load: Load): void {
    super.end(load)
    clearTimeout(this.#timers.get(load))
    this.#timers.delete(load)
    this.#queue.delete(load)
    this.#freeSlot(load)
  }

  get #hasSlot(): boolean {
    return this.#inFlight.size < this.#limits.fanOut
  }

  #mayCall(load: Load): boolean {
    return this.#inFlight.has(load) || this.#hasSlot
  }

  /** "Within Grace Interval": now is not. */
  #isCallDue(load: Load): boolean {
    return performance.now() >= load.calledMs + this.#limits.graceIntervalMs
  }

  #callOrQueue(load: Load): void {
    if (this.#mayCall(load)) this.callForFirst(load)
    else this.#queue.add(load)
  }

  #freeSlot(load: Load): void {
    this.#inFlight.delete(load)
    for (const next of this.#queue) {
      if (!this.#hasSlot) return
      this.#queue.delete(next)
      this.callForFirst(next)
    }
  }

  /** Does what is due for a load. */
  #lookAt(load: Load): void {
    this.#rejectWhoWaitedTooLong(load)
    if (load.waiters.length > 0) {
      if (!this.#queue.has(load) && this.#isCallDue(load)) this.#callOrQueue(load)
    } else if (performance.now() >= this.#endMs(load)) {
      this.end(load)
      return
    }
    this.#setTimer(load)
  }

  #rejectWhoWaitedTooLong({ waiters }: Load): void {
    const { inFlightTtlMs } = this.#limits
    const inTime = waiters.findIndex(({ sinceMs }) => performance.now() < sinceMs + inFlightTtlMs)
    for (const waiter of waiters.splice(0, inTime < 0 ? waiters.length : inTime)) {
      waiter.reject(
        new EnvelopeError(
          'ERR_CACHE_TIMEOUT',
          `No materials came within inFlightTtlMs, which is ${inFlightTtlMs}: whoever was asked for ` +
            'them does not answer, or fanOut is too low for as many different keys',
        ),
      )
    }
  }

  /** When a load that nobody waits for is over: its call has failed or is given up. */
  #endMs(load: Load): number {
    if (this.#queue.has(load)) return Number.NEGATIVE_INFINITY
    const { inFlightTtlMs, graceIntervalMs } = this.#limits
    return load.calledMs + (load.calls > 0 ? inFlightTtlMs : graceIntervalMs)
  }

  #setTimer(load: Load): void {
    clearTimeout(this.#timers.get(load))
    const [first] = load.waiters
    let dueMs = this.#endMs(load)
    if (first) {
      const callMs = this.#queue.has(load)
        ? Number.POSITIVE_INFINITY
        : load.calledMs + this.#limits.graceIntervalMs
      dueMs = Math.min(callMs, first.sinceMs + this.#limits.inFlightTtlMs)
    }
    const timer = setTimeout(
      () => {
        this.#lookAt(load)
      },
      Math.ceil(dueMs - performance.now()),
    )
    // With nobody waiting there is nothing that a process would have to stay for.
    if (!first) timer.unref()
    this.#timers.set(load, timer)
  }
}
