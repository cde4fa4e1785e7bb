import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { InMemoryKeyStorage } from '../../src/hierarchical.ts'
import { BranchKeyStores, hierarchyVersions } from '../support/branch-key-stores.ts'

let stores: BranchKeyStores
beforeAll(async () => {
  stores = await BranchKeyStores.start()
})
afterAll(() => stores.close())

const text = fc.string({ unit: 'grapheme', maxLength: 12 })
// Names that records and objects have a use for themselves.
const oddName = fc.constantFrom(
  '',
  'type',
  'enc',
  'version',
  'tablename',
  'constructor',
  '__proto__',
)
const namesOfAttributes = ['type', 'enc', 'version', 'tablename']
const contexts = fc.dictionary(fc.oneof(text, oddName), text, { minKeys: 1, maxKeys: 6 })

describe.each(hierarchyVersions)('under hierarchy version %i', (hierarchyVersion) => {
  it('any encryption context comes back from every record, and through a rotation', async () => {
    const property = fc.asyncProperty(text, contexts, async (name, context) => {
      const encryptionContext = Object.fromEntries(
        Object.entries(context).filter(
          ([key]) =>
            !key.startsWith('aws-crypto-') &&
            (hierarchyVersion === 1 || !namesOfAttributes.includes(key)),
        ),
      )
      fc.pre(Object.keys(encryptionContext).length > 0)
      const branchKeyId = `id ${name}`
      const store = stores.store({ storage: new InMemoryKeyStorage() })
      await store.createKey({ branchKeyId, encryptionContext, hierarchyVersion })
      const version = await store.versionKey({ branchKeyId })
      const all = [
        await store.getActiveBranchKey({ branchKeyId }),
        await store.getBranchKeyVersion(version),
        await store.getBeaconKey({ branchKeyId }),
      ]
      for (const materials of all) {
        expect(materials.branchKeyId).toBe(branchKeyId)
        expect(Object.entries(materials.encryptionContext).sort()).toEqual(
          Object.entries(encryptionContext).sort(),
        )
      }
    })
    await fc.assert(property, { numRuns: 15 })
  })
})
