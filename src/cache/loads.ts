import { EnvelopeError } from '../errors.ts'
import type { CacheRequest, CacheableMaterials } from './cache.ts'
import type { Clock } from './clock.ts'
import type { CacheEntries } from './entries.ts'
import { CacheEntry } from './entry.ts'
import type { CacheJournal } from './journal.ts'
import { type Call, Load, type Waiter } from './load.ts'

/** What loads work on. */
export interface LoadsContext {
  readonly clock: Clock
  readonly entries: CacheEntries
  readonly journal: CacheJournal
  /** The age at which a new entry is to be renewed. */
  renewAtAgeMs(entry: CacheEntry): number
}

/**
 * Fetches materials for all requests of the same id together: as many keys at once as their charges need,
 * which is one where the limits are wide.
 */
export class Loads {
  protected readonly byId = new Map<string, Load>()
  protected readonly context: LoadsContext
  /** A call without an answer for so long may never have one: another is made if one is needed. */
  protected readonly patienceMs: number = 10_000

  constructor(context: LoadsContext) {
    this.context = context
  }

  /** Has a request served as soon as there are materials for it; returns how to give that up. */
  wait(waiter: Waiter): () => void {
    const { request } = waiter
    const under = this.byId.get(request.id)
    const load = under ?? new Load(request)
    load.add(waiter)
    if (under) this.context.journal.wait(request)
    else this.byId.set(load.id, load)
    this.attend(load)
    return () => {
      load.remove(waiter)
      this.attend(load)
    }
  }

  /** Fetches materials that nobody waits for; `false` if that is not to be done now. */
  renew(request: CacheRequest<unknown>): boolean {
    const load = this.byId.get(request.id) ?? new Load(request)
    if (this.expected(load) > 0 || !this.mayCall(load)) return false
    this.byId.set(load.id, load)
    this.call(load, request, undefined)
    return true
  }

  /** What is under way serves those who wait for it, and is not kept for others. */
  forget(): void {
    this.byId.clear()
  }

  /** Does what is due for a load, after something has changed. */
  protected attend(load: Load): void {
    this.callAsNeeded(load)
  }

  /** How many keys are to be expected of the calls under way. */
  protected expected(load: Load): number {
    return load.callsAfter(performance.now() - this.patienceMs)
  }

  protected mayCall(_load: Load): boolean {
    return true
  }

  protected callAsNeeded(load: Load): void {
    while (this.mayCall(load) && load.needsMoreThan(this.expected(load))) {
      const caller = this.#nextCaller(load)
      if (caller === undefined) return
      this.context.journal.miss(caller.request)
      this.call(load, caller.request, caller)
    }
  }

  /** Who has waited longest without a call to be expected. */
  #nextCaller({ waiters, calls }: Load): Waiter | undefined {
    const lateMs = performance.now() - this.patienceMs
    for (const waiter of waiters) {
      const { call } = waiter
      if (!call || !calls.has(call) || call.began.monotonicMs <= lateMs) return waiter
    }
    return undefined
  }

  protected call(load: Load, request: CacheRequest<unknown>, caller: Waiter | undefined): void {
    const { clock } = this.context
    clock.read()
    const { wallMs, monotonicMs } = clock
    const call = { request, caller, began: { wallMs, monotonicMs } }
    if (caller) caller.call = call
    load.calls.add(call)
    load.calledMs = monotonicMs
    void this.#answer(load, call)
  }

  async #answer(load: Load, call: Call): Promise<void> {
    let materials: CacheableMaterials
    try {
      materials = await ask(call.request)
    } catch (error) {
      load.calls.delete(call)
      this.context.journal.failure(call.request, error)
      this.failed(load, call, error)
      return
    }
    load.calls.delete(call)
    this.arrived(load, call, materials)
  }

  /**
   * While other calls are to be expected, one request has failed, as it would have without a cache. The last
   * failure is that of all who wait.
   */
  protected failed(load: Load, call: Call, error: unknown): void {
    if (this.expected(load) > 0) {
      // Unless another call on its behalf is under way.
      if (call.caller?.call === call) giveUp(load, call.caller, error)
      return
    }
    for (const waiter of load.waiters) giveUp(load, waiter, error)
    this.allFailed(load)
  }

  /** Nobody waits for the load any more, and no call is to be expected. */
  protected allFailed(load: Load): void {
    this.end(load)
  }

  /** From now on the next request of that id begins another load. */
  protected end(load: Load): void {
    if (this.byId.get(load.id) === load) this.byId.delete(load.id)
  }

  protected arrived(load: Load, call: Call, materials: CacheableMaterials): void {
    const { clock, entries, journal } = this.context
    clock.read()
    const entry = new CacheEntry(call.request, materials, call.began, clock)
    entry.renewAtAgeMs = this.context.renewAtAgeMs(entry)
    const isYoung = entry.ageMs(clock) < entry.lifeMs
    // Not if it was forgotten, or another call for the same was faster: newer materials may be there.
    const isKept = isYoung && this.byId.get(load.id) === load && entries.put(entry)
    if (isKept && call.caller === undefined) journal.refresh(entry)
    if (isYoung) this.#serve(load, call, entry)
    // Nobody but those who were served has a way to it.
    if (!isKept) entry.destroy()
    if (load.isAwaited) this.attend(load)
    else this.end(load)
  }

  #serve(load: Load, { caller }: Call, entry: CacheEntry): void {
    // The caller first: if not even a new entry does for its own request, then trying again would never end.
    if (caller && load.waiters.has(caller) && !this.#isServed(load, caller, entry)) {
      giveUp(load, caller, new EnvelopeError('ERR_NO_DATA_KEY', unsuitable))
    }
    for (const waiter of load.waiters) {
      if (entry.isGone || entry.usage.isExhausted) return
      this.#isServed(load, waiter, entry)
    }
  }

  #isServed(load: Load, waiter: Waiter, entry: CacheEntry): boolean {
    const { clock } = this.context
    try {
      // Making copies for many takes time; who is next sees how long.
      clock.read()
      if (!waiter.serve(entry, entry.ageMs(clock))) return false
    } catch (error) {
      giveUp(load, waiter, error)
      return true
    }
    load.servedMs = clock.monotonicMs
    load.remove(waiter)
    return true
  }
}

const unsuitable = 'The materials that were just fetched are not what the request for them can use'

function giveUp(load: Load, waiter: Waiter, error: unknown): void {
  if (!load.waiters.has(waiter)) return
  load.remove(waiter)
  waiter.reject(error)
}

/** What `load` throws at once comes as late as what it throws later. */
async function ask(request: CacheRequest<unknown>): Promise<CacheableMaterials> {
  return request.load()
}
