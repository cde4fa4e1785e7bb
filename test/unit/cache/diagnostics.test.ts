import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect, test, vi } from 'vitest'
import { LocalCryptoMaterialsCache } from '../../../src/cache/local.ts'
import { Source, listen, useManualTime } from './harness.ts'

useManualTime()

const whose = { use: 'encrypt', partitionId: 'a partition' }
const charge = { bytes: 10, maxMessages: 3, maxBytes: 100 }

test('what a cache does is published, with what is left of the entry', async () => {
  const events = listen()
  const cache = new LocalCryptoMaterialsCache({ capacity: 1 })
  const source = new Source()
  const request = source.request('a', { charge })
  await Promise.all([cache.get(request), cache.get(request)])
  vi.advanceTimersByTime(400)
  await cache.get(request)
  await cache.get(source.request('b', { maxAgeMs: 500 }))
  vi.advanceTimersByTime(500)
  cache.bypass('encrypt', 'a partition', 'unknown-length')
  expect(events).toEqual([
    { event: 'miss', ...whose },
    { event: 'wait', ...whose },
    { event: 'hit', ...whose, remainingMs: 600, remainingMessages: 0, remainingBytes: 70 },
    {
      ...{ event: 'eviction', ...whose, reason: 'limits' },
      ...{ remainingMs: 600, remainingMessages: 0, remainingBytes: 70 },
    },
    { event: 'miss', ...whose },
    { event: 'eviction', ...whose, reason: 'age', remainingMs: 0 },
    { event: 'bypass', ...whose, reason: 'unknown-length' },
  ])
  expect(cache.stats()).toEqual({
    entries: 0,
    hits: 1,
    misses: 2,
    waits: 1,
    bypasses: 1,
    evictions: 2,
    refreshes: 0,
    failures: 0,
  })
})

test('the reasons of evictions', async () => {
  const cache = new LocalCryptoMaterialsCache({ capacity: 1 })
  const source = new Source()
  await cache.get(source.request('a'))
  const events = listen()
  const reasons = () =>
    events.splice(0).flatMap(({ event, reason }) => (event === 'eviction' ? [reason] : []))
  await cache.get(source.request('b'))
  expect(reasons()).toEqual(['capacity'])
  vi.advanceTimersByTime(500)
  await cache.get(source.request('b', { maxAgeMs: 500 }))
  expect(reasons()).toEqual(['replaced'])
  cache.clear()
  expect(reasons()).toEqual(['clear'])
})

test('a renewal and a failure', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(1)
  const events = listen()
  const cache = new LocalCryptoMaterialsCache({ capacity: 1 })
  const source = new Source()
  const request = source.request('a', { refreshAheadMs: 500 })
  await cache.get(request)
  source.failure = new Error('KMS is down')
  vi.advanceTimersByTime(500)
  await cache.get(request)
  await vi.advanceTimersByTimeAsync(50)
  source.failure = undefined
  await cache.get(request)
  await vi.advanceTimersByTimeAsync(0)
  expect(events).toEqual([
    { event: 'miss', ...whose },
    { event: 'hit', ...whose, remainingMs: 500 },
    { event: 'failure', ...whose, cause: expect.objectContaining({ message: 'KMS is down' }) },
    { event: 'hit', ...whose, remainingMs: 450 },
    { event: 'eviction', ...whose, remainingMs: 450, reason: 'replaced' },
    { event: 'refresh', ...whose, remainingMs: 1000 },
  ])
})

test('no event holds the materials or the identifier', async () => {
  const events = listen()
  const cache = new LocalCryptoMaterialsCache({ capacity: 1 })
  const source = new Source()
  for (let i = 0; i < 4; i++) await cache.get(source.request('the identifier', { charge }))
  expect(events.length).toBeGreaterThan(3)
  const known = ['event', 'use', 'partitionId', 'reason', 'cause']
  for (const [name, value] of events.flatMap((event) => Object.entries(event))) {
    if (!known.includes(name)) expect(typeof value).toBe('number')
  }
})

test('a listener may use the cache that it hears of', async () => {
  const cache = new LocalCryptoMaterialsCache({ capacity: 2 })
  const source = new Source()
  const clears = (): void => {
    cache.clear()
  }
  subscribe('waxseal:cache', clears)
  try {
    const request = source.request('a', { charge })
    const copies = await Promise.all([cache.get(request), cache.get(request)])
    expect(copies.map((copy) => copy?.isWhole)).toEqual([true, true])
  } finally {
    unsubscribe('waxseal:cache', clears)
  }
})

test('the timer of a cache keeps no process alive', async () => {
  vi.useRealTimers()
  const timers = () => process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length
  const cache = new LocalCryptoMaterialsCache({ capacity: 1 })
  const before = timers()
  const set = vi.spyOn(globalThis, 'setTimeout')
  await cache.get(new Source().request('a', { maxAgeMs: 86_400_000 }))
  expect(set).toHaveBeenCalledOnce()
  expect(timers()).toBe(before)
  cache.clear()
})
