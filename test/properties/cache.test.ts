import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type {
  CacheRequest,
  CacheableMaterials,
  CryptographicMaterialsCache,
} from '../../src/cache/cache.ts'
import { LocalCryptoMaterialsCache } from '../../src/cache/local.ts'
import { StormTrackingCache } from '../../src/cache/storm-tracking.ts'
import { seed } from './arbitraries.ts'

/*
 * Whatever comes in whatever order, no key is handed out beyond its limits. A test is a list of steps: requests,
 * answers to any of the calls under way, time that passes, clocks that are moved. What is handed out is
 * counted here, by the two clocks and two sums, and by nothing that the cache says.
 */

interface Limits {
  readonly maxAgeMs: number
  readonly maxMessages: number
  readonly maxBytes: number
}

interface User extends Limits {
  readonly refreshAheadMs: number
  /** Takes only every other key, as a client does whose policy forbids some. */
  readonly isPicky: boolean
}

const users: readonly User[] = [
  { maxAgeMs: 100, maxMessages: 3, maxBytes: 50, refreshAheadMs: 0, isPicky: false },
  { maxAgeMs: 250, maxMessages: 5, maxBytes: 120, refreshAheadMs: 80, isPicky: false },
  { maxAgeMs: 170, maxMessages: 2, maxBytes: 90, refreshAheadMs: 30, isPicky: true },
]

/** Whose messages all fit under one key. */
const wideUsers: readonly User[] = users.map((user) => ({
  ...user,
  maxMessages: 2 ** 32,
  maxBytes: Number.MAX_SAFE_INTEGER,
  isPicky: false,
}))

type Step =
  | { readonly do: 'get'; readonly user: User; readonly id: string; readonly bytes: number }
  | { readonly do: 'answer'; readonly which: number; readonly fails: boolean }
  | { readonly do: 'abort'; readonly which: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'move the wall clock'; readonly ms: number }
  | { readonly do: 'settle' }
  | { readonly do: 'clear' }

const get = (from: readonly User[]) =>
  fc.record({
    do: fc.constant('get' as const),
    user: fc.constantFrom(...from),
    id: fc.constantFrom('a', 'b', 'c'),
    bytes: fc.constantFrom(0, 1, 10, 30, 50),
  })
const stepsOf = (from: readonly User[]): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      { weight: 12, arbitrary: get(from) },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('abort' as const), which: fc.nat(20) }),
      },
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant('answer' as const),
          which: fc.nat(10),
          fails: fc.boolean(),
        }),
      },
      { weight: 6, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant('pass' as const),
          ms: fc.constantFrom(1, 20, 50, 70, 99, 100, 170),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant('move the wall clock' as const),
          ms: fc.constantFrom(-1000, -10, 40, 99, 100, 1000),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
    ),
    { minLength: 10, maxLength: 60, size: 'max' },
  )

/** A key, and what was handed out of it. */
class Key {
  readonly bytes = new Uint8Array(32).fill(7)
  readonly number: number
  readonly #bornWallMs = Date.now()
  readonly #bornMonotonicMs = performance.now()
  readonly #users = new Set<Limits>()
  #messages = 0
  #sum = 0

  constructor(number: number) {
    this.number = number
  }

  destroy(): void {
    this.bytes.fill(0)
  }

  get isOverwritten(): boolean {
    return this.bytes.every((byte) => byte === 0)
  }

  /** Within the limits of all who were given it, whoever it is given to. */
  handOut(user: User, bytes: number): void {
    this.#users.add(user)
    this.#messages += 1
    this.#sum += bytes
    const ageMs = Math.max(Date.now() - this.#bornWallMs, performance.now() - this.#bornMonotonicMs)
    const isWhole = this.bytes.every((byte) => byte === 7)
    for (const { maxAgeMs, maxMessages, maxBytes } of this.#users) {
      const isWithin = ageMs < maxAgeMs && this.#messages <= maxMessages && this.#sum <= maxBytes
      broken ??= isWithin
        ? undefined
        : `age ${ageMs}, ${this.#messages} messages, ${this.#sum} bytes`
    }
    broken ??= isWhole ? undefined : 'handed out after it was overwritten'
  }
}

function loaded(materials: CacheableMaterials): Key {
  if (materials instanceof Key) return materials
  throw new Error('not what was loaded')
}

/** The first limit that was broken: what is thrown within a request would be taken for its failure. */
let broken: string | undefined

interface Call {
  readonly id: string
  readonly era: number
  readonly answer: (fails: boolean) => void
}

/** One request, and what it has had the cache do. */
class Asked {
  readonly abort = new AbortController()
  readonly id: string
  isServed = false
  calls = 0
  calledMs = Number.NEGATIVE_INFINITY

  constructor(id: string) {
    this.id = id
  }
}

class World {
  readonly keys: Key[] = []
  readonly underWay: Call[] = []
  readonly waiting = new Set<Asked>()
  /** How often the wall clock was moved: what came too old is asked for again. */
  moves = 0
  readonly #cache: CryptographicMaterialsCache
  readonly #check: (world: World, asked: Asked) => void
  /** When the last call began for an id that has failed, and not come since. */
  readonly #failedMs = new Map<string, number>()
  /** Counts the keys that came for an id. */
  readonly #came = new Map<string, number>()
  /** Counts the calls of `clear`: what was under way before is not shared with those after it. */
  #era = 0
  #calls = 0

  constructor(cache: CryptographicMaterialsCache, check: (world: World, asked: Asked) => void) {
    this.#cache = cache
    this.#check = check
  }

  /** The calls under way for an id. */
  callsFor(id: string): Call[] {
    return this.underWay.filter((call) => call.id === id && call.era === this.#era)
  }

  get wasCleared(): boolean {
    return this.#era > 0
  }

  /** How long ago the last call began for an id that has failed and not come since. */
  sinceFailedMs(id: string): number {
    return performance.now() - (this.#failedMs.get(id) ?? Number.NEGATIVE_INFINITY)
  }

  async run(list: readonly Step[]): Promise<void> {
    for (const step of list) {
      if (step.do === 'get') this.#get(step.user, step.id, step.bytes)
      else if (step.do === 'answer') this.#answer(step.which, step.fails)
      else if (step.do === 'abort') this.#abort(step.which)
      else if (step.do === 'pass') vi.advanceTimersByTime(step.ms)
      else if (step.do === 'move the wall clock') this.#move(step.ms)
      else if (step.do === 'settle') await settle()
      else this.#clear()
    }
  }

  /** Everything is answered now. */
  async end(): Promise<void> {
    for (let round = 0; this.waiting.size > 0 || this.underWay.length > 0; round++) {
      if (round > 200) throw new Error(`${this.waiting.size} requests never settle`)
      while (this.underWay.length > 0) this.#answer(0, false)
      await settle()
      // A storm tracking cache pauses after a failure.
      if (this.underWay.length === 0) await vi.advanceTimersByTimeAsync(10)
    }
    await vi.advanceTimersByTimeAsync(3000)
  }

  #get(user: User, id: string, bytes: number): void {
    const { maxAgeMs, maxMessages, maxBytes, refreshAheadMs, isPicky } = user
    const asked = new Asked(id)
    const request: CacheRequest<number> = {
      ...{ id, use: 'encrypt', partitionId: 'p', maxAgeMs, refreshAheadMs },
      charge: { bytes, maxMessages, maxBytes },
      signal: asked.abort.signal,
      load: () => this.#load(asked),
      fits: (key) => (isPicky && loaded(key).number % 2 === 0 ? 'replace' : 'serves'),
      take: (materials) => {
        const key = loaded(materials)
        key.handOut(user, bytes)
        if (asked.abort.signal.aborted) broken ??= 'a key was taken for who had gone'
        asked.isServed = true
        return key.number
      },
    }
    this.waiting.add(asked)
    const done = (): void => {
      this.waiting.delete(asked)
    }
    this.#cache.get(request).then(done, done)
  }

  async #load(asked: Asked): Promise<Key> {
    const { id } = asked
    const number = (this.#calls += 1)
    const came = this.#came.get(id)
    const calledMs = performance.now()
    if (asked.abort.signal.aborted && !asked.isServed) broken ??= 'a call was made for who had gone'
    const failed = new Promise<boolean>((resolve) => {
      this.underWay.push({ id, era: this.#era, answer: resolve })
    })
    this.#check(this, asked)
    asked.calls += 1
    asked.calledMs = calledMs
    if (await failed) {
      // Not of a call that was overtaken: those who asked were served by another.
      if (came === this.#came.get(id)) this.#failedMs.set(id, calledMs)
      throw new Error('KMS is down')
    }
    this.#came.set(id, number)
    this.#failedMs.delete(id)
    const key = new Key(number)
    this.keys.push(key)
    return key
  }

  #answer(which: number, fails: boolean): void {
    const [call] = this.underWay.splice(which % Math.max(1, this.underWay.length), 1)
    call?.answer(fails)
  }

  #abort(which: number): void {
    const waiting = [...this.waiting]
    waiting[which % Math.max(1, waiting.length)]?.abort.abort()
  }

  #move(ms: number): void {
    vi.setSystemTime(Date.now() + ms)
    this.moves += 1
  }

  #clear(): void {
    this.#cache.clear()
    this.#era += 1
  }
}

/** Every promise that can go on does. */
async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0)
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const oneCallForEachId = (world: World, { id }: Asked): void => {
  // Those who waited before clear have calls of their own, and may need another.
  if (world.wasCleared && world.moves > 0) return
  const { length } = world.callsFor(id)
  broken ??= length > 1 ? `${length} calls for ${id} at the same time` : undefined
}
/** So that there are never more calls than there would be without a cache. */
const oneCallOfEachRequest = (world: World, { calls }: Asked): void => {
  broken ??= calls > world.moves ? `a request makes ${calls + 1} calls` : undefined
}
const graceIntervalMs = 20
const oneCallInAGraceInterval = (world: World, { id, calledMs }: Asked): void => {
  const sinceMs = performance.now() - calledMs
  if (world.moves === 0 && sinceMs < graceIntervalMs)
    broken ??= `it calls again after ${sinceMs} ms`
  // After clear, those who waited before and those who come later have calls of their own.
  if (world.wasCleared) return
  const sinceFailedMs = world.sinceFailedMs(id)
  if (sinceFailedMs < graceIntervalMs)
    broken ??= `${id} is asked for ${sinceFailedMs} ms after it failed`
}
type Maker = (capacity: number) => World
const local =
  (check: (world: World, asked: Asked) => void): Maker =>
  (capacity) =>
    new World(new LocalCryptoMaterialsCache({ capacity }), check)
const storm: Maker = (capacity) => {
  const limits = { gracePeriodMs: 60, graceIntervalMs, inFlightTtlMs: 50, fanOut: 2 }
  return new World(new StormTrackingCache({ capacity, ...limits }), oneCallInAGraceInterval)
}

describe.each<[string, readonly User[], Maker]>([
  ['LocalCryptoMaterialsCache', users, local(oneCallOfEachRequest)],
  ['LocalCryptoMaterialsCache with wide limits', wideUsers, local(oneCallForEachId)],
  ['StormTrackingCache', users, storm],
])('%s, whatever comes in whatever order', (_name, from, make) => {
  it('hands out no key beyond its limits, settles every request, and overwrites every key', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(0, 1, 2, 10),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        stepsOf(from),
        async (capacity, random, list) => {
          vi.clearAllTimers()
          vi.spyOn(Math, 'random').mockReturnValue(random)
          broken = undefined
          const world = make(capacity)
          await world.run(list)
          await world.end()
          expect(broken).toBeUndefined()
          expect(world.keys.filter((key) => !key.isOverwritten)).toEqual([])
        },
      ),
      { seed, numRuns: 400 },
    )
  })
})
