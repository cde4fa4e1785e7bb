import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type BranchKeyStore, InMemoryKeyStorage } from '../../../../../src/hierarchical.ts'
import { contextOf } from '../../../../../src/keyrings/hierarchical/store/branch-key-context.ts'
import { wrapWithDigest } from '../../../../../src/keyrings/hierarchical/store/wrapping.ts'
import {
  BranchKeyStores,
  away,
  hierarchyVersions,
  home,
  recordIn,
} from '../../../../support/branch-key-stores.ts'
import { failure } from '../../../../support/materials.ts'

const uuid4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const named = { branchKeyId: 'tenant-acme', encryptionContext: { tenant: 'acme', '': 'ünï' } }
const branchKeyId = named.branchKeyId

let stores: BranchKeyStores
beforeAll(async () => {
  stores = await BranchKeyStores.start()
})
beforeEach(() => {
  stores.regions.kms.resetCalls()
})
afterAll(() => stores.close())

describe.each(hierarchyVersions)('hierarchy version %i', (hierarchyVersion) => {
  let storage: InMemoryKeyStorage
  let store: BranchKeyStore
  beforeEach(() => {
    storage = new InMemoryKeyStorage()
    store = stores.store({ storage })
  })

  it('stores three records, with the attributes of the specification', async () => {
    const { branchKeyVersion } = await store.createKey({ ...named, hierarchyVersion })
    const attributes = {
      'kms-arn': stores.keyArn,
      'create-time': expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      'hierarchy-version': String(hierarchyVersion),
      'aws-crypto-ec:tenant': 'acme',
      'aws-crypto-ec:': 'ünï',
    }
    const version = `branch:version:${branchKeyVersion}`
    const ciphertext = expect.any(Uint8Array)
    expect(await storage.list(branchKeyId)).toEqual([
      { branchKeyId, type: version, ciphertext, attributes },
      { branchKeyId, type: 'branch:ACTIVE', ciphertext, attributes: { ...attributes, version } },
      { branchKeyId, type: 'beacon:ACTIVE', ciphertext, attributes },
    ])
  })

  it('reads what it created: one key as the active one and by its version, and a beacon key', async () => {
    const { branchKeyVersion } = await store.createKey({ ...named, hierarchyVersion })
    expect(branchKeyVersion).toMatch(uuid4)
    const active = await store.getActiveBranchKey({ branchKeyId })
    const version = await store.getBranchKeyVersion({ branchKeyId, branchKeyVersion })
    const beacon = await store.getBeaconKey({ branchKeyId })
    const { encryptionContext } = named
    expect(active).toMatchObject({ branchKeyId, branchKeyVersion, encryptionContext })
    expect(version).toMatchObject({ branchKeyId, branchKeyVersion, encryptionContext })
    expect(beacon).toMatchObject({ branchKeyId, branchKeyVersion: undefined, encryptionContext })
    expect(version.key).toEqual(active.key)
    expect(beacon.key).not.toEqual(active.key)
  })

  it('keeps every version when it rotates, each with its own key, and one beacon key', async () => {
    const versions = [await store.createKey({ ...named, hierarchyVersion })]
    const keys = [(await store.getActiveBranchKey({ branchKeyId })).key]
    const beacon = await store.getBeaconKey({ branchKeyId })
    for (let i = 0; i < 3; i++) {
      versions.push(await store.versionKey({ branchKeyId }))
      const active = await store.getActiveBranchKey({ branchKeyId })
      expect(active.branchKeyVersion).toBe(versions.at(-1)?.branchKeyVersion)
      expect(active.encryptionContext).toEqual(named.encryptionContext)
      keys.push(active.key)
    }
    const again = await Promise.all(versions.map((version) => store.getBranchKeyVersion(version)))
    expect(again.map(({ key }) => key)).toEqual(keys)
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(keys.length)
    expect((await store.getBeaconKey({ branchKeyId })).key).toEqual(beacon.key)
  })

  it('makes up an id, and needs no encryption context then', async () => {
    const made = await store.createKey({ hierarchyVersion })
    expect(made.branchKeyId).toMatch(uuid4)
    const { encryptionContext } = await store.getBeaconKey({ branchKeyId: made.branchKeyId })
    expect(encryptionContext).toEqual({})
  })

  it('makes these calls of KMS, and no others', async () => {
    const version1 = { GenerateDataKeyWithoutPlaintext: 2, ReEncrypt: 1 }
    const version2 = { GenerateDataKey: 2, Encrypt: 3 }
    const rotation1 = { GenerateDataKeyWithoutPlaintext: 1, ReEncrypt: 2 }
    const rotation2 = { Decrypt: 1, GenerateDataKey: 1, Encrypt: 2 }
    const callsOf = async (work: () => Promise<unknown>) => {
      stores.regions.kms.resetCalls()
      await work()
      return stores.calls()
    }
    const first = hierarchyVersion === 1
    expect(await callsOf(() => store.createKey({ ...named, hierarchyVersion }))).toEqual(
      first ? version1 : version2,
    )
    expect(await callsOf(() => store.versionKey({ branchKeyId }))).toEqual(
      first ? rotation1 : rotation2,
    )
    expect(await callsOf(() => store.getActiveBranchKey({ branchKeyId }))).toEqual({ Decrypt: 1 })
    expect(await callsOf(() => store.getBeaconKey({ branchKeyId }))).toEqual({ Decrypt: 1 })
    const { branchKeyVersion } = await store.versionKey({ branchKeyId })
    const version = { branchKeyId, branchKeyVersion }
    expect(await callsOf(() => store.getBranchKeyVersion(version))).toEqual({ Decrypt: 1 })
  })

  it('of rotations at once, one is made and the others are conflicts', async () => {
    await store.createKey({ ...named, hierarchyVersion })
    const attempts = Array.from({ length: 8 }, () => store.versionKey({ branchKeyId }))
    const outcomes = await Promise.allSettled(attempts)
    const made = outcomes.flatMap((outcome) =>
      outcome.status === 'fulfilled' ? [outcome.value.branchKeyVersion] : [],
    )
    const codes = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [(outcome.reason as { code: string }).code] : [],
    )
    expect(codes).toEqual(Array(7).fill('ERR_BRANCH_KEY_CONFLICT'))
    const active = await store.getActiveBranchKey({ branchKeyId })
    expect(made).toEqual([active.branchKeyVersion])
    expect(await storage.list(branchKeyId)).toHaveLength(4)
  })

  it('does not create what exists, and leaves it as it was', async () => {
    await store.createKey({ ...named, hierarchyVersion })
    const before = await storage.list(branchKeyId)
    const { code, message } = await failure(() => store.createKey({ ...named, hierarchyVersion }))
    expect(code).toBe('ERR_BRANCH_KEY_CONFLICT')
    expect(message).toContain('"tenant-acme"')
    expect(await storage.list(branchKeyId)).toEqual(before)
  })

  it('of creations at once, one is made', async () => {
    const attempts = Array.from({ length: 4 }, () =>
      store.createKey({ ...named, hierarchyVersion }),
    )
    const outcomes = await Promise.allSettled(attempts)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await storage.list(branchKeyId)).toHaveLength(3)
  })

  describe('under a multi-Region key', () => {
    const store = (replica: typeof home | typeof away, at = replica) =>
      stores.store({
        storage,
        client: stores.regions.clientOf(at),
        kmsConfiguration: { type: 'multi-region-key', keyArn: stores.replicas[replica] },
      })

    it("rotates by the replica of its own region, and keeps the record's ARN", async () => {
      await store(home).createKey({ ...named, hierarchyVersion })
      stores.regions.kms.resetCalls()
      const version = await store(away).versionKey({ branchKeyId })
      expect(stores.calls(home)).toEqual({})
      const { attributes } = await recordIn(storage, branchKeyId, 'branch:ACTIVE')
      expect(attributes['kms-arn']).toBe(stores.replicas[home])
      // A store that takes that ARN alone goes on working.
      const kmsConfiguration = { type: 'key', keyArn: stores.replicas[home] } as const
      const strict = stores.store({ storage, kmsConfiguration })
      const { key } = await strict.getBranchKeyVersion(version)
      expect((await store(away).getActiveBranchKey({ branchKeyId })).key).toEqual(key)
    })
  })
})

describe('a conflict of createKey', () => {
  const conflicting = (read: InMemoryKeyStorage['read']) => {
    const storage = new InMemoryKeyStorage()
    return stores.store({
      storage: Object.assign(storage, { read, write: async () => 'conflict' }),
    })
  }
  it.each([
    ['another write was under way', async () => undefined, /^[^,]*another write[^,]*$/],
    [
      'nobody may look',
      async () => Promise.reject(new Error('no access')),
      /exists already.* or another write/,
    ],
  ])('does not say that the branch key exists when %s', async (_, read, what) => {
    const error = await failure(() => conflicting(read).createKey(named))
    expect(error.code).toBe('ERR_BRANCH_KEY_CONFLICT')
    expect(error.message).toMatch(what)
    expect(error.message).toContain('Call createKey again')
  })
})

it('a record of hierarchy version 2 is read though it has a pair that createKey refuses', async () => {
  const storage = new InMemoryKeyStorage()
  const store = stores.store({ storage })
  await store.createKey({ ...named, hierarchyVersion: 2 })
  const record = await recordIn(storage, branchKeyId, 'beacon:ACTIVE')
  const attributes = { ...record.attributes, 'aws-crypto-ec:type': 'x' }
  const place = { branchKeyId, type: record.type, storageName: 'memory' } as const
  const context = contextOf({ ...record, attributes }, 'test-keys')
  const access = { client: stores.regions.clientOf(home), grantTokens: undefined }
  const key = new Uint8Array(32).fill(7)
  const ciphertext = await wrapWithDigest(access, stores.keyArn, { place, context }, key)
  await storage.write([
    { record: { ...record, attributes, ciphertext }, replaces: record.ciphertext },
  ])
  const beacon = await store.getBeaconKey({ branchKeyId })
  expect(beacon.encryptionContext).toEqual({ ...named.encryptionContext, type: 'x' })
  expect(beacon.key).toEqual(key)
})

describe('what is not there', () => {
  const branchKeyVersion = 'dfb80b71-8e80-4d74-8ac0-0e940533219e'
  it.each([
    ['branch:ACTIVE', (store: BranchKeyStore) => store.getActiveBranchKey({ branchKeyId })],
    ['branch:ACTIVE', (store: BranchKeyStore) => store.versionKey({ branchKeyId })],
    ['beacon:ACTIVE', (store: BranchKeyStore) => store.getBeaconKey({ branchKeyId })],
    [
      `branch:version:${branchKeyVersion}`,
      (store: BranchKeyStore) => store.getBranchKeyVersion({ branchKeyId, branchKeyVersion }),
    ],
  ])('is named: %s', async (type, work) => {
    const { code, message } = await failure(() => work(stores.store()))
    expect(code).toBe('ERR_BRANCH_KEY_NOT_FOUND')
    for (const part of [type, branchKeyId, 'memory', 'createKey']) expect(message).toContain(part)
    expect(stores.calls()).toEqual({})
  })
})

it('says how it is configured', () => {
  const kmsConfiguration = { type: 'multi-region-discovery', region: away } as const
  const store = stores.store({ kmsConfiguration, grantTokens: ['token'], keyStoreId: 'id' })
  expect(store.logicalKeyStoreName).toBe('test-keys')
  expect(store.getKeyStoreInfo()).toEqual({
    keyStoreId: 'id',
    storageName: 'memory',
    logicalKeyStoreName: 'test-keys',
    grantTokens: ['token'],
    kmsConfiguration,
  })
  expect(stores.store().getKeyStoreInfo()).toMatchObject({
    keyStoreId: expect.stringMatching(uuid4),
    grantTokens: [],
  })
})
