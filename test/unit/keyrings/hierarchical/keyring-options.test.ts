import { describe, expect, it } from 'vitest'
import { StormTrackingCache } from '../../../../src/cache/storm-tracking.ts'
import {
  HierarchicalKeyring,
  type HierarchicalKeyringOptions,
} from '../../../../src/hierarchical.ts'
import { FakeBranchKeys, branchKeyId, keyringOn, ttlMs } from '../../../support/hierarchical.ts'
import { failure } from '../../../support/materials.ts'

describe('the options of the hierarchical keyring', () => {
  const keyStore = new FakeBranchKeys()
  it.each<[string, object, string]>([
    ['no key store', { keyStore: undefined }, 'keyStore'],
    ['a key store without methods', { keyStore: { logicalKeyStoreName: 'x' } }, 'keyStore'],
    ['neither id nor supplier', { branchKeyId: undefined }, 'branchKeyId'],
    ['both', { branchKeyIdSupplier: () => 'x' }, 'branchKeyId'],
    ['an empty id', { branchKeyId: '' }, 'branchKeyId'],
    ['an id with a lone surrogate', { branchKeyId: '\ud800' }, 'branchKeyId'],
    ['an id that is too long', { branchKeyId: 'x'.repeat(0x10000) }, 'branchKeyId'],
    ['an id that is no text', { branchKeyId: 1 }, 'branchKeyId'],
    [
      'a supplier that is no function',
      { branchKeyId: undefined, branchKeyIdSupplier: { getBranchKeyId: () => 'x' } },
      'branchKeyIdSupplier',
    ],
    ['no ttlMs', { ttlMs: undefined }, 'ttlMs'],
    ['a ttlMs of 0', { ttlMs: 0 }, 'ttlMs'],
    ['a negative ttlMs', { ttlMs: -1 }, 'ttlMs'],
    ['a ttlMs that is not whole', { ttlMs: 0.5 }, 'ttlMs'],
    ['an endless ttlMs', { ttlMs: Infinity }, 'ttlMs'],
    ['refreshAheadMs above ttlMs', { refreshAheadMs: ttlMs + 1 }, 'refreshAheadMs'],
    ['a negative refreshAheadMs', { refreshAheadMs: -1 }, 'refreshAheadMs'],
    ['no cache', { cache: new Map() }, 'cache'],
    ['an empty partition id', { partitionId: '' }, 'partitionId'],
    ['a backend that is none', { backend: {} }, 'backend'],
    ['a misspelt name', { ttlms: 1 }, 'ttlms'],
  ])('refuse %s', async (_, wrong, field) => {
    const options = { keyStore, branchKeyId, ttlMs, ...wrong } as HierarchicalKeyringOptions
    const error = await failure(() => new HierarchicalKeyring(options))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field })
  })

  it("refuse a ttlMs that is not above the cache's grace period", async () => {
    const cache = new StormTrackingCache({ capacity: 10, gracePeriodMs: 10_000 })
    const error = await failure(() => keyringOn(keyStore, { cache, ttlMs: 10_000 }))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field: 'ttlMs' })
    keyringOn(keyStore, { cache, ttlMs: 10_001 })
  })
})
