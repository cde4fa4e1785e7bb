import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Fleet, designs, hostsWithin, loadOf } from '../../../bench/fleet/model.ts'
import { meanOverPoisson } from '../../../bench/fleet/poisson.ts'
import { type Comparison, compareAll, scaleDocument } from '../../../bench/fleet/report.ts'
import { experiments, tolerance } from '../../../bench/fleet/scenarios.ts'

const fleets = fc.record({
  hosts: fc.integer({ min: 1, max: 10_000 }),
  tenants: fc.integer({ min: 1, max: 2_000 }),
  encryptsPerSecondPerHost: fc.integer({ min: 1, max: 1_000 }),
  reading: fc.oneof(
    fc.record({ kind: fc.constant('fresh' as const), times: fc.integer({ min: 1, max: 5 }) }),
    fc.record({
      kind: fc.constant('stored' as const),
      decryptsPerSecondPerHost: fc.integer({ min: 1, max: 1_000 }),
      branchKeyVersions: fc.integer({ min: 1, max: 20 }),
    }),
  ),
})
const ages = fc.integer({ min: 1, max: 3_600_000 })

describe('the model of a fleet', () => {
  test('a cache never costs calls', () => {
    fc.assert(
      fc.property(fleets, ages, fc.constantFrom(...designs), (fleet, maxAgeMs, design) => {
        const without = loadOf('no cache', fleet, { maxAgeMs })
        const load = loadOf(design, fleet, { maxAgeMs })
        const most = without.callsPerSecond * (1 + 1e-9) // what rounding adds
        expect(load.callsPerSecond).toBeLessThanOrEqual(most)
        expect(load.callsInFirstSecond).toBeLessThanOrEqual(most)
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  test('a longer age never costs calls', () => {
    fc.assert(
      fc.property(fleets, ages, ages, fc.constantFrom(...designs), (fleet, a, b, design) => {
        const [shorter, longer] = [Math.min(a, b), Math.max(a, b)].map(
          (maxAgeMs) => loadOf(design, fleet, { maxAgeMs }).callsPerSecond,
        )
        expect(longer).toBeLessThanOrEqual((shorter ?? Number.NaN) * (1 + 1e-9))
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  test.each<[string, Partial<Fleet>, { maxAgeMs: number; maxMessages?: number }, number]>([
    // 10 messages a second, each its own data key, and each of those read once.
    ['one message for a data key', {}, { maxAgeMs: 60_000, maxMessages: 1 }, 20],
    // 1 + 60 s × 10/s = 601 messages for two calls.
    ['one host', {}, { maxAgeMs: 60_000 }, (2 * 10) / 601],
    // Of 5 messages for a data key, two hosts both get some but for 2 × (1/2)^5: 1.9375 readers.
    ['two hosts', { hosts: 2 }, { maxAgeMs: 3_600_000, maxMessages: 5 }, 4 * (1 + 1.9375)],
  ])('a caching CMM worked out by hand: %s', (_name, change, limits, calls) => {
    const fleet: Fleet = {
      hosts: 1,
      tenants: 1,
      encryptsPerSecondPerHost: 10,
      reading: { kind: 'fresh', times: 1 },
      ...change,
    }
    expect(loadOf('caching CMM', fleet, limits).callsPerSecond).toBeCloseTo(calls, 9)
  })

  test.each([0.01, 1, 37.5, 1_000, 250_000])('the mean and variance of Poisson(%d)', (mean) => {
    expect(meanOverPoisson(mean, (count) => count) / mean).toBeCloseTo(1, 9)
    expect(meanOverPoisson(mean, (count) => (count - mean) ** 2) / mean).toBeCloseTo(1, 6)
  })

  test('the largest fleet within a quota, and none beyond what could ever be', () => {
    expect(hostsWithin(1000, (hosts) => hosts * 7)).toBe(142)
    expect(hostsWithin(5, (hosts) => hosts * 7)).toBe(0)
    expect(hostsWithin(1000, () => 1)).toBeUndefined()
  })
})

describe('the library in small fleets', () => {
  let comparisons: Comparison[]

  beforeAll(async () => {
    comparisons = await compareAll()
  }, 120_000) // some seconds, but the machine may be busy

  test.each(experiments.map(({ design }, index) => ({ design, number: index + 1 })))(
    'makes the calls that the model predicts: experiment $number, $design',
    ({ number }) => {
      const { predicted, counted } = comparisons[number - 1] ?? { predicted: 1, counted: 0 }
      expect(Math.abs(counted / predicted - 1)).toBeLessThanOrEqual(tolerance)
    },
  )

  test('docs/scale.md is what npm run bench:fleet writes', () => {
    const written = readFileSync(new URL('../../../docs/scale.md', import.meta.url), 'utf8')
    expect(scaleDocument(comparisons)).toBe(written)
  })
})
