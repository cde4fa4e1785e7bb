import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { EnvelopeClient, LocalCryptoMaterialsCache } from '../../../../src/index.ts'
import {
  BranchKeyMaterials,
  HierarchicalKeyring,
  type HierarchicalKeyringOptions,
} from '../../../../src/hierarchical.ts'
import {
  FakeBranchKeys,
  branchKeyId,
  keyringOn,
  setUp,
  ttlMs,
  unwrap,
  wrapOne,
} from '../../../support/hierarchical.ts'
import { encryptionMaterials, failure } from '../../../support/materials.ts'

afterEach(() => void vi.useRealTimers())

describe('through its cache the hierarchical keyring', () => {
  it('asks once for a thousand messages at the same time, to write and to read', async () => {
    const { keyring, keyStore, version } = setUp()
    const all = await Promise.all(Array.from({ length: 1000 }, () => wrapOne(keyring)))
    expect(keyStore.asked).toEqual([branchKeyId])
    const opened = await Promise.all(all.map(({ key }) => unwrap(keyring, [key])))
    expect(opened.map(({ dataKey }) => dataKey)).toEqual(all.map(({ dataKey }) => dataKey))
    expect(keyStore.asked).toEqual([branchKeyId, `${branchKeyId} ${version}`])
  })

  it.each<[string, boolean, Partial<HierarchicalKeyringOptions>, string]>([
    ['shares with a keyring of the same partition id', true, { partitionId: 'p' }, 'fake'],
    ['does not share without one', false, {}, 'fake'],
    ['does not share with another', false, { partitionId: 'q' }, 'fake'],
    ['does not share with another logical key store', false, { partitionId: 'p' }, 'other'],
  ])('%s', async (_, isShared, options, logicalKeyStoreName) => {
    const cache = new LocalCryptoMaterialsCache({ capacity: 10 })
    const { keyring, keyStore, version, branchKey } = setUp({ cache, partitionId: 'p' })
    const { key } = await wrapOne(keyring)
    await unwrap(keyring, [key])
    expect(keyStore.asked).toHaveLength(2)

    const otherStore = new FakeBranchKeys(logicalKeyStoreName)
    otherStore.add(branchKeyId, version, branchKey)
    const other = keyringOn(otherStore, { cache, ...options })
    await wrapOne(other)
    expect((await unwrap(other, [key])).dataKey).toBeDefined()
    expect(otherStore.asked).toHaveLength(isShared ? 0 : 2)
  })

  it('takes nothing from a shared cache that is older than its own ttlMs', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] })
    const shared = { cache: new LocalCryptoMaterialsCache({ capacity: 10 }), partitionId: 'p' }
    const { keyring, keyStore } = setUp({ ...shared, ttlMs: 1000 })
    await wrapOne(keyring)
    vi.advanceTimersByTime(500)
    await wrapOne(keyringOn(keyStore, { ...shared, ttlMs: 501 }))
    expect(keyStore.asked).toHaveLength(1)
    await wrapOne(keyringOn(keyStore, { ...shared, ttlMs: 500 }))
    expect(keyStore.asked).toHaveLength(2)
  })

  it('keeps 1,000 branch keys, unless it is given a cache', async () => {
    const keyStore = new FakeBranchKeys()
    const ids = Array.from({ length: 1001 }, (_, i) => `tenant-${i}`)
    for (const id of ids) keyStore.add(id)
    const keyring = new HierarchicalKeyring({
      keyStore,
      branchKeyIdSupplier: ({ id = '' }) => id,
      ttlMs,
    })
    for (const id of ids.slice(0, 1000)) await wrapOne(keyring, { id })
    for (const id of ids.slice(0, 1000)) await wrapOne(keyring, { id })
    expect(keyStore.asked).toHaveLength(1000)
    for (const id of ids) await wrapOne(keyring, { id })
    await wrapOne(keyring, { id: 'tenant-0' })
    expect(keyStore.asked).toHaveLength(1002)
  })

  it('keeps what it asks the cache with, for the 1,000 newest branch keys and versions', async () => {
    const keyStore = new FakeBranchKeys()
    const ids = Array.from({ length: 1001 }, (_, i) => `tenant-${i}`)
    for (const id of ids) keyStore.add(id)
    const local = new LocalCryptoMaterialsCache({ capacity: 3000 })
    const asked: object[] = []
    const cache: typeof local = Object.create(local, {
      get: {
        value: (request: Parameters<typeof local.get>[0]) => {
          asked.push(request)
          return local.get(request)
        },
      },
    })
    const branchKeyIdSupplier = ({ id = '' }) => id
    const keyring = new HierarchicalKeyring({ keyStore, branchKeyIdSupplier, ttlMs, cache })
    const wrapped = []
    for (const id of ids) wrapped.push({ id, ...(await wrapOne(keyring, { id })) })
    for (const { id, key } of wrapped) await unwrap(keyring, [key], { id })
    for (const { id, key } of wrapped.slice(-1000)) {
      await wrapOne(keyring, { id })
      await unwrap(keyring, [key], { id })
    }
    expect(new Set(asked).size).toBe(2002)
    await wrapOne(keyring, { id: 'tenant-0' })
    expect(new Set(asked).size).toBe(2003)
  })

  it('renews a branch key before it ends, with refreshAheadMs', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] })
    const { keyring, keyStore } = setUp({ refreshAheadMs: 20_000 })
    await wrapOne(keyring)
    vi.advanceTimersByTime(50_000)
    await wrapOne(keyring)
    expect(keyStore.asked).toHaveLength(2)
    keyStore.error = new Error('the store is out')
    vi.advanceTimersByTime(10_000)
    await wrapOne(keyring)
  })

  it('refuses an answer of the key store that is about another branch key', async () => {
    const materials = (id: string, branchKeyVersion: string | undefined) =>
      new BranchKeyMaterials({ branchKeyId: id, branchKeyVersion, encryptionContext: {}, key })
    const key = randomBytes(32)
    const version = '83eec007-5659-4554-bf11-699b90f41ac6'
    const anything: BranchKeyMaterials = JSON.parse('{}')
    const answers = [materials('other', version), materials(branchKeyId, undefined), anything]
    for (const answer of answers) {
      const keyStore = {
        logicalKeyStoreName: 'mischievous',
        getActiveBranchKey: async () => answer,
        getBranchKeyVersion: async () => materials(branchKeyId, version),
      }
      const error = await failure(() => wrapOne(keyringOn(keyStore)))
      expect(error.code).toBe('ERR_BRANCH_KEY_RECORD')
    }
  })

  it('uses no entry of another branch key, should a cache have one under its identifier', async () => {
    const keyStore = new FakeBranchKeys()
    keyStore.add('a')
    keyStore.add('b')
    const local = new LocalCryptoMaterialsCache({ capacity: 10 })
    const confused: typeof local = Object.create(local, {
      get: {
        value: (request: Parameters<typeof local.get>[0]) => local.get({ ...request, id: 'x' }),
      },
    })
    const [a, b] = ['a', 'b'].map((id) =>
      keyringOn(keyStore, { branchKeyId: id, cache: confused, partitionId: 'p' }),
    )
    if (!a || !b) expect.fail()
    const wrapped = await Promise.all([wrapOne(a), wrapOne(b), wrapOne(a), wrapOne(b)])
    const readers = ['a', 'b'].map((id) => keyringOn(keyStore, { branchKeyId: id }))
    for (const [index, { key, dataKey }] of wrapped.entries()) {
      const reader = readers[index % 2] ?? expect.fail()
      expect((await unwrap(reader, [key])).dataKey).toEqual(dataKey)
    }
  })

  it('lets one caller give up, and serves the others by the same call', async () => {
    const { keyring, keyStore } = setUp()
    const controller = new AbortController()
    const client = new EnvelopeClient({ keyring })
    const given = client.encrypt('x', { signal: controller.signal })
    const others = [client.encrypt('y'), client.encrypt('z')]
    controller.abort()
    expect(await failure(() => given)).toMatchObject({ code: 'ERR_ABORTED' })
    await Promise.all(others)
    expect(keyStore.asked).toHaveLength(1)

    const { signal } = controller
    const direct = await failure(() => keyring.onEncrypt(encryptionMaterials({ signal })))
    expect(direct).toMatchObject({ code: 'ERR_ABORTED' })
  })
})
