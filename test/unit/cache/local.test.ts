import { describe, expect, test, vi } from 'vitest'
import { LocalCryptoMaterialsCache } from '../../../src/cache/local.ts'
import { Source, moveWallClock, name, passBlocked, useManualTime, watch } from './harness.ts'

useManualTime()

const newCache = (capacity = 10): [LocalCryptoMaterialsCache, Source] => [
  new LocalCryptoMaterialsCache({ capacity }),
  new Source(),
]

describe('the capacity', () => {
  test.each([-1, 0.5, NaN, Infinity, 2 ** 20 + 1, '10', undefined])('cannot be %s', (capacity) => {
    expect(() => new LocalCryptoMaterialsCache({ capacity: capacity as number })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', field: 'capacity' }) as Error,
    )
  })

  test('cannot be misspelt', () => {
    const options = { capacity: 1, maxSize: 1 }
    expect(() => new LocalCryptoMaterialsCache(options)).toThrow('maxSize')
  })

  test('makes the least recently used entry leave', async () => {
    const [cache, source] = newCache(2)
    for (const id of ['a', 'b', 'a', 'c']) await cache.get(source.request(id))
    expect(source.zeroed).toEqual(['b#2'])
    expect(await name(cache, source.request('a'))).toBe('a#1')
    expect(await name(cache, source.request('b'))).toBe('b#4')
  })

  test('of 0 keeps nothing, and fetches once for all that ask at the same time', async () => {
    const [cache, source] = newCache(0)
    const all = await Promise.all([1, 2, 3].map(() => name(cache, source.request('a'))))
    expect(all).toEqual(['a#1', 'a#1', 'a#1'])
    expect(source.zeroed).toEqual(['a#1'])
    expect(cache.stats()).toMatchObject({ entries: 0, misses: 1, waits: 2, evictions: 0 })
    expect(await name(cache, source.request('a'))).toBe('a#2')
  })
})

describe('age', () => {
  test('serves up to the maximum, exclusively', async () => {
    const [cache, source] = newCache()
    await cache.get(source.request('a'))
    vi.advanceTimersByTime(999)
    expect(await name(cache, source.request('a'))).toBe('a#1')
    vi.advanceTimersByTime(1)
    expect(await name(cache, source.request('a'))).toBe('a#2')
  })

  test('counts from when the materials came', async () => {
    const [cache, source] = newCache()
    source.latencyMs = 5000
    const first = cache.get(source.request('a'))
    await vi.advanceTimersByTimeAsync(5000)
    await first
    vi.advanceTimersByTime(999)
    expect(await name(cache, source.request('a'))).toBe('a#1')
  })

  test('counts the sleep of a frozen machine, which only the wall clock sees', async () => {
    const [cache, source] = newCache()
    await cache.get(source.request('a'))
    moveWallClock(1000)
    expect(await name(cache, source.request('a'))).toBe('a#2')
  })

  test('counts the sleep of a machine that was frozen while the answer was under way', async () => {
    const [cache, source] = newCache()
    source.latencyMs = 50
    const first = watch(name(cache, source.request('a')))
    moveWallClock(700)
    await vi.advanceTimersByTimeAsync(50)
    expect(first.now).toBe('a#1')
    await vi.advanceTimersByTimeAsync(299)
    expect(await name(cache, source.request('a'))).toBe('a#1')
    await vi.advanceTimersByTimeAsync(1)
    const next = watch(name(cache, source.request('a')))
    await vi.advanceTimersByTimeAsync(50)
    expect(next.now).toBe('a#2')
  })

  test('of an answer may be too much when it comes: then another is asked for', async () => {
    const [cache, source] = newCache()
    source.latencyMs = 50
    const first = watch(name(cache, source.request('a')))
    moveWallClock(1000)
    await vi.advanceTimersByTimeAsync(50)
    expect([first.now, ...source.zeroed]).toEqual(['waits', 'a#1'])
    await vi.advanceTimersByTimeAsync(50)
    expect(first.now).toBe('a#2')
  })

  test('counts on when the wall clock is set back', async () => {
    const [cache, source] = newCache()
    await cache.get(source.request('a'))
    vi.advanceTimersByTime(500)
    moveWallClock(-3_600_000)
    passBlocked(500)
    expect(await name(cache, source.request('a'))).toBe('a#2')
  })

  test('is that of the request: what is young enough for one is too old for another', async () => {
    const [cache, source] = newCache()
    await cache.get(source.request('a', { maxAgeMs: 10_000 }))
    vi.advanceTimersByTime(500)
    expect(await name(cache, source.request('a', { maxAgeMs: 500 }))).toBe('a#2')
    expect(source.zeroed).toEqual(['a#1'])
  })

  test('is never more than of any request that the entry has served', async () => {
    const [cache, source] = newCache()
    await cache.get(source.request('a', { maxAgeMs: 10_000 }))
    await cache.get(source.request('a', { maxAgeMs: 500 }))
    vi.advanceTimersByTime(500)
    expect(await name(cache, source.request('a', { maxAgeMs: 10_000 }))).toBe('a#2')
  })

  test('is never more than of the request that fetched it ("Time-to-live")', async () => {
    const [cache, source] = newCache()
    await cache.get(source.request('a', { maxAgeMs: 500 }))
    passBlocked(500)
    expect(await name(cache, source.request('a', { maxAgeMs: 10_000 }))).toBe('a#2')
  })
})

describe('pruning', () => {
  test('overwrites what is too old though nobody asks', async () => {
    const [cache, source] = newCache()
    for (const id of ['a', 'b']) await cache.get(source.request(id))
    await cache.get(source.request('c', { maxAgeMs: 5000 }))
    vi.advanceTimersByTime(2000)
    expect(source.zeroed).toEqual(['a#1', 'b#2'])
    vi.advanceTimersByTime(3000)
    expect(source.zeroed).toEqual(['a#1', 'b#2', 'c#3'])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('comes sooner when an entry is shared with someone who allows it less time', async () => {
    const [cache, source] = newCache()
    await cache.get(source.request('a', { maxAgeMs: 60_000 }))
    await cache.get(source.request('a', { maxAgeMs: 100 }))
    vi.advanceTimersByTime(100)
    expect(source.zeroed).toEqual(['a#1'])
  })

  test('sees within a minute that the wall clock is ahead', async () => {
    const [cache, source] = newCache()
    await cache.get(source.request('a', { maxAgeMs: 86_400_000 }))
    moveWallClock(86_400_000)
    vi.advanceTimersByTime(60_000)
    expect(source.zeroed).toEqual(['a#1'])
  })

  test('is done by a request where no timer gets a turn ("Get Cache Entry")', async () => {
    const [cache, source] = newCache()
    for (const id of ['a', 'b']) await cache.get(source.request(id))
    passBlocked(1000)
    await cache.get(source.request('c'))
    expect(source.zeroed).toEqual(['a#1', 'b#2'])
    expect(cache.stats()).toMatchObject({ entries: 1, evictions: 2 })
  })

  test('looks at the least recently used entries even if it has just looked at all', async () => {
    const [cache, source] = newCache()
    await cache.get(source.request('a', { maxAgeMs: 100 }))
    await cache.get(source.request('b', { maxAgeMs: 200 }))
    passBlocked(100)
    await cache.get(source.request('c'))
    expect(source.zeroed).toEqual(['a#1'])
    passBlocked(100)
    await cache.get(source.request('c'))
    expect(source.zeroed).toEqual(['a#1', 'b#2'])
  })

  test('finds what is asked for and too old, wherever it is', async () => {
    const [cache, source] = newCache()
    await cache.get(source.request('a', { maxAgeMs: 100 }))
    for (const id of ['b', 'c', 'd']) await cache.get(source.request(id))
    await cache.get(source.request('e', { maxAgeMs: 200 }))
    passBlocked(100)
    await cache.get(source.request('b'))
    expect(source.zeroed).toEqual(['a#1'])
    passBlocked(100)
    source.failure = new Error('KMS is down')
    await expect(cache.get(source.request('e'))).rejects.toThrow('KMS is down')
    expect(source.zeroed).toEqual(['a#1', 'e#5'])
  })

  test('keeps no timer for an empty cache', async () => {
    const [cache, source] = newCache()
    await cache.get(source.request('a', { maxAgeMs: 60_000 }))
    cache.clear()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('limits', () => {
  const charge = { bytes: 10, maxMessages: 2, maxBytes: 1000 }

  test('end an entry with the last message, at once', async () => {
    const [cache, source] = newCache()
    const request = source.request('a', { charge })
    expect(await name(cache, request)).toBe('a#1')
    expect(await name(cache, request)).toBe('a#1')
    expect(source.zeroed).toEqual(['a#1'])
    expect(await name(cache, request)).toBe('a#2')
  })

  test('end an entry with the last byte', async () => {
    const [cache, source] = newCache()
    const request = source.request('a', { charge: { ...charge, maxMessages: 9, maxBytes: 20 } })
    expect([await name(cache, request), await name(cache, request)]).toEqual(['a#1', 'a#1'])
    expect(source.zeroed).toEqual(['a#1'])
  })

  test('let shorter messages have what a longer one could not', async () => {
    const [cache, source] = newCache()
    const of = (bytes: number) =>
      source.request('a', { charge: { bytes, maxMessages: 100, maxBytes: 100 } })
    await cache.get(of(90))
    source.failure = new Error('KMS is down')
    await expect(cache.get(of(11))).rejects.toThrow('KMS is down')
    expect(await name(cache, of(9))).toBe('a#1')
    source.failure = undefined
    expect(await name(cache, of(11))).toBe('a#3')
    expect(source.zeroed).toEqual(['a#1'])
  })

  test('of one user hold for a key that others use too', async () => {
    const [cache, source] = newCache()
    const strict = source.request('a', { charge })
    const lax = source.request('a', { charge: { ...charge, maxMessages: 100 } })
    expect(await name(cache, lax)).toBe('a#1')
    expect(await name(cache, strict)).toBe('a#1')
    expect(await name(cache, lax)).toBe('a#2')
  })

  test('hold up to the highest that there are', async () => {
    const [cache, source] = newCache()
    const of = (bytes: number) =>
      source.request('a', {
        charge: { bytes, maxMessages: 100, maxBytes: Number.MAX_SAFE_INTEGER },
      })
    await cache.get(of(Number.MAX_SAFE_INTEGER - 1))
    expect(await name(cache, of(2))).toBe('a#2')
  })

  test('are charged before the key is handed out, and not given back', async () => {
    const [cache, source] = newCache()
    const broken = source.request('a', {
      charge,
      takes: () => {
        throw new Error('no memory')
      },
    })
    await expect(cache.get(broken)).rejects.toThrow('no memory')
    const request = source.request('a', { charge })
    expect(await name(cache, request)).toBe('a#1')
    expect(await name(cache, request)).toBe('a#2')
  })

  test.each([
    { maxAgeMs: 0 },
    { maxAgeMs: NaN },
    { charge: { ...charge, bytes: -1 } },
    { charge: { ...charge, bytes: NaN } },
    { charge: { ...charge, bytes: 1001 } },
    { charge: { ...charge, maxMessages: 0 } },
  ])('that no key could keep are refused before one is fetched: %j', async (user) => {
    const [cache, source] = newCache()
    await expect(cache.get(source.request('a', user))).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    })
    expect(source.calls).toBe(0)
    await cache.get(source.request('a', { charge }))
    await expect(cache.get(source.request('a', user))).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    })
  })
})

describe('what an entry was fetched for', () => {
  test('is replaced by what another can use', async () => {
    const [cache, source] = newCache()
    await cache.get(source.request('a'))
    const picky = source.request('a', {
      fits: ({ name: found }) => (found === 'a#1' ? 'replace' : 'serves'),
    })
    expect(await name(cache, picky)).toBe('a#2')
    expect(source.zeroed).toEqual(['a#1'])
    expect(await name(cache, source.request('a'))).toBe('a#2')
  })

  test('is not fetched again and again for someone who can use none', async () => {
    const [cache, source] = newCache()
    const request = source.request('a', { fits: () => 'replace' })
    await expect(cache.get(request)).rejects.toMatchObject({ code: 'ERR_NO_DATA_KEY' })
    expect(source.calls).toBe(1)
  })
})

describe('materials that are not for a request', () => {
  const charge = { bytes: 1, maxMessages: 2, maxBytes: 2 }

  test('are left as they are: not charged, not renewed, not counted as a hit', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1)
    const [cache, source] = newCache()
    const limits = { charge, refreshAheadMs: 500 }
    const other = source.request('a', { ...limits, maxAgeMs: 900, fits: () => 'not-for-this' })
    await cache.get(source.request('a', limits))
    vi.advanceTimersByTime(899)
    for (let i = 0; i < 3; i++) expect(await name(cache, other)).toBe('not for this')
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 1, evictions: 0 })
    expect(source.calls).toBe(1)
    expect(await name(cache, source.request('a', limits))).toBe('a#1')
  })

  test('are kept for others by who has fetched them', async () => {
    const [cache, source] = newCache()
    const other = source.request('a', { charge, fits: () => 'not-for-this' })
    const both = await Promise.all([name(cache, other), name(cache, other)])
    expect(both).toEqual(['not for this', 'not for this'])
    expect(await name(cache, source.request('a', { charge }))).toBe('a#1')
    expect(await name(cache, source.request('a', { charge }))).toBe('a#1')
    expect(source.calls).toBe(1)
  })
})

describe('a call that never ends', () => {
  test('holds up no request that comes ten seconds later, nor those who wait', async () => {
    const [cache, source] = newCache()
    source.hangs = [1]
    const first = watch(name(cache, source.request('a')))
    await vi.advanceTimersByTimeAsync(9999)
    const second = watch(name(cache, source.request('a')))
    await vi.advanceTimersByTimeAsync(1)
    expect([source.calls, first.now, second.now]).toEqual([1, 'waits', 'waits'])
    const third = watch(name(cache, source.request('a')))
    await vi.advanceTimersByTimeAsync(0)
    expect([first.now, second.now, third.now]).toEqual(['a#2', 'a#2', 'a#2'])
    expect(source.calls).toBe(2)
  })

  test('may end after all: what comes late is overwritten', async () => {
    const [cache, source] = newCache()
    source.latencyMs = 11_000
    const first = watch(name(cache, source.request('a', { maxAgeMs: 60_000 })))
    await vi.advanceTimersByTimeAsync(10_000)
    watch(name(cache, source.request('a', { maxAgeMs: 60_000 })))
    await vi.advanceTimersByTimeAsync(1000)
    expect([source.calls, first.now]).toEqual([2, 'a#1'])
    await vi.advanceTimersByTimeAsync(10_000)
    expect(source.zeroed).toEqual(['a#2'])
    expect(await name(cache, source.request('a', { maxAgeMs: 60_000 }))).toBe('a#1')
  })
})

describe('clear', () => {
  test('overwrites all keys', async () => {
    const [cache, source] = newCache()
    for (const id of ['a', 'b']) await cache.get(source.request(id))
    cache.clear()
    expect(source.zeroed).toEqual(['a#1', 'b#2'])
    expect(cache.stats()).toMatchObject({ entries: 0, evictions: 2 })
  })

  test('lets what is under way serve those who wait for it, and nobody else', async () => {
    const [cache, source] = newCache()
    source.latencyMs = 10
    const before = [name(cache, source.request('a')), name(cache, source.request('a'))]
    cache.clear()
    const after = name(cache, source.request('a'))
    await vi.advanceTimersByTimeAsync(10)
    expect(await Promise.all(before)).toEqual(['a#1', 'a#1'])
    expect(await after).toBe('a#2')
    expect(source.zeroed).toEqual(['a#1'])
    expect(await name(cache, source.request('a'))).toBe('a#2')
  })
})
