import { describe, expect, test, vi } from 'vitest'
import type { CryptographicMaterialsCache } from '../../../src/cache/cache.ts'
import { LocalCryptoMaterialsCache } from '../../../src/cache/local.ts'
import { StormTrackingCache } from '../../../src/cache/storm-tracking.ts'
import { Source, name, passBlocked, useManualTime, watch } from './harness.ts'

useManualTime()

describe.each<[string, () => CryptographicMaterialsCache]>([
  ['local', () => new LocalCryptoMaterialsCache({ capacity: 10 })],
  ['storm tracking', () => new StormTrackingCache({ capacity: 10 })],
])('in the %s cache, requests of the same time', (_name, make) => {
  const minute = { maxAgeMs: 60_000 }
  const many = (
    cache: CryptographicMaterialsCache,
    request: Parameters<typeof name>[1],
    count: number,
  ): Promise<string>[] => Array.from({ length: count }, () => name(cache, request))

  test('share one call', async () => {
    const [cache, source] = [make(), new Source()]
    const all = await Promise.all(many(cache, source.request('a', minute), 1000))
    expect(new Set(all)).toEqual(new Set(['a#1']))
    expect(source.calls).toBe(1)
    expect(cache.stats()).toMatchObject({ misses: 1, waits: 999, hits: 0, entries: 1 })
  })

  test('for different ids make a call each', async () => {
    const [cache, source] = [make(), new Source()]
    const all = ['a', 'b'].map((id) => name(cache, source.request(id, minute)))
    expect(await Promise.all(all)).toEqual(['a#1', 'b#2'])
  })

  test('share a failure, of which nothing is kept', async () => {
    const [cache, source] = [make(), new Source()]
    source.failure = new Error('KMS is down')
    const all = await Promise.allSettled(many(cache, source.request('a', minute), 10))
    expect(all).toEqual(all.map(() => ({ status: 'rejected', reason: source.failure })))
    expect(source.calls).toBe(1)
    expect(cache.stats()).toMatchObject({ entries: 0, failures: 1 })

    source.failure = undefined
    const next = name(cache, source.request('a', minute))
    await vi.advanceTimersByTimeAsync(1000) // a storm tracking cache keeps its grace interval
    expect(await next).toBe('a#2')
  })

  test('share what is thrown before there is a promise', async () => {
    const [cache, source] = [make(), new Source()]
    const request = {
      ...source.request('a', minute),
      load: () => {
        throw new Error('no such method')
      },
    }
    const all = await Promise.allSettled(many(cache, request, 2))
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })

  test('are charged one by one, and those for whom nothing is left share the next call', async () => {
    const [cache, source] = [make(), new Source()]
    const charge = { bytes: 1, maxMessages: 4, maxBytes: 100 }
    const all = await Promise.all(many(cache, source.request('a', { ...minute, charge }), 10))
    const times = (count: number, of: string) => Array.from({ length: count }, () => of)
    expect(all).toEqual([...times(4, 'a#1'), ...times(4, 'a#2'), ...times(2, 'a#3')])
    expect(source.zeroed).toEqual(['a#1', 'a#2'])
    expect(cache.stats()).toMatchObject({ misses: 3, waits: 9, entries: 1 })
  })

  test('make as many calls at once as their charges need keys, and at most ten', async () => {
    const [cache, source] = [make(), new Source()]
    source.latencyMs = 50
    const charge = { bytes: 1, maxMessages: 10, maxBytes: 100 }
    const all = many(cache, source.request('a', { ...minute, charge }), 1000)
    expect(source.calls).toBe(10)
    await vi.advanceTimersByTimeAsync(50 * 10)
    const keys = await Promise.all(all)
    expect(source.calls).toBe(100)
    expect(new Set(keys).size).toBe(100)
  })

  test.each([
    { sizes: [600, 600, 400, 400], calls: 2 },
    { sizes: [600, 600, 600], calls: 3 },
    { sizes: [10, 20, 900], calls: 1 },
  ])('of $sizes bytes, 1000 a key, make $calls calls', async ({ sizes, calls }) => {
    const [cache, source] = [make(), new Source()]
    const limits = { maxMessages: 100, maxBytes: 1000 }
    await Promise.all(
      sizes.map((bytes) =>
        cache.get(source.request('a', { ...minute, charge: { bytes, ...limits } })),
      ),
    )
    expect(source.calls).toBe(calls)
  })

  test('lose one of them for each call that fails, while others are under way', async () => {
    const [cache, source] = [make(), new Source()]
    source.latencyMs = 50
    const charge = { bytes: 1, maxMessages: 1, maxBytes: 1 }
    const request = source.request('a', { ...minute, charge })
    const failing = { ...request, load: () => Promise.reject(new Error('throttled')) }
    const all = [request, failing, request].map((one) => watch(name(cache, one)))
    await vi.advanceTimersByTimeAsync(50)
    expect(all.map(({ now }) => now)).toEqual(['a#1', 'Error: throttled', 'a#2'])
  })

  test('are asked for no more than those who have not given up need', async () => {
    const [cache, source] = [make(), new Source()]
    source.latencyMs = 50
    const charge = { bytes: 1, maxMessages: 1, maxBytes: 1 }
    const aborts = Array.from({ length: 100 }, () => new AbortController())
    const gone = aborts.map(({ signal }) =>
      watch(name(cache, source.request('a', { ...minute, charge, signal }))),
    )
    for (const abort of aborts) abort.abort()
    const stays = watch(name(cache, source.request('a', { ...minute, charge })))
    await vi.advanceTimersByTimeAsync(50)
    expect(stays.now).toBe('a#1')
    expect(new Set(gone.map(({ now }) => now))).toEqual(new Set(['ERR_ABORTED']))
    expect(source.calls).toBe(10)
  })

  test('wait each for as long as its own signal says, and take no listener along', async () => {
    const [cache, source] = [make(), new Source()]
    source.latencyMs = 50
    const abort = new AbortController()
    const { signal } = abort
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    const gone = watch(name(cache, source.request('a', { ...minute, signal })))
    const stays = watch(name(cache, source.request('a', minute)))
    abort.abort(new Error('enough'))
    await vi.advanceTimersByTimeAsync(0)
    expect([gone.now, stays.now]).toEqual(['ERR_ABORTED', 'waits'])
    await vi.advanceTimersByTimeAsync(50)
    expect(stays.now).toBe('a#1')
    expect(source.calls).toBe(1)
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(
      added.mock.calls.map(([, listener]) => listener),
    )
    await expect(cache.get(source.request('b', { ...minute, signal }))).rejects.toMatchObject({
      code: 'ERR_ABORTED',
      cause: signal.reason,
    })
    expect(source.calls).toBe(1)
  })

  test('are not served beyond a limit by the time that serving others takes', async () => {
    const [cache, source] = [make(), new Source()]
    const maxAgeMs = 5000
    const slow = source.request('a', {
      maxAgeMs,
      takes: () => {
        passBlocked(maxAgeMs)
      },
    })
    const all = [slow, source.request('a', { maxAgeMs })].map((one) => watch(name(cache, one)))
    await vi.advanceTimersByTimeAsync(0)
    expect(all.map(({ now }) => now)).toEqual(['a#1', 'a#2'])
  })

  test('do not get what does not suit them, but their own', async () => {
    const [cache, source] = [make(), new Source()]
    const other = source.request('a', {
      ...minute,
      fits: ({ name: found }) => (found === 'a#1' ? 'replace' : 'serves'),
    })
    const all = [
      name(cache, source.request('a', minute)),
      name(cache, other),
      name(cache, source.request('a', minute)),
    ]
    expect(await Promise.all(all)).toEqual(['a#1', 'a#2', 'a#1'])
  })

  test('are not harmed by one that throws when it takes', async () => {
    const [cache, source] = [make(), new Source()]
    const broken = source.request('a', {
      ...minute,
      takes: () => {
        throw new Error('no memory')
      },
    })
    const all = [broken, source.request('a', minute)].map((request) => name(cache, request))
    await expect(all[0]).rejects.toThrow('no memory')
    expect(await all[1]).toBe('a#1')
  })

  test('get copies that are whole, though the key is overwritten with the last charge', async () => {
    const [cache, source] = [make(), new Source()]
    const charge = { bytes: 1, maxMessages: 1, maxBytes: 1 }
    const copies = await Promise.all(
      [1, 2].map(() => cache.get(source.request('a', { ...minute, charge }))),
    )
    expect(copies.map((copy) => copy?.isWhole)).toEqual([true, true])
    expect(source.zeroed).toEqual(['a#1', 'a#2'])
  })
})
