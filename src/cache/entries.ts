import { LRUCache } from 'lru-cache'
import { checkInteger } from '../checks.ts'
import type { CacheEviction } from '../diagnostics.ts'
import type { Clock } from './clock.ts'
import type { CacheEntry } from './entry.ts'

/** Their list alone takes some 25 MB. */
const mostEntries = 2 ** 20
/**
 * All entries are looked at no more often than this, and with over 100,000 of them at most as often as it
 * takes under one percent of the time (70 ns an entry).
 */
const leastSweepIntervalMs = 1000
const sweepIntervalMsPerEntry = 0.01
/** A timer goes by the monotonic clock: so often it looks what the wall clock says. */
const longestSleepMs = 60_000

/** Refuses a capacity that no cache can have. */
export function checkCapacity(capacity: number): number {
  return checkInteger(capacity, 'capacity', 0, mostEntries)
}

/**
 * The entries of a cache, the least recently used ones of which make room for others. Those that are too
 * old are overwritten by requests that come across them, and by a timer if no request comes
 * (framework/local-cryptographic-materials-cache.md, "Pruning").
 */
export class CacheEntries {
  readonly #byId: LRUCache<string, CacheEntry> | undefined
  readonly #clock: Clock
  readonly #onEviction: (entry: CacheEntry, reason: CacheEviction) => void
  /** Why entries leave that nobody has asked to. */
  #reason: CacheEviction = 'capacity'
  /** No entry gets too old before these times. */
  #dueWallMs = Number.POSITIVE_INFINITY
  #dueMonotonicMs = Number.POSITIVE_INFINITY
  #nextSweepMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #timerMs = Number.POSITIVE_INFINITY

  constructor(
    capacity: number,
    clock: Clock,
    onEviction: (entry: CacheEntry, reason: CacheEviction) => void,
  ) {
    this.#clock = clock
    this.#onEviction = onEviction
    if (capacity === 0) return
    this.#byId = new LRUCache({
      max: capacity,
      disposeAfter: (entry, _id, how) => {
        this.#leave(entry, how === 'set' ? 'replaced' : this.#reason)
      },
    })
  }

  get size(): number {
    return this.#byId?.size ?? 0
  }

  /** The entry of that id, as the most recently used one. Reads the clock. */
  get(id: string): CacheEntry | undefined {
    const clock = this.#clock
    clock.read()
    if (clock.monotonicMs >= this.#dueMonotonicMs || clock.wallMs >= this.#dueWallMs) this.#prune()
    const entry = this.#byId?.get(id)
    if (entry === undefined || entry.ageMs(clock) < entry.lifeMs) return entry
    this.evict(entry, 'age')
    return undefined
  }

  /** Keeps an entry in place of another of the same id; `false` if there is room for none. */
  put(entry: CacheEntry): boolean {
    if (this.#byId === undefined) return false
    this.#byId.set(entry.id, entry)
    this.watch(entry)
    return true
  }

  /** Sees to it that the entry is overwritten when its life ends, which may have become shorter. */
  watch(entry: CacheEntry): void {
    this.#expect(entry)
    this.#sleep()
  }

  /** Lets go of an entry, if it is kept; who made one that is not destroys it. */
  evict(entry: CacheEntry, reason: CacheEviction): void {
    if (this.#byId?.peek(entry.id) === entry) this.#delete(entry.id, reason)
  }

  clear(): void {
    for (const id of [...(this.#byId?.keys() ?? [])]) this.#delete(id, 'clear')
    this.#sleep()
  }

  #delete(id: string, reason: CacheEviction): void {
    this.#reason = reason
    this.#byId?.delete(id)
    this.#reason = 'capacity'
  }

  #leave(entry: CacheEntry, reason: CacheEviction): void {
    entry.destroy()
    this.#onEviction(entry, reason)
  }

  /** Something is too old: looks at all entries, or at the first to go if it has done so shortly before. */
  #prune(): void {
    if (this.#clock.monotonicMs >= this.#nextSweepMs) {
      this.#sweep()
      return
    }
    // "Entry Pruning Tail Size" is 1, as in AWS's libraries: with more, each request would pay for it.
    const tail = this.#byId?.rvalues().next().value
    if (tail !== undefined) this.#evictIfTooOld(tail)
  }

  #sweep(): void {
    const all: CacheEntry[] = []
    this.#byId?.forEach((entry) => {
      all.push(entry)
    })
    for (const entry of all) this.#evictIfTooOld(entry)
    this.#dueWallMs = Number.POSITIVE_INFINITY
    this.#dueMonotonicMs = Number.POSITIVE_INFINITY
    this.#byId?.forEach((entry) => {
      this.#expect(entry)
    })
    const intervalMs = Math.max(leastSweepIntervalMs, this.size * sweepIntervalMsPerEntry)
    this.#nextSweepMs = this.#clock.monotonicMs + intervalMs
    this.#sleep()
  }

  #evictIfTooOld(entry: CacheEntry): void {
    if (!(entry.ageMs(this.#clock) < entry.lifeMs)) this.evict(entry, 'age')
  }

  #expect(entry: CacheEntry): void {
    const leftMs = entry.lifeMs - entry.ageMs(this.#clock)
    this.#dueWallMs = Math.min(this.#dueWallMs, this.#clock.wallMs + leftMs)
    this.#dueMonotonicMs = Math.min(this.#dueMonotonicMs, this.#clock.monotonicMs + leftMs)
  }

  /** Sets the timer, if the one that is set would be too late. It keeps no process alive. */
  #sleep(): void {
    if (this.size === 0) {
      clearTimeout(this.#timer)
      this.#timer = undefined
      this.#timerMs = Number.POSITIVE_INFINITY
      return
    }
    const nowMs = this.#clock.monotonicMs
    const wakeMs = Math.min(
      Math.max(this.#dueMonotonicMs, this.#nextSweepMs),
      nowMs + longestSleepMs,
    )
    if (wakeMs >= this.#timerMs) return
    clearTimeout(this.#timer)
    this.#timerMs = wakeMs
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        this.#timerMs = Number.POSITIVE_INFINITY
        this.#clock.read()
        this.#sweep()
      },
      Math.ceil(wakeMs - nowMs),
    ).unref()
  }
}
