import type { CacheRequest, CacheUse } from './cache.ts'
import type { Moment } from './clock.ts'
import type { CacheEntry } from './entry.ts'
import { KeyUsage } from './key-usage.ts'

/** The most keys of one id that are asked for at the same time. */
const mostKeys = 10

/** A request that waits for materials. */
export interface Waiter {
  readonly request: CacheRequest<unknown>
  /** Since when, by the clock of `performance.now()`. */
  readonly sinceMs: number
  /** The last call on its behalf. */
  call: Call | undefined
  /** Serves it from an entry of that age; `false` if the entry does not do. */
  serve(entry: CacheEntry, ageMs: number): boolean
  reject(error: unknown): void
}

/** A call for materials. */
export interface Call {
  readonly request: CacheRequest<unknown>
  /** On whose behalf it is; `undefined` for a renewal. */
  readonly caller: Waiter | undefined
  readonly began: Moment
}

/** What is being fetched for one id, and who waits for it. */
export class Load {
  readonly id: string
  readonly use: CacheUse
  /** The calls without an answer, in the order in which they began. */
  readonly calls = new Set<Call>()
  /** When the last call began, and when somebody was last served, by the clock of `performance.now()`. */
  calledMs = Number.NEGATIVE_INFINITY
  servedMs = Number.NEGATIVE_INFINITY
  readonly #waiters = new Set<Waiter>()
  /** What new keys would serve those who wait, each taken from the first that has enough. */
  #keys: KeyUsage[] = []
  /** Whether it counts some who wait no longer. */
  #isOutdated = false

  constructor({ id, use }: CacheRequest<unknown>) {
    this.id = id
    this.use = use
  }

  /** In the order in which they asked. */
  get waiters(): ReadonlySet<Waiter> {
    return this.#waiters
  }

  get isAwaited(): boolean {
    return this.#waiters.size > 0
  }

  add(waiter: Waiter): void {
    this.#waiters.add(waiter)
    this.#count(waiter)
  }

  remove(waiter: Waiter): void {
    this.#waiters.delete(waiter)
    this.#isOutdated = true
  }

  /** Whether those who wait need more new keys than that, by their charges; of `mostKeys` at most. */
  needsMoreThan(count: number): boolean {
    if (this.#keys.length > count && this.#isOutdated) {
      this.#keys = []
      this.#isOutdated = false
      for (const waiter of this.#waiters) {
        if (this.#keys.length === mostKeys) break
        this.#count(waiter)
      }
    }
    return this.#keys.length > count
  }

  /** How many calls have begun after that time, by the clock of `performance.now()`, and have no answer. */
  callsAfter(ms: number): number {
    let count = 0
    for (const { began } of this.calls) if (began.monotonicMs > ms) count += 1
    return count
  }

  #count({ request: { charge } }: Waiter): void {
    if (this.#keys.length === mostKeys) return
    if (this.#keys.some((key) => charge === undefined || key.charge(charge))) return
    const key = new KeyUsage(charge)
    if (charge) key.charge(charge)
    this.#keys.push(key)
  }
}
