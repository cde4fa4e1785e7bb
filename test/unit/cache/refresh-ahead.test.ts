import { describe, expect, test, vi } from 'vitest'
import { LocalCryptoMaterialsCache } from '../../../src/cache/local.ts'
import { Source, name, useManualTime } from './harness.ts'

useManualTime()

/** An entry that ends after 100 s and is renewed from 80 s on: as early as 20 s ahead can be, by `random`. */
async function withEntry(random = 1) {
  vi.spyOn(Math, 'random').mockReturnValue(random)
  const cache = new LocalCryptoMaterialsCache({ capacity: 10 })
  const source = new Source()
  const request = source.request('a', { maxAgeMs: 100_000, refreshAheadMs: 20_000 })
  await cache.get(request)
  return { cache, source, request }
}

test('a request close to the end is served by the old entry, and the next by the new one', async () => {
  const { cache, source, request } = await withEntry()
  vi.advanceTimersByTime(80_000)
  source.latencyMs = 50
  expect(await name(cache, request)).toBe('a#1')
  expect(await name(cache, request)).toBe('a#1')
  expect(source.calls).toBe(2)
  await vi.advanceTimersByTimeAsync(50)
  expect(source.zeroed).toEqual(['a#1'])
  expect(await name(cache, request)).toBe('a#2')
  expect(cache.stats()).toMatchObject({ hits: 3, misses: 1, refreshes: 1, waits: 0, entries: 1 })
})

test.each([
  { random: 1, atMs: 80_000 },
  { random: 0.5, atMs: 85_000 },
  { random: 0, atMs: 90_000 },
])('the moment is random: $random makes it $atMs', async ({ random, atMs }) => {
  const { cache, source, request } = await withEntry(random)
  vi.advanceTimersByTime(atMs - 1)
  await cache.get(request)
  expect(source.calls).toBe(1)
  vi.advanceTimersByTime(1)
  await cache.get(request)
  expect(source.calls).toBe(2)
})

test('without a request nothing is renewed', async () => {
  const { source } = await withEntry()
  await vi.advanceTimersByTimeAsync(99_999)
  expect(source.calls).toBe(1)
  expect(source.zeroed).toEqual([])
})

test('without refreshAheadMs nothing is renewed', async () => {
  const cache = new LocalCryptoMaterialsCache({ capacity: 10 })
  const source = new Source()
  await cache.get(source.request('a'))
  vi.advanceTimersByTime(999)
  await cache.get(source.request('a'))
  expect(source.calls).toBe(1)
})

test('while nobody answers, the entry serves until its end and not beyond', async () => {
  const { cache, source, request } = await withEntry()
  source.failure = new Error('KMS is down')
  for (let ageMs = 80_000; ageMs < 100_000; ageMs += 100) {
    vi.setSystemTime(1_700_000_000_000 + ageMs)
    expect(await name(cache, request)).toBe('a#1')
  }
  // 200 requests; a try every 2 s from 80 s on.
  expect(source.calls).toBe(1 + 10)
  expect(cache.stats()).toMatchObject({ hits: 200, failures: 10, refreshes: 0, evictions: 0 })
  vi.setSystemTime(1_700_000_000_000 + 100_000)
  await expect(cache.get(request)).rejects.toThrow('KMS is down')
  expect(source.zeroed).toEqual(['a#1'])
})

test('one renewal is under way at a time, and a request that needs it waits for it', async () => {
  const { cache, source, request } = await withEntry()
  source.latencyMs = 9000
  vi.advanceTimersByTime(93_000)
  for (let i = 0; i < 3; i++) {
    await cache.get(request)
    vi.advanceTimersByTime(2000)
  }
  vi.advanceTimersByTime(1000)
  const late = name(cache, request)
  await vi.advanceTimersByTimeAsync(2000)
  expect(await late).toBe('a#2')
  expect(source.calls).toBe(2)
  expect(cache.stats()).toMatchObject({ misses: 1, waits: 1 })
})

test('a renewal that never ends is begun again after ten seconds', async () => {
  const { cache, source, request } = await withEntry()
  source.hangs = [2]
  vi.advanceTimersByTime(80_000)
  await cache.get(request)
  vi.advanceTimersByTime(9999)
  await cache.get(request)
  expect(source.calls).toBe(2)
  vi.advanceTimersByTime(1)
  await cache.get(request)
  await vi.advanceTimersByTimeAsync(0)
  expect(await name(cache, request)).toBe('a#3')
})

describe('of an entry that is shared', () => {
  const withoutIt = (source: Source, maxAgeMs = 100_000) => source.request('a', { maxAgeMs })

  test('a request without refreshAheadMs begins no renewal', async () => {
    const { cache, source } = await withEntry()
    vi.advanceTimersByTime(99_000)
    await cache.get(withoutIt(source))
    expect(source.calls).toBe(1)
  })

  test('the interval of tries is that of the entry, whoever is served between them', async () => {
    const { cache, source, request } = await withEntry()
    const hasty = source.request('a', { maxAgeMs: 100_000, refreshAheadMs: 20 })
    source.failure = new Error('KMS is down')
    for (let ageMs = 80_000; ageMs < 90_000; ageMs += 100) {
      vi.setSystemTime(1_700_000_000_000 + ageMs)
      for (const one of [hasty, withoutIt(source), request]) await cache.get(one)
    }
    expect(source.calls).toBe(1 + 5)
  })

  test.each([
    { what: 'who wants none', refreshAheadMs: 0, atMs: 30_000 },
    { what: 'who wants less', refreshAheadMs: 5000, atMs: 45_000 },
    { what: 'who wants more', refreshAheadMs: 40_000, atMs: 30_000 },
  ])('a shorter life of $what leaves it', async ({ refreshAheadMs, atMs }) => {
    const { cache, source, request } = await withEntry()
    await cache.get(source.request('a', { maxAgeMs: 50_000, refreshAheadMs }))
    vi.advanceTimersByTime(atMs - 1)
    await cache.get(request)
    expect(source.calls).toBe(1)
    vi.advanceTimersByTime(1)
    await cache.get(request)
    expect(source.calls).toBe(2)
  })
})

test('a renewal that comes after clear is not kept', async () => {
  const { cache, source, request } = await withEntry()
  source.latencyMs = 50
  vi.advanceTimersByTime(80_000)
  await cache.get(request)
  cache.clear()
  await vi.advanceTimersByTimeAsync(50)
  expect(source.zeroed).toEqual(['a#1', 'a#2'])
  expect(cache.stats()).toMatchObject({ entries: 0, refreshes: 0 })
})
