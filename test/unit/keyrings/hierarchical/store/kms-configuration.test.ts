import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type BranchKeyStore,
  InMemoryKeyStorage,
  type KmsConfiguration,
} from '../../../../../src/hierarchical.ts'
import {
  BranchKeyStores,
  away,
  hierarchyVersions,
  home,
  recordIn,
} from '../../../../support/branch-key-stores.ts'
import { failure } from '../../../../support/materials.ts'

const branchKeyId = 'tenant-acme'
const encryptionContext = { tenant: 'acme' }
const third = 'ap-south-1'

let stores: BranchKeyStores
beforeAll(async () => {
  stores = await BranchKeyStores.start()
})
beforeEach(() => {
  stores.regions.kms.resetCalls()
})
afterAll(() => stores.close())

type Made = 'single' | 'replica'
const arnOf = (made: Made) => (made === 'single' ? stores.keyArn : stores.replicas[home])

/**
 * Which record is read, by which configuration, with the client of which region; and what comes of
 * it.
 */
const table: [Made, string, () => KmsConfiguration, string, 'opens' | 'refused' | 'KMS refuses'][] =
  [
    ['single', 'its key', () => key(stores.keyArn), home, 'opens'],
    ['single', 'another key', () => key(stores.otherKeyArn), home, 'refused'],
    ['single', 'its key, of the other kind', () => multi(stores.keyArn), home, 'opens'],
    ['single', 'another, of the other kind', () => multi(stores.otherKeyArn), home, 'refused'],
    ['single', 'a multi-Region key', () => multi(stores.replicas[home]), home, 'refused'],
    ['single', 'discovery', () => ({ type: 'discovery' }), home, 'opens'],
    ['single', 'discovery elsewhere', () => ({ type: 'discovery' }), away, 'KMS refuses'],
    ['single', 'multi-Region discovery', () => discovery(away), home, 'opens'],
    ['single', 'multi-Region discovery elsewhere', () => discovery(away), away, 'KMS refuses'],
    ['replica', 'its key', () => key(stores.replicas[home]), home, 'opens'],
    ['replica', 'the other replica', () => key(stores.replicas[away]), away, 'refused'],
    ['replica', 'its key as multi-Region', () => multi(stores.replicas[home]), home, 'opens'],
    ['replica', 'the other as multi-Region', () => multi(stores.replicas[away]), away, 'opens'],
    ['replica', 'another key', () => multi(stores.keyArn), home, 'refused'],
    ['replica', 'discovery', () => ({ type: 'discovery' }), home, 'opens'],
    ['replica', 'discovery elsewhere', () => ({ type: 'discovery' }), away, 'KMS refuses'],
    ['replica', 'multi-Region discovery', () => discovery(home), home, 'opens'],
    ['replica', 'multi-Region discovery elsewhere', () => discovery(away), away, 'opens'],
    ['replica', 'multi-Region discovery of none', () => discovery(third), third, 'KMS refuses'],
  ]

describe.each(hierarchyVersions)('records of hierarchy version %i', (hierarchyVersion) => {
  const storages = { single: new InMemoryKeyStorage(), replica: new InMemoryKeyStorage() }
  const branchKeyVersions = { single: '', replica: '' }
  beforeAll(async () => {
    for (const made of ['single', 'replica'] as const) {
      const kmsConfiguration = { type: 'key', keyArn: arnOf(made) } as const
      const store = stores.store({ storage: storages[made], kmsConfiguration })
      const options = { branchKeyId, encryptionContext, hierarchyVersion }
      branchKeyVersions[made] = (await store.createKey(options)).branchKeyVersion
    }
  })

  it.each(table)('under a %s key, with %s', async (made, _, configurationOf, region, expected) => {
    const store = stores.store({
      storage: storages[made],
      kmsConfiguration: configurationOf(),
      client: stores.regions.clientOf(region),
    })
    const branchKeyVersion = branchKeyVersions[made]
    const reads = [
      () => store.getActiveBranchKey({ branchKeyId }),
      () => store.getBranchKeyVersion({ branchKeyId, branchKeyVersion }),
      () => store.getBeaconKey({ branchKeyId }),
    ]
    for (const read of reads) {
      stores.regions.kms.resetCalls()
      if (expected === 'opens') {
        expect(await read()).toMatchObject({ branchKeyId, encryptionContext })
      } else {
        const { code, message } = await failure(read)
        expect(code).toBe('ERR_BRANCH_KEY_KMS')
        expect(message).toContain(expected === 'refused' ? arnOf(made) : 'NotFoundException')
      }
      expect(stores.calls()).toEqual(expected === 'refused' ? {} : { Decrypt: 1 })
      expect(stores.calls(region)).toEqual(stores.calls())
    }
  })
})

describe('a store that discovers its KMS keys', () => {
  const work: [string, (store: BranchKeyStore) => Promise<unknown>][] = [
    ['create', (store) => store.createKey()],
    ['rotate', (store) => store.versionKey({ branchKeyId })],
  ]
  it.each(work)('can not %s', async (_, make) => {
    const storage = new InMemoryKeyStorage()
    await stores.store({ storage }).createKey({ branchKeyId, encryptionContext })
    const before = await recordIn(storage, branchKeyId, 'branch:ACTIVE')
    stores.regions.kms.resetCalls()
    for (const kmsConfiguration of [{ type: 'discovery' }, discovery(home)] as const) {
      const store = stores.store({ storage, kmsConfiguration })
      const { code, message } = await failure(() => make(store))
      expect(code).toBe('ERR_BRANCH_KEY_KMS')
      expect(message).toContain(kmsConfiguration.type)
    }
    expect(await recordIn(storage, branchKeyId, 'branch:ACTIVE')).toEqual(before)
    expect(stores.calls()).toEqual({})
  })
})

function key(keyArn: string): KmsConfiguration {
  return { type: 'key', keyArn }
}

function multi(keyArn: string): KmsConfiguration {
  return { type: 'multi-region-key', keyArn }
}

function discovery(region: string) {
  return { type: 'multi-region-discovery', region } as const
}
