import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, vi } from 'vitest'
import type {
  CacheCharge,
  CacheFit,
  CacheRequest,
  CacheableMaterials,
  CryptographicMaterialsCache,
} from '../../../src/cache/cache.ts'
import type { CacheEvent } from '../../../src/diagnostics.ts'

/** Materials whose bytes a test can look at after they were destroyed. */
export class TestMaterials implements CacheableMaterials {
  readonly key = new Uint8Array(32).fill(7)
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  get isZeroed(): boolean {
    return this.key.every((byte) => byte === 0)
  }

  destroy(): void {
    this.key.fill(0)
  }
}

/** A caller's own copy: which materials it is of, and whether the key was whole when it was made. */
export interface Copy {
  readonly of: string
  readonly isWhole: boolean
}

export interface User {
  readonly maxAgeMs?: number
  readonly refreshAheadMs?: number
  readonly charge?: CacheCharge
  readonly use?: CacheRequest<unknown>['use']
  readonly signal?: AbortSignal
  readonly fits?: (materials: TestMaterials) => CacheFit
  /** What happens while it takes its copy. */
  readonly takes?: () => void
}

/** Where materials come from: they are named `id#1`, `id#2` in the order in which they were asked for. */
export class Source {
  readonly made: TestMaterials[] = []
  calls = 0
  /** How long each call takes; 0 for a microtask. */
  latencyMs = 0
  failure: Error | undefined
  /** Calls of this number never end. */
  hangs: readonly number[] = []

  request(id: string, user: User = {}): CacheRequest<Copy> {
    const { maxAgeMs = 1000, fits = () => 'serves', takes = () => undefined, ...limits } = user
    return {
      id,
      use: 'encrypt',
      partitionId: 'a partition',
      maxAgeMs,
      ...limits,
      load: () => this.#load(id),
      fits: (materials) => fits(loaded(materials)),
      take: (materials) => {
        const { name, key } = loaded(materials)
        takes()
        return { of: name, isWhole: key.every((byte) => byte === 7) }
      },
    }
  }

  async #load(id: string): Promise<TestMaterials> {
    this.calls += 1
    const { calls, failure } = this
    if (this.hangs.includes(calls)) await new Promise(() => undefined)
    if (this.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, this.latencyMs))
    if (failure) throw failure
    const materials = new TestMaterials(`${id}#${calls}`)
    this.made.push(materials)
    return materials
  }

  /** Which of the materials are overwritten. */
  get zeroed(): string[] {
    return this.made.filter(({ isZeroed }) => isZeroed).map(({ name }) => name)
  }
}

function loaded(materials: CacheableMaterials): TestMaterials {
  if (materials instanceof TestMaterials) return materials
  throw new Error('not what was loaded')
}

/** Asks for the materials of an id, and says which ones came. */
export async function name(
  cache: CryptographicMaterialsCache,
  request: CacheRequest<Copy>,
): Promise<string> {
  const copy = await cache.get(request)
  if (copy === undefined) return 'not for this'
  if (!copy.isWhole) throw new Error(`the key of ${copy.of} was overwritten before it was taken`)
  return copy.of
}

/** What a promise has come to by now: its value, the code of its error, or `waits`. */
export function watch(promise: Promise<string>): { now: string } {
  const seen = { now: 'waits' }
  promise.then(
    (value) => (seen.now = value),
    (error: unknown) => (seen.now = String(Reflect.get(Object(error), 'code') ?? error)),
  )
  return seen
}

/** Time by hand, by both clocks; `setTimeout` too. */
export function useManualTime(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_700_000_000_000 })
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
  })
}

/** Time that no timer notices, as in a loop that gives the event loop no turn. */
export function passBlocked(ms: number): void {
  const wallMs = Date.now() + ms
  const monotonicMs = performance.now() + ms
  vi.spyOn(Date, 'now').mockReturnValue(wallMs)
  vi.spyOn(performance, 'now').mockReturnValue(monotonicMs)
}

/** Moves the wall clock alone. */
export function moveWallClock(ms: number): void {
  vi.setSystemTime(Date.now() + ms)
}

/** What is published to `waxseal:cache` until the test ends. */
export function listen(): CacheEvent[] {
  const events: CacheEvent[] = []
  const listener = (message: unknown): void => {
    events.push(message as CacheEvent)
  }
  subscribe('waxseal:cache', listener)
  onEnd.push(() => unsubscribe('waxseal:cache', listener))
  return events
}

const onEnd: (() => unknown)[] = []
afterEach(() => {
  for (const end of onEnd.splice(0)) end()
})
