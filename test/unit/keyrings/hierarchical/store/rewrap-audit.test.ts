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
  allKeys,
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
        const storage: KeyStorage = {
          name: 'holed',
          read: (...asked) => whole.read(...asked),
          list: async (id) => (await whole.list(id)).filter(({ type }) => type !== missing),
          write: (changes) => whole.write(changes),
        }
        const error = await failure(() => rewrap(storage, stores.otherKeyArn))
        expect(error.code).toBe('ERR_BRANCH_KEY_NOT_FOUND')
        expect(error.message).toContain(JSON.stringify(missing))
        expect(await whole.list(branchKeyId)).toEqual(await original.storage.list(branchKeyId))
      },
    )

    it('is all that was ever made, whatever comes into a list that is not of one moment', async () => {
      const storage = await copyOf(original)
      let isTorn = false
      // The versions are read first, and the active record after another has rotated and moved it alone.
      const torn: KeyStorage = {
        name: 'torn',
        read: (...asked) => storage.read(...asked),
        async list(id) {
          const others = (await storage.list(id)).filter(({ type }) => type !== 'branch:ACTIVE')
          if (!isTorn) {
            isTorn = true
            for (let i = 0; i < 2; i++) await stores.store({ storage }).versionKey({ branchKeyId })
            const dying: KeyStorage = {
              name: 'dying',
              read: (...asked) => storage.read(...asked),
              list: (...asked) => storage.list(...asked),
              write: async ([change]) =>
                change?.record.type === 'branch:ACTIVE'
                  ? storage.write([change])
                  : Promise.reject(new Error('killed')),
            }
            expect((await failure(() => rewrap(dying, stores.otherKeyArn))).message).toContain(
              'killed',
            )
          }
          return [...others, (await storage.read(id, 'branch:ACTIVE')) ?? expect.fail()]
        },
        write: (changes) => storage.write(changes),
      }
      expect(await rewrap(torn, stores.otherKeyArn)).toEqual({ rewrapped: 5, alreadyThere: 1 })
      expect(await recordsUnder(storage, branchKeyId)).toEqual({ [stores.otherKeyArn]: 6 })
      const { 'branch:ACTIVE': active, ...kept } = original.keys
      expect(active).toBeDefined()
      expect(await allKeys(discoverer(stores, storage), storage, branchKeyId)).toMatchObject(kept)
    })
  },
)
