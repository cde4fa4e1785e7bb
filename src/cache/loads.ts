import { EnvelopeError } from '../errors.ts'
import type { CacheRequest, CacheableMaterials } from './cache.ts'
import type { Clock } from './clock.ts'
import type { CacheEntries } from './entries.ts'
import { CacheEntry } from './entry.ts'
import type { CacheJournal } from './journal.ts'

/** A request that waits for materials. */
export interface Waiter {
  readonly request: CacheRequest<unknown>
  /** Since when, by the clock of `performance.now()`. */
  readonly sinceMs: number
  /** Serves it from an entry of that age; `false` if the entry does not do. */
  serve(entry: CacheEntry, ageMs: number): boolean
  reject(error: unknown): void
}

/** What is being fetched for one id, and who waits for it. */
export class Load {
  readonly id: string
  /** In the order in which they asked. */
  readonly waiters: Waiter[] = []
  /** How many calls are under way. */
  calls = 0
  /** When the last call began, by the clock of `performance.now()`. */
  calledMs = Number.NEGATIVE_INFINITY

  constructor(id: string) {
    this.id = id
  }
}

/** What loads work on. */
export interface LoadsContext {
  readonly clock: Clock
  readonly entries: CacheEntries
  readonly journal: CacheJournal
  /** The age at which a new entry is to be renewed. */
  renewAtAgeMs(entry: CacheEntry, request: CacheRequest<unknown>): number
}

/** Fetches materials, once for all requests of the same id. */
export class Loads {
  protected readonly byId = new Map<string, Load>()
  protected readonly context: LoadsContext

  constructor(context: LoadsContext) {
    this.context = context
  }

  /** Has a request served as soon as there are materials for it. */
  wait(waiter: Waiter): void {
    const { id } = waiter.request
    const under = this.byId.get(id)
    if (under) {
      this.context.journal.wait(waiter.request)
      under.waiters.push(waiter)
      this.joined(under)
      return
    }
    this.#begin(id, [waiter])
  }

  /** Fetches materials that nobody waits for; `false` if that is not to be done now. */
  renew(request: CacheRequest<unknown>): boolean {
    if (this.byId.has(request.id)) return false
    const load = new Load(request.id)
    this.byId.set(load.id, load)
    this.call(load, request, undefined)
    return true
  }

  /** What is under way serves those who wait for it, and is not kept for others. */
  forget(): void {
    this.byId.clear()
  }

  /** A load with waiters that has just begun. */
  protected began(load: Load): void {
    this.callForFirst(load)
  }

  /** Somebody else waits for a load. */
  protected joined(_load: Load): void {
    // The call under way serves all.
  }

  /** The last call under way has failed. */
  protected failed(load: Load, error: unknown): void {
    this.end(load)
    for (const waiter of load.waiters.splice(0)) waiter.reject(error)
  }

  /** From now on the next request of that id begins another load. */
  protected end(load: Load): void {
    if (this.byId.get(load.id) === load) this.byId.delete(load.id)
  }

  /** Fetches materials on behalf of the one who has waited longest. */
  protected callForFirst(load: Load): void {
    const [first] = load.waiters
    if (first === undefined) return
    this.context.journal.miss(first.request)
    this.call(load, first.request, first)
  }

  protected call(load: Load, request: CacheRequest<unknown>, caller: Waiter | undefined): void {
    load.calls += 1
    load.calledMs = performance.now()
    void this.#call(load, request, caller)
  }

  async #call(
    load: Load,
    request: CacheRequest<unknown>,
    caller: Waiter | undefined,
  ): Promise<void> {
    let materials: CacheableMaterials
    try {
      materials = await ask(request)
    } catch (error) {
      load.calls -= 1
      this.context.journal.failure(request, error)
      if (load.calls === 0) this.failed(load, error)
      return
    }
    load.calls -= 1
    this.#arrived(load, request, caller, materials)
  }

  #arrived(
    load: Load,
    request: CacheRequest<unknown>,
    caller: Waiter | undefined,
    materials: CacheableMaterials,
  ): void {
    const { clock, entries, journal } = this.context
    clock.read()
    const entry = new CacheEntry(request, materials, clock)
    entry.renewAtAgeMs = this.context.renewAtAgeMs(entry, request)
    // Not if it was forgotten, or another call for the same was faster: newer materials may be there.
    const isCurrent = this.byId.get(load.id) === load
    this.end(load)
    const isKept = isCurrent && entries.put(entry)
    if (isCurrent && caller === undefined) journal.refresh(entry)
    const unserved = load.waiters.splice(0).filter((waiter) => !isServed(waiter, entry, clock))
    // Nobody but them has a way to it.
    if (!isKept) entry.destroy()
    this.#again(load.id, unserved, caller)
  }

  /** Those for whom there was not enough left, or whom others' materials did not suit, try once more. */
  #again(id: string, unserved: Waiter[], caller: Waiter | undefined): void {
    if (caller !== undefined && unserved[0] === caller) {
      unserved.shift()
      // Trying again would never end.
      caller.reject(
        new EnvelopeError(
          'ERR_NO_DATA_KEY',
          'The materials that were just fetched are not what the request for them can use',
        ),
      )
    }
    if (unserved.length === 0) return
    const under = this.byId.get(id)
    if (under) {
      under.waiters.push(...unserved)
      this.joined(under)
    } else {
      this.#begin(id, unserved)
    }
  }

  #begin(id: string, waiters: readonly Waiter[]): void {
    const load = new Load(id)
    load.waiters.push(...waiters)
    this.byId.set(id, load)
    this.began(load)
  }
}

/** What `load` throws at once comes as late as what it throws later. */
async function ask(request: CacheRequest<unknown>): Promise<CacheableMaterials> {
  return request.load()
}

function isServed(waiter: Waiter, entry: CacheEntry, clock: Clock): boolean {
  try {
    const ageMs = entry.ageMs(clock)
    // Making copies for many takes time; who is next sees how long.
    clock.read()
    return waiter.serve(entry, ageMs)
  } catch (error) {
    waiter.reject(error)
    return true
  }
}
