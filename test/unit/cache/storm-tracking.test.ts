import { describe, expect, test, vi } from 'vitest'
import {
  StormTrackingCache,
  type StormTrackingCacheOptions,
} from '../../../src/cache/storm-tracking.ts'
import { Source, name, useManualTime, watch } from './harness.ts'

// framework/storm-tracking-cryptographic-materials-cache.md

useManualTime()

const minute = { maxAgeMs: 60_000 }

function newCache(options: Partial<StormTrackingCacheOptions> = {}): [StormTrackingCache, Source] {
  return [new StormTrackingCache({ capacity: 100, ...options }), new Source()]
}

describe('settings ("Consistency")', () => {
  test.each<[string, Partial<StormTrackingCacheOptions>]>([
    ['gracePeriodMs', { gracePeriodMs: 0 }],
    ['graceIntervalMs', { graceIntervalMs: 0.5 }],
    ['fanOut', { fanOut: 0 }],
    ['inFlightTtlMs', { inFlightTtlMs: NaN }],
    ['gracePeriodMs', { gracePeriodMs: 2 ** 31 }],
    ['capacity', { capacity: -1 }],
    ['graceIntervalMs', { graceIntervalMs: 10_001 }],
    ['inFlightTtlMs', { inFlightTtlMs: 10_001 }],
    ['graceIntervalMs', { graceIntervalMs: 501, inFlightTtlMs: 500 }],
  ])('%s of %j is refused', (field, options) => {
    expect(() => newCache(options)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', field }) as Error,
    )
  })

  test('may be equal to each other', () => {
    const [cache] = newCache({ gracePeriodMs: 5, inFlightTtlMs: 5, graceIntervalMs: 5 })
    expect(cache.gracePeriodMs).toBe(5)
  })

  test('unknown ones are refused', () => {
    const options = { capacity: 1, sleepMilli: 20 }
    expect(() => new StormTrackingCache(options)).toThrow('sleepMilli')
  })
})

describe('an entry that is there', () => {
  /** An entry that is in its grace period from 50 s on. */
  async function withEntry(options: Partial<StormTrackingCacheOptions> = {}) {
    const [cache, source] = newCache(options)
    const request = source.request('a', minute)
    await cache.get(request)
    return { cache, source, request }
  }

  test('is not renewed before its grace period', async () => {
    const { cache, source, request } = await withEntry()
    vi.advanceTimersByTime(49_999)
    await cache.get(request)
    expect(source.calls).toBe(1)
  })

  test('is renewed within its grace period, once, and serves meanwhile', async () => {
    const { cache, source, request } = await withEntry()
    vi.advanceTimersByTime(50_000)
    source.latencyMs = 900
    for (let i = 0; i < 5; i++) expect(await name(cache, request)).toBe('a#1')
    expect(source.calls).toBe(2)
    await vi.advanceTimersByTimeAsync(900)
    expect(await name(cache, request)).toBe('a#2')
    expect(source.zeroed).toEqual(['a#1'])
  })

  test('is renewed again after a grace interval, if the first call is slow', async () => {
    const { cache, source, request } = await withEntry()
    source.hangs = [2]
    vi.advanceTimersByTime(50_000)
    await cache.get(request)
    vi.advanceTimersByTime(999)
    await cache.get(request)
    expect(source.calls).toBe(2)
    vi.advanceTimersByTime(1)
    await cache.get(request)
    await vi.advanceTimersByTimeAsync(0)
    expect(await name(cache, request)).toBe('a#3')
  })

  test('is renewed again after a grace interval, if the first call failed', async () => {
    const { cache, source, request } = await withEntry()
    source.failure = new Error('KMS is down')
    vi.advanceTimersByTime(50_000)
    for (let ms = 0; ms < 10_000; ms += 100) {
      expect(await name(cache, request)).toBe('a#1')
      await vi.advanceTimersByTimeAsync(100)
    }
    expect(source.calls).toBe(1 + 10)
    expect(source.zeroed).toEqual(['a#1'])
  })

  test('is not renewed while as many others are fetched as the fan out allows', async () => {
    const { cache, source, request } = await withEntry({ fanOut: 1 })
    vi.advanceTimersByTime(50_000)
    source.latencyMs = 500
    const other = cache.get(source.request('b', minute))
    expect(await name(cache, request)).toBe('a#1')
    expect(source.calls).toBe(2)
    await vi.advanceTimersByTimeAsync(500)
    await other
    await cache.get(request)
    expect(source.calls).toBe(3)
  })

  test('is renewed earlier where refreshAheadMs says so', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1)
    const [cache, source] = newCache()
    const request = source.request('a', { ...minute, refreshAheadMs: 30_000 })
    await cache.get(request)
    vi.advanceTimersByTime(30_000)
    await cache.get(request)
    expect(source.calls).toBe(2)
  })
})

describe('what is not there', () => {
  test('is asked for again after a grace interval, and the first answer serves all', async () => {
    const [cache, source] = newCache()
    source.hangs = [1]
    const all = [1, 2].map(() => watch(name(cache, source.request('a', minute))))
    await vi.advanceTimersByTimeAsync(999)
    expect(source.calls).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(source.calls).toBe(2)
    expect(all.map(({ now }) => now)).toEqual(['a#2', 'a#2'])
  })

  test('is kept from the answer that comes first; a later one is overwritten', async () => {
    const [cache, source] = newCache()
    source.latencyMs = 1500
    const first = watch(name(cache, source.request('a', minute)))
    await vi.advanceTimersByTimeAsync(1500)
    expect(first.now).toBe('a#1')
    expect(source.calls).toBe(2)
    await vi.advanceTimersByTimeAsync(1000)
    expect(source.zeroed).toEqual(['a#2'])
    expect(await name(cache, source.request('a', minute))).toBe('a#1')
  })

  test('fails for all only when no call for it is under way any more', async () => {
    const [cache, source] = newCache()
    source.latencyMs = 1500
    source.failure = new Error('KMS is down')
    const waiting = watch(name(cache, source.request('a', minute)))
    await vi.advanceTimersByTimeAsync(1200)
    source.failure = undefined
    await vi.advanceTimersByTimeAsync(400)
    expect(waiting.now).toBe('waits')
  })

  test('is not asked for again within a grace interval after a failure', async () => {
    const [cache, source] = newCache()
    source.failure = new Error('KMS is down')
    await expect(cache.get(source.request('a', minute))).rejects.toThrow('KMS is down')
    source.failure = undefined
    vi.advanceTimersByTime(400)
    const next = [1, 2].map(() => watch(name(cache, source.request('a', minute))))
    await vi.advanceTimersByTimeAsync(599)
    expect([source.calls, ...next.map(({ now }) => now)]).toEqual([1, 'waits', 'waits'])
    await vi.advanceTimersByTimeAsync(1)
    expect([source.calls, ...next.map(({ now }) => now)]).toEqual([2, 'a#2', 'a#2'])
  })

  test('is waited for no longer than the in-flight TTL, each request from its own start', async () => {
    const [cache, source] = newCache()
    source.hangs = [...Array(100).keys()]
    const first = watch(name(cache, source.request('a', minute)))
    await vi.advanceTimersByTimeAsync(4000)
    const second = watch(name(cache, source.request('a', minute)))
    await vi.advanceTimersByTimeAsync(5999)
    expect([first.now, second.now]).toEqual(['waits', 'waits'])
    await vi.advanceTimersByTimeAsync(1)
    expect([first.now, second.now]).toEqual(['ERR_CACHE_TIMEOUT', 'waits'])
    await vi.advanceTimersByTimeAsync(4000)
    expect(second.now).toBe('ERR_CACHE_TIMEOUT')
    expect(source.calls).toBe(14)
  })
})

describe('the fan out', () => {
  test('is the most ids that are asked for at the same time; the next are in order', async () => {
    const [cache, source] = newCache({ fanOut: 2 })
    source.latencyMs = 900
    const all = ['a', 'b', 'c', 'd', 'c'].map((id) =>
      watch(name(cache, source.request(id, minute))),
    )
    const now = () => all.map((one) => one.now)
    await vi.advanceTimersByTimeAsync(899)
    expect(source.calls).toBe(2)
    await vi.advanceTimersByTimeAsync(1)
    expect(source.calls).toBe(4)
    expect(now()).toEqual(['a#1', 'b#2', 'waits', 'waits', 'waits'])
    await vi.advanceTimersByTimeAsync(900)
    expect(now()).toEqual(['a#1', 'b#2', 'c#3', 'd#4', 'c#3'])
  })

  test('is counted by use: what a data key waits for is not in its queue', async () => {
    const [cache, source] = newCache({ fanOut: 1 })
    const branchKey = () => name(cache, source.request('b', { ...minute, use: 'branch-key' }))
    const dataKeys = ['c', 'd'].map((id) => {
      const request = source.request(id, minute)
      const load = async () => {
        await branchKey()
        return request.load()
      }
      return watch(name(cache, { ...request, load }))
    })
    await vi.advanceTimersByTimeAsync(0)
    expect(dataKeys.map(({ now }) => now)).toEqual(['c#2', 'd#3'])
  })

  test('has room again after a failure', async () => {
    const [cache, source] = newCache({ fanOut: 1 })
    source.failure = new Error('KMS is down')
    const first = watch(name(cache, source.request('a', minute)))
    const second = watch(name(cache, source.request('b', minute)))
    await vi.advanceTimersByTimeAsync(0)
    expect([first.now, second.now]).toEqual(['Error: KMS is down', 'Error: KMS is down'])
    expect(source.calls).toBe(2)
  })

  test('has room again when a call that nobody waits for has hung for the in-flight TTL', async () => {
    const [cache, source] = newCache({ fanOut: 1, graceIntervalMs: 4000, inFlightTtlMs: 5000 })
    source.hangs = [1, 2]
    const first = watch(name(cache, source.request('a', minute)))
    await vi.advanceTimersByTimeAsync(3000)
    // The second call for a is at 4 s, and is given up at 9 s.
    await vi.advanceTimersByTimeAsync(2000)
    expect(first.now).toBe('ERR_CACHE_TIMEOUT')
    const second = watch(name(cache, source.request('b', minute)))
    await vi.advanceTimersByTimeAsync(3999)
    expect(second.now).toBe('waits')
    await vi.advanceTimersByTimeAsync(1)
    expect(second.now).toBe('b#3')
  })

  test('lets those in its queue give up, and asks nobody for them', async () => {
    const [cache, source] = newCache({ fanOut: 1 })
    source.latencyMs = 20_000
    watch(name(cache, source.request('a', minute)))
    const queued = watch(name(cache, source.request('b', minute)))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(queued.now).toBe('ERR_CACHE_TIMEOUT')
    const calls = source.calls
    await vi.advanceTimersByTimeAsync(40_000)
    expect(source.calls).toBe(calls)
  })
})

describe('with tight limits', () => {
  const charge = { bytes: 600, maxMessages: 1000, maxBytes: 1000 }

  test('a hundred messages of a key each do not wait for one another until they give up', async () => {
    const [cache, source] = newCache()
    source.latencyMs = 900
    const request = source.request('a', { ...minute, charge })
    const all = Array.from({ length: 100 }, () => watch(name(cache, request)))
    await vi.advanceTimersByTimeAsync(9000)
    expect(new Set(all.map(({ now }) => now)).size).toBe(100)
    expect(source.calls).toBe(100)
  })

  test('the in-flight TTL counts from the last key that came', async () => {
    const [cache, source] = newCache()
    source.latencyMs = 900
    const request = source.request('a', { ...minute, charge })
    const all = Array.from({ length: 130 }, () => watch(name(cache, request)))
    await vi.advanceTimersByTimeAsync(11_700)
    expect(all.at(-1)?.now).toBe('a#130')
  })

  test('who waits is served in order, also those who came while others were served', async () => {
    const [cache, source] = newCache()
    source.latencyMs = 900
    const served: number[] = []
    const one = { ...minute, charge: { bytes: 1, maxMessages: 1, maxBytes: 1 } }
    const ask = (number: number) =>
      cache.get(source.request('a', one)).then(() => served.push(number))
    for (let number = 0; number < 15; number++) void ask(number)
    await vi.advanceTimersByTimeAsync(500)
    for (let number = 15; number < 25; number++) void ask(number)
    await vi.advanceTimersByTimeAsync(5000)
    expect(served).toEqual(Array.from({ length: 25 }, (_, number) => number))
  })
})

test('an entry is not renewed while others have all slots, though its last call was long ago', async () => {
  const [cache, source] = newCache({ fanOut: 1 })
  const request = source.request('a', minute)
  await cache.get(request)
  source.failure = new Error('KMS is down')
  vi.advanceTimersByTime(50_000)
  await cache.get(request)
  await vi.advanceTimersByTimeAsync(0)
  source.failure = undefined
  source.hangs = [3]
  watch(name(cache, source.request('b', minute)))
  vi.setSystemTime(Date.now() + 1000)
  await cache.get(request)
  expect(source.calls).toBe(3)
})

describe('a request that is aborted', () => {
  test('leaves the queue, and nobody is asked for it', async () => {
    const [cache, source] = newCache({ fanOut: 1 })
    source.latencyMs = 500
    const abort = new AbortController()
    const first = watch(name(cache, source.request('a', minute)))
    const left = watch(name(cache, source.request('b', { ...minute, signal: abort.signal })))
    const last = watch(name(cache, source.request('c', minute)))
    abort.abort()
    await vi.advanceTimersByTimeAsync(1000)
    expect([first.now, left.now, last.now]).toEqual(['a#1', 'ERR_ABORTED', 'c#2'])
  })

  test('leaves what it called for under way, and no timer for itself', async () => {
    const [cache, source] = newCache()
    source.latencyMs = 500
    const abort = new AbortController()
    watch(name(cache, source.request('a', { ...minute, signal: abort.signal })))
    abort.abort()
    await vi.advanceTimersByTimeAsync(500)
    expect(await name(cache, source.request('a', minute))).toBe('a#1')
    expect(source.calls).toBe(1)
    source.hangs = [2]
    const other = new AbortController()
    watch(name(cache, source.request('b', { ...minute, signal: other.signal })))
    other.abort()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(source.calls).toBe(2)
  })
})

test('after clear, what waits is served or gives up, and nothing that was under way is kept', async () => {
  const [cache, source] = newCache({ fanOut: 1 })
  source.latencyMs = 500
  const before = ['a', 'b'].map((id) => watch(name(cache, source.request(id, minute))))
  cache.clear()
  await vi.advanceTimersByTimeAsync(1000)
  expect(before.map(({ now }) => now)).toEqual(['a#1', 'b#2'])
  expect(source.zeroed).toEqual(['a#1', 'b#2'])
  expect(cache.stats().entries).toBe(0)
})

test('what nobody waits for keeps no process alive, and what has come leaves no timer', async () => {
  vi.useRealTimers()
  const timers = () => process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length
  const before = timers()
  const [cache, source] = newCache()
  source.hangs = [1]
  const abort = new AbortController()
  const gone = watch(name(cache, source.request('a', { ...minute, signal: abort.signal })))
  expect(timers()).toBe(before + 1)
  abort.abort()
  await new Promise(setImmediate)
  expect([gone.now, timers()]).toEqual(['ERR_ABORTED', before])
  const set = vi.spyOn(globalThis, 'setTimeout')
  const cleared = vi.spyOn(globalThis, 'clearTimeout')
  await cache.get(source.request('b', minute))
  const ofCalls = set.mock.results.slice(0, -1).map(({ value }) => value as unknown)
  expect(cleared.mock.calls.map(([timer]) => timer)).toEqual(expect.arrayContaining(ofCalls))
  cache.clear()
})

test('no timer is left when nothing is kept or under way', async () => {
  const [cache, source] = newCache()
  source.hangs = [2]
  await cache.get(source.request('a', minute))
  watch(name(cache, source.request('b', minute)))
  await vi.advanceTimersByTimeAsync(120_000)
  expect(vi.getTimerCount()).toBe(0)
})
