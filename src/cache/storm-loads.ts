import type { CacheUse } from '../diagnostics.ts'
import { EnvelopeError } from '../errors.ts'
import type { CacheRequest, CacheableMaterials } from './cache.ts'
import type { Call, Load, Waiter } from './load.ts'
import { Loads, type LoadsContext } from './loads.ts'

/** How hard a storm tracking cache may ask for materials. */
export interface StormLimits {
  readonly graceIntervalMs: number
  readonly fanOut: number
  readonly inFlightTtlMs: number
}

/** The loads of one use. */
interface Lane {
  /** Those with a slot: for each of them somebody was asked. */
  readonly inFlight: Set<Load>
  /** Those that wait for a slot, in the order in which they began. */
  readonly queue: Set<Load>
}

/**
 * Loads that spare whoever is asked for materials
 * (framework/storm-tracking-cryptographic-materials-cache.md, "GetCacheEntry"): only so many ids at a time,
 * and for each of them no call again within a grace interval, whether the last one is slow or has failed. Who
 * has waited for the in-flight TTL gives up.
 *
 * The specification has those who wait sleep and look again. Here each load has one timer, for whatever is
 * due first.
 */
export class StormLoads extends Loads {
  protected override readonly patienceMs: number
  readonly #limits: StormLimits
  /** Slots are counted by use: a data key's load, which may wait for a branch key's, must not be in its way. */
  readonly #lanes: Readonly<Record<CacheUse, Lane>> = {
    encrypt: newLane(),
    decrypt: newLane(),
    'branch-key': newLane(),
  }
  readonly #timers = new Map<Load, NodeJS.Timeout>()
  /** Loads whose last call has failed: no other is to be made before these times. */
  readonly #pausedUntilMs = new Map<Load, number>()

  constructor(context: LoadsContext, limits: StormLimits) {
    super(context)
    this.#limits = limits
    this.patienceMs = limits.graceIntervalMs
  }

  protected override attend(load: Load): void {
    this.#rejectWhoWaitedTooLong(load)
    if (load.isAwaited) {
      if (this.#hasSlotFor(load)) this.callAsNeeded(load)
      else this.#lane(load).queue.add(load)
    } else if (performance.now() >= this.#endMs(load)) {
      this.end(load)
      return
    }
    this.#setTimer(load)
  }

  protected override mayCall(load: Load): boolean {
    const pausedUntilMs = this.#pausedUntilMs.get(load) ?? Number.NEGATIVE_INFINITY
    return this.#hasSlotFor(load) && performance.now() >= pausedUntilMs
  }

  protected override call(
    load: Load,
    request: CacheRequest<unknown>,
    caller: Waiter | undefined,
  ): void {
    this.#lane(load).inFlight.add(load)
    this.#pausedUntilMs.delete(load)
    super.call(load, request, caller)
    this.#setTimer(load)
  }

  protected override failed(load: Load, call: Call, error: unknown): void {
    this.#pausedUntilMs.set(load, load.calledMs + this.#limits.graceIntervalMs)
    super.failed(load, call, error)
  }

  /** "In Flight": until there are materials, the next call keeps the grace interval from this one. */
  protected override allFailed(load: Load): void {
    this.#freeSlot(load)
    this.attend(load)
  }

  protected override arrived(load: Load, call: Call, materials: CacheableMaterials): void {
    this.#pausedUntilMs.delete(load)
    super.arrived(load, call, materials)
  }

  protected override end(load: Load): void {
    super.end(load)
    clearTimeout(this.#timers.get(load))
    this.#timers.delete(load)
    this.#pausedUntilMs.delete(load)
    this.#lane(load).queue.delete(load)
    this.#freeSlot(load)
  }

  #lane({ use }: Load): Lane {
    return this.#lanes[use]
  }

  #hasSlotFor(load: Load): boolean {
    const { inFlight, queue } = this.#lane(load)
    return inFlight.has(load) || (!queue.has(load) && inFlight.size < this.#limits.fanOut)
  }

  #freeSlot(load: Load): void {
    const { inFlight, queue } = this.#lane(load)
    if (!inFlight.delete(load)) return
    for (const next of queue) {
      if (inFlight.size >= this.#limits.fanOut) return
      queue.delete(next)
      this.attend(next)
    }
  }

  #rejectWhoWaitedTooLong(load: Load): void {
    for (const waiter of load.waiters) {
      if (performance.now() < this.#patienceEndsMs(load, waiter)) return
      load.remove(waiter)
      waiter.reject(
        new EnvelopeError(
          'ERR_CACHE_TIMEOUT',
          `No materials came within inFlightTtlMs, which is ${this.#limits.inFlightTtlMs}: whoever was ` +
            'asked for them does not answer, or fanOut is too low for as many different keys',
        ),
      )
    }
  }

  /** Whom a key could not serve that came for it begins to wait anew: those who are asked do answer. */
  #patienceEndsMs(load: Load, { sinceMs }: Waiter): number {
    return Math.max(sinceMs, load.servedMs) + this.#limits.inFlightTtlMs
  }

  /** When a load that nobody waits for is over: its call has failed or is given up. */
  #endMs(load: Load): number {
    if (this.#lane(load).queue.has(load)) return Number.NEGATIVE_INFINITY
    const { inFlightTtlMs, graceIntervalMs } = this.#limits
    return load.calledMs + (load.calls.size > 0 ? inFlightTtlMs : graceIntervalMs)
  }

  /** When another call may be due, as things are. */
  #nextCallMs(load: Load): number {
    if (!this.#hasSlotFor(load)) return Number.POSITIVE_INFINITY
    const pausedUntilMs = this.#pausedUntilMs.get(load)
    if (pausedUntilMs !== undefined) return pausedUntilMs
    const { graceIntervalMs } = this.#limits
    for (const { began } of load.calls) {
      const lateMs = began.monotonicMs + graceIntervalMs
      if (lateMs > performance.now()) return lateMs
    }
    return Number.POSITIVE_INFINITY
  }

  #setTimer(load: Load): void {
    clearTimeout(this.#timers.get(load))
    const [first] = load.waiters
    const dueMs = first
      ? Math.min(this.#nextCallMs(load), this.#patienceEndsMs(load, first))
      : this.#endMs(load)
    const timer = setTimeout(
      () => {
        this.attend(load)
      },
      Math.ceil(dueMs - performance.now()),
    )
    // With nobody waiting there is nothing that a process would have to stay for.
    if (!first) timer.unref()
    this.#timers.set(load, timer)
  }
}

function newLane(): Lane {
  return { inFlight: new Set(), queue: new Set() }
}
