import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { mapWithin } from '../../src/concurrency.ts'

const numbers = (length: number) => Array.from({ length }, (_, index) => index)

it('keeps the order, and as many at work as it may, whatever takes how long', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 20 }),
      async (limit, turns) => {
        let atWork = 0
        let most = 0
        const results = await mapWithin(limit, turns, undefined, async (count, index) => {
          most = Math.max(most, ++atWork)
          for (let done = 0; done < count; done++) await turn()
          atWork--
          return `${index}:${count}`
        })
        expect(results).toEqual(turns.map((count, index) => `${index}:${count}`))
        expect(most).toBe(Math.min(limit, turns.length))
      },
    ),
    { numRuns: 100 },
  )
})

it('throws the first failure, tells those at work, and begins no more', async () => {
  const begun: number[] = []
  const told: number[] = []
  const failure = new Error('the first')
  const work = mapWithin(3, numbers(10), undefined, async (value, _, signal) => {
    begun.push(value)
    signal.addEventListener('abort', () => told.push(value))
    await turn()
    if (value === 1) throw failure
    await turn()
    await turn()
    if (signal.aborted) throw new Error('a consequence')
  })
  await expect(work).rejects.toBe(failure)
  for (let turns = 0; turns < 5; turns++) await turn()
  expect(begun).toEqual([0, 1, 2])
  expect(told).toEqual([0, 1, 2])
})

it('passes the signal of the caller on', async () => {
  const given = new AbortController()
  const work = mapWithin(2, numbers(2), given.signal, async (_, index, signal) => {
    if (index === 1) given.abort('enough')
    await turn()
    return signal.reason as unknown
  })
  expect(await work).toEqual(['enough', 'enough'])
})

it('begins no more after a failure, though the others go on well', async () => {
  const begun: number[] = []
  const work = mapWithin(2, numbers(6), undefined, async (value) => {
    begun.push(value)
    if (value === 0) throw new Error('the first')
    await turn()
  })
  await expect(work).rejects.toThrow('the first')
  for (let turns = 0; turns < 5; turns++) await turn()
  expect(begun).toEqual([0, 1])
})

it.each([undefined, new AbortController().signal])(
  'does not pass for a leak, however many listen to its signal',
  async (given) => {
    const warnings: Error[] = []
    const listener = (warning: Error) => warnings.push(warning)
    process.on('warning', listener)
    try {
      await mapWithin(10, numbers(100), given, async (_, __, signal) => {
        signal.addEventListener('abort', () => undefined)
      })
      await turn()
    } finally {
      process.off('warning', listener)
    }
    expect(warnings).toEqual([])
  },
)

it('takes any signal that can be listened to, and leaves nothing on it', async () => {
  const listeners = new Set<unknown>()
  const given = {
    aborted: false,
    reason: undefined,
    addEventListener: (_: string, listener: unknown) => listeners.add(listener),
    removeEventListener: (_: string, listener: unknown) => listeners.delete(listener),
  } as unknown as AbortSignal
  await mapWithin(2, numbers(3), given, async () => {
    expect(listeners.size).toBe(1)
    await turn()
  })
  await expect(
    mapWithin(2, numbers(3), given, () => Promise.reject(new Error('x'))),
  ).rejects.toThrow('x')
  expect(listeners.size).toBe(0)
})

it('draws values as their turn comes, and fails with those that fail', async () => {
  let drawn = 0
  function* values() {
    for (;;) {
      if (drawn === 4) throw new Error('no more')
      yield drawn++
    }
  }
  const begun: number[] = []
  const work = mapWithin(2, values(), undefined, async (value) => {
    begun.push(value)
    expect(drawn).toBeLessThanOrEqual(begun.length)
    await turn()
  })
  await expect(work).rejects.toThrow('no more')
  expect(begun).toEqual([0, 1, 2, 3])
})
