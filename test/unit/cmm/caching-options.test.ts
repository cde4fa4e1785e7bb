import { describe, expect, it } from 'vitest'
import {
  CachingCmm,
  DefaultCmm,
  LocalCryptoMaterialsCache,
  StormTrackingCache,
} from '../../../src/index.ts'
import { errorOf, keyring, untyped } from '../client/harness.ts'

const cache = new LocalCryptoMaterialsCache({ capacity: 1 })
const cmm = new DefaultCmm({ keyring })
const right = { cache, keyring, maxAgeMs: 1000 }
const make = (change: object) => () => new CachingCmm(untyped({ ...right, ...change }))

/** What is no limit, whichever it is. */
const noLimit = [0, -1, 1.5, NaN, Infinity, '1000', 10n, null, 2 ** 53]
const badLimits = [
  ...['maxAgeMs', 'maxBytes', 'maxMessages'].flatMap((field) =>
    noLimit.map((value) => [field, value] as const),
  ),
  ['maxAgeMs', undefined],
  ['maxMessages', 2 ** 32 + 1],
  ...[-1, 0.5, NaN, '1', 1001].map((value) => ['refreshAheadMs', value] as const),
] as const

describe('a caching CMM refuses', () => {
  it.each(badLimits)('%s of %s', async (field, value) => {
    expect(await errorOf(make({ [field]: value }))).toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      field,
      message: expect.stringContaining(field),
    })
  })

  it.each([
    ['no options', 'options', () => new CachingCmm(untyped(undefined))],
    ['no cache', 'cache', make({ cache: undefined })],
    ['a cache that is none', 'cache', make({ cache: new Map() })],
    ['neither keyring nor cmm', 'keyring', make({ keyring: undefined })],
    ['both', 'keyring', make({ cmm })],
    ['a caching CMM', 'cmm', make({ keyring: undefined, cmm: new CachingCmm(right) })],
    ['a keyring that is none', 'keyring', make({ keyring: {} })],
    ['a cmm that is none', 'cmm', make({ keyring: undefined, cmm: keyring })],
    ['a backend that is none', 'backend', make({ backend: {} })],
    [
      'an age within the grace period of the cache',
      'maxAgeMs',
      make({ cache: new StormTrackingCache({ capacity: 1 }), maxAgeMs: 10_000 }),
    ],
    ['an empty partition id', 'partitionId', make({ partitionId: '' })],
    ['a partition id that is no text', 'partitionId', make({ partitionId: 7 })],
    ['a partition id with a null character', 'partitionId', make({ partitionId: 'a\0' })],
    ['a partition id with a lone surrogate', 'partitionId', make({ partitionId: '\ud800' })],
    ['the name that AWS uses for maxAgeMs', 'maxAge', make({ maxAge: 1000 })],
  ])('%s', async (_, field, work) => {
    expect(await errorOf(work)).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field })
  })
})

it.each([
  { maxBytes: 1, maxMessages: 1, maxAgeMs: 1 },
  { maxBytes: 2 ** 53 - 1, maxMessages: 2 ** 32, maxAgeMs: 2 ** 53 - 1 },
  { refreshAheadMs: 0 },
  { cache: new StormTrackingCache({ capacity: 1 }), maxAgeMs: 10_001 },
  { refreshAheadMs: 1000 },
  { keyring: undefined, cmm, partitionId: 'p' },
])('a caching CMM takes %o', (change) => {
  expect(make(change)()).toBeInstanceOf(CachingCmm)
})
