import { beforeAll, describe, expect, it } from 'vitest'
import {
  BranchKeyStore,
  InMemoryKeyStorage,
  type KeyStorage,
} from '../../../../../src/hierarchical.ts'
import { hierarchyVersions } from '../../../../support/branch-key-stores.ts'
import { FakeKms } from '../../../../support/fake-kms.ts'
import { failure } from '../../../../support/materials.ts'
import {
  Moments,
  type Original,
  type Stores,
  allKeys,
  copyOf,
  discoverer,
  makeOriginal,
  recordsUnder,
} from '../../../../support/rewrapping.ts'

// Thousands of calls: a KMS in this process answers them.
const kms = new FakeKms()
const client = kms.client('eu-central-1')
const keyOf = (name: string) => `arn:aws:kms:eu-central-1:111122223333:key/${name}`
const [oldKey, newKey, thirdKey] = [keyOf('old'), keyOf('new'), keyOf('third')]
const stores: Stores = {
  store: (options) =>
    new BranchKeyStore({
      client,
      kmsConfiguration: { type: 'key', keyArn: oldKey },
      logicalKeyStoreName: 'test-keys',
      storage: new InMemoryKeyStorage(),
      ...options,
    }),
}
const moments = new Moments()
const momentous = moments.client(client)

class Killed extends Error {}

// Each way in which a record can be moved.
const ways = hierarchyVersions.flatMap((hierarchyVersion) =>
  [false, true].map((hasClient) => ({ hierarchyVersion, hasClient })),
)

describe.each(ways)('hierarchy version $hierarchyVersion, own client $hasClient', (way) => {
  let original: Original
  let last: number
  beforeAll(async () => {
    original = await makeOriginal(stores, way.hierarchyVersion)
    moments.let(() => undefined)
    await rewrap(await copyOf(original))
    last = moments.count
    moments.let(() => undefined)
  })

  /** Moves the branch key on a storage; the calls are moments. */
  const rewrap = (storage: KeyStorage, keyArn = newKey) =>
    stores.store({ client: momentous, storage: moments.storage(storage) }).rewrapKey({
      branchKeyId: original.branchKeyId,
      to: { keyArn, ...(way.hasClient ? { client: momentous } : {}) },
    })

  const expectAllReadable = async (store: BranchKeyStore, storage: KeyStorage) => {
    const keys = await allKeys(store, storage, original.branchKeyId)
    expect(keys).toMatchObject(original.keys)
    return keys
  }

  const expectMoved = async (storage: KeyStorage, count: number) => {
    const under = await recordsUnder(storage, original.branchKeyId)
    expect(under).toEqual({ [newKey]: count })
    const kmsConfiguration = { type: 'key', keyArn: newKey } as const
    return expectAllReadable(stores.store({ storage, kmsConfiguration }), storage)
  }

  it('a rewrap that is killed at any moment leaves all readable, and goes on when it is called again', async () => {
    for (let moment = 1; moment <= last; moment++) {
      const storage = await copyOf(original)
      let at = ''
      moments.let((now, what) => {
        if (now === moment) at = what
        if (now >= moment) throw new Killed()
      })
      const error = await failure(() => rewrap(storage))
      moments.let(() => undefined)
      expect([error, error.cause].some((one) => one instanceof Killed)).toBe(true)

      const under = await recordsUnder(storage, original.branchKeyId)
      const { [oldKey]: left = 0, [newKey]: moved = 0, ...others } = under
      expect([left + moved, others], at).toEqual([4, {}])
      await expectAllReadable(discoverer(stores, storage), storage)

      expect(await rewrap(storage), at).toEqual({ rewrapped: left, alreadyThere: moved })
      await expectMoved(storage, 4)
    }
  })

  it('a rotation at any moment is noticed, and its version moved', async () => {
    const rotations: string[] = []
    for (let moment = 1; moment <= last; moment++) {
      const storage = await copyOf(original)
      const rotating = stores.store({ storage })
      let rotated = 0
      moments.let(async (now) => {
        if (now !== moment) return
        const outcome = await rotating.versionKey({ branchKeyId: original.branchKeyId }).then(
          () => 'made',
          (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : ''),
        )
        if (outcome === 'made') rotated += 1
        rotations.push(outcome)
      })
      const { rewrapped, alreadyThere } = await rewrap(storage)
      expect(rewrapped + alreadyThere).toBe(4 + rotated)
      const { 'branch:ACTIVE': active, ...others } = original.keys
      expect(active).toBeDefined()
      const under = await recordsUnder(storage, original.branchKeyId)
      expect(under).toEqual({ [newKey]: 4 + rotated })
      const kmsConfiguration = { type: 'key', keyArn: newKey } as const
      const reader = stores.store({ storage, kmsConfiguration })
      expect(await allKeys(reader, storage, original.branchKeyId)).toMatchObject(others)
    }
    expect(new Set(rotations)).toEqual(new Set(['made', 'ERR_BRANCH_KEY_KMS']))
  })

  it('another rewrap to the same key at any moment is no harm', async () => {
    for (let moment = 1; moment <= last; moment++) {
      const storage = await copyOf(original)
      const other = stores.store({ storage })
      const { branchKeyId } = original
      const to = { keyArn: newKey }
      let otherRewrapped = 0
      moments.let(async (now) => {
        if (now !== moment) return
        otherRewrapped = (await other.rewrapKey({ branchKeyId, to })).rewrapped
      })
      const { rewrapped, alreadyThere } = await rewrap(storage)
      expect([rewrapped + otherRewrapped, alreadyThere]).toEqual([4, otherRewrapped])
      await expectMoved(storage, 4)
    }
  })

  it('another rewrap to a third key at any moment leaves all readable, and is told of', async () => {
    for (let moment = 1; moment <= last; moment++) {
      const storage = await copyOf(original)
      const other = stores.store({ storage })
      const { branchKeyId } = original
      const to = { keyArn: thirdKey }
      const failures: unknown[] = []
      const note = (error: unknown) => failures.push(error)
      moments.let(async (now) => {
        if (now === moment) await other.rewrapKey({ branchKeyId, to }).catch(note)
      })
      await rewrap(storage).catch(note)
      await expectAllReadable(discoverer(stores, storage), storage)
      // Whoever comes second finds records under a third key, and moves none.
      const places = Object.keys(await recordsUnder(storage, branchKeyId))
      expect(places).toHaveLength(1)
      expect(places).not.toContain(oldKey)
      expect(failures).toEqual([expect.objectContaining({ code: 'ERR_BRANCH_KEY_KMS' })])
    }
  })
})
