import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type BranchKeyRecord,
  type BranchKeyRecordType,
  type KeyStorage,
} from '../../../../../src/hierarchical.ts'
import { BranchKeyStores, hierarchyVersions, home } from '../../../../support/branch-key-stores.ts'
import { failure } from '../../../../support/materials.ts'
import {
  Moments,
  type Original,
  copyOf,
  discoverer,
  makeOriginal,
  recordsUnder,
} from '../../../../support/rewrapping.ts'

const branchKeyId = 'orders'
let stores: BranchKeyStores
beforeAll(async () => {
  stores = await BranchKeyStores.start()
})
afterAll(() => stores.close())

type Change = (record: BranchKeyRecord, keyArn: string) => BranchKeyRecord
const saysItIsThere: Change = (record, keyArn) => ({
  ...record,
  attributes: { ...record.attributes, 'kms-arn': keyArn },
})
const flippedBit: Change = (record) => {
  const ciphertext = Uint8Array.from(record.ciphertext)
  ciphertext[20] = (ciphertext[20] ?? 0) ^ 1
  return { ...record, ciphertext }
}
const otherTime: Change = (record) => ({
  ...record,
  attributes: { ...record.attributes, 'create-time': '2020-01-01T00:00:00.000000Z' },
})

/** Each of the ways in which a record can be opened under the destination. */
const ways = hierarchyVersions.flatMap((hierarchyVersion) =>
  [false, true].map((hasClient) => ({ hierarchyVersion, hasClient })),
)

describe.each(ways)(
  'what rewrapKey counts, hierarchy version $hierarchyVersion, own client $hasClient',
  (way) => {
    let original: Original
    beforeAll(async () => {
      original = await makeOriginal(stores, way.hierarchyVersion)
    })
    const typesOf = async (storage: KeyStorage) =>
      (await storage.list(branchKeyId)).map(({ type }) => type)
    const rewrap = (storage: KeyStorage, keyArn: string) =>
      stores.store({ storage }).rewrapKey({
        branchKeyId,
        to: { keyArn, ...(way.hasClient ? { client: stores.regions.clientOf(home) } : {}) },
      })
    /** Replaces a record, as who can write to the storage does. */
    async function put(
      storage: KeyStorage,
      type: BranchKeyRecordType,
      change: Change,
      keyArn: string,
    ) {
      const record = (await storage.read(branchKeyId, type)) ?? expect.fail()
      await storage.write([{ record: change(record, keyArn), replaces: record.ciphertext }])
    }
    async function expectRefused(storage: KeyStorage, type: string, keyArn: string) {
      const before = await storage.list(branchKeyId)
      const error = await failure(() => rewrap(storage, keyArn))
      expect(error.code).toBe('ERR_BRANCH_KEY_RECORD')
      expect(error.message).toContain(JSON.stringify(type))
      expect(await storage.list(branchKeyId)).toEqual(before)
    }

    it('is no record that only says that it is under the destination', async () => {
      for (const type of await typesOf(original.storage)) {
        const storage = await copyOf(original)
        await put(storage, type, saysItIsThere, stores.otherKeyArn)
        await expectRefused(storage, type, stores.otherKeyArn)
      }
    })

    it.each([
      ['a flipped bit', flippedBit],
      ['another attribute', otherTime],
    ])('is no record that was moved and then tampered with: %s', async (_, change) => {
      const moved = await copyOf(original)
      await rewrap(moved, stores.otherKeyArn)
      for (const type of await typesOf(moved)) {
        const storage = await copyOf({ ...original, storage: moved })
        await put(storage, type, change, stores.otherKeyArn)
        await expectRefused(storage, type, stores.otherKeyArn)
      }
    })

    it("is checked also where the destination is the store's own key", async () => {
      const storage = await copyOf(original)
      expect(await rewrap(storage, stores.keyArn)).toEqual({ rewrapped: 0, alreadyThere: 4 })
      await put(storage, 'branch:ACTIVE', flippedBit, stores.keyArn)
      await expectRefused(storage, 'branch:ACTIVE', stores.keyArn)
    })

    it('is no record that somebody changes between its move and the end', async () => {
      const storage = await copyOf(original)
      const moments = new Moments()
      moments.let(async (_, what) => {
        if (what !== 'after write beacon:ACTIVE') return
        await put(storage, 'branch:ACTIVE', otherTime, stores.otherKeyArn)
      })
      const error = await failure(() => rewrap(moments.storage(storage), stores.otherKeyArn))
      expect(error.code).toBe('ERR_BRANCH_KEY_RECORD')
      expect(error.message).toContain('"branch:ACTIVE"')
    })

    it.each(['branch:ACTIVE', 'beacon:ACTIVE', 'the active version'])(
      'is a whole branch key, and not one without %s',
      async (which) => {
        const { branchKeyVersion } = await discoverer(stores, original.storage).getActiveBranchKey({
          branchKeyId,
        })
        const missing =
          which === 'the active version' ? `branch:version:${branchKeyVersion}` : which
        const whole = await copyOf(original)
        const storage = storageThatLists(whole, async (id) =>
          (await whole.list(id)).filter(({ type }) => type !== missing),
        )
        const error = await failure(() => rewrap(storage, stores.otherKeyArn))
        expect(error.code).toBe('ERR_BRANCH_KEY_NOT_FOUND')
        expect(error.message).toContain(JSON.stringify(missing))
        expect(await whole.list(branchKeyId)).toEqual(await original.storage.list(branchKeyId))
      },
    )

    it('is all that was ever made, though a list need not be of one moment', async () => {
      const storage = await copyOf(original)
      const active = (await original.storage.read(branchKeyId, 'branch:ACTIVE')) ?? expect.fail()
      await rewrap(storage, stores.otherKeyArn)
      // The active record is put back from a backup, so that versions come under the old key again.
      await put(storage, 'branch:ACTIVE', () => active, stores.keyArn)
      /** Two rotations and another rewrap, which all come into a list that has not the first of the versions. */
      const disturb = async () => {
        const rotating = stores.store({ storage })
        const { branchKeyVersion } = await rotating.versionKey({ branchKeyId })
        await rotating.versionKey({ branchKeyId })
        const without = async (id: string) =>
          (await storage.list(id)).filter(({ type }) => !type.endsWith(branchKeyVersion))
        await rewrap(storageThatLists(storage, without), stores.otherKeyArn)
        return without
      }
      let isDisturbed = false
      const torn = storageThatLists(storage, async (id) => {
        if (isDisturbed) return storage.list(id)
        isDisturbed = true
        return (await disturb())(id)
      })
      expect(await rewrap(torn, stores.otherKeyArn)).toEqual({ rewrapped: 1, alreadyThere: 5 })
      expect(await recordsUnder(storage, branchKeyId)).toEqual({ [stores.otherKeyArn]: 6 })
    })

    it('is a version, too, that came into a list after the active record', async () => {
      const storage = await copyOf(original)
      let isTorn = false
      const torn = storageThatLists(storage, async (id) => {
        const before = await storage.list(id)
        if (isTorn) return before
        isTorn = true
        await stores.store({ storage }).versionKey({ branchKeyId })
        const active = (await storage.read(id, 'branch:ACTIVE')) ?? expect.fail()
        return before.map((record) => (record.type === active.type ? active : record))
      })
      expect(await rewrap(torn, stores.otherKeyArn)).toEqual({ rewrapped: 5, alreadyThere: 0 })
    })
  },
)

function storageThatLists(storage: KeyStorage, list: KeyStorage['list']): KeyStorage {
  return {
    name: storage.name,
    read: (...asked) => storage.read(...asked),
    list,
    write: (changes) => storage.write(changes),
  }
}
