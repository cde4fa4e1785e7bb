import { describe, expect, it } from 'vitest'
import {
  type BranchKeyStore,
  BranchKeyStore as Store,
  InMemoryKeyStorage,
} from '../../../../../src/hierarchical.ts'
import { FakeKms } from '../../../../support/fake-kms.ts'
import { failure } from '../../../../support/materials.ts'

const branchKeyId = 'orders'
const keyArn = 'arn:aws:kms:eu-central-1:111122223333:key/1'
const otherArn = `${keyArn}2`
const client = new FakeKms().client('eu-central-1')

/** A store on a storage with a branch key, one of whose methods answers with something else. */
async function storeWhere(answers: Record<string, unknown>) {
  const storage = new InMemoryKeyStorage()
  const options = { client, kmsConfiguration: { type: 'key', keyArn }, storage } as const
  const store = new Store({ ...options, logicalKeyStoreName: 'keys' })
  const encryptionContext = { tenant: 'acme' }
  const { branchKeyVersion } = await store.createKey({ branchKeyId, encryptionContext })
  const others = Object.entries(answers).map(([name, answer]) => [name, async () => answer])
  Object.assign(storage, Object.fromEntries(others))
  return { store, branchKeyVersion }
}

type Work = (store: BranchKeyStore, branchKeyVersion: string) => Promise<unknown>
const createKey: Work = (store) => store.createKey()
const versionKey: Work = (store) => store.versionKey({ branchKeyId })
const rewrapKey: Work = (store) => store.rewrapKey({ branchKeyId, to: { keyArn: otherArn } })
const getActive: Work = (store) => store.getActiveBranchKey({ branchKeyId })
const getVersion: Work = (store, branchKeyVersion) =>
  store.getBranchKeyVersion({ branchKeyId, branchKeyVersion })
const getBeacon: Work = (store) => store.getBeaconKey({ branchKeyId })

const wrong = [
  {
    method: 'read',
    answers: [null, 'record', 7, true],
    work: { getActive, getVersion, getBeacon, versionKey },
  },
  {
    method: 'list',
    answers: [undefined, null, {}, 'records', [null], [undefined], ['record'], new Map()],
    work: { rewrapKey },
  },
  {
    method: 'write',
    answers: [
      undefined,
      null,
      true,
      false,
      'failed',
      'Written',
      { status: 'conflict' },
      ['written'],
    ],
    work: { createKey, versionKey, rewrapKey },
  },
]
const rows = wrong.flatMap(({ method, answers, work }) =>
  Object.entries(work).flatMap(([operation, run]) =>
    answers.map((answer) => ({ method, answer, operation, run })),
  ),
)

describe('a storage that breaks its contract', () => {
  it.each(rows)(
    'is named by $operation: $method gives $answer',
    async ({ method, answer, run }) => {
      const { store, branchKeyVersion } = await storeWhere({ [method]: answer })
      const error = await failure(() => run(store, branchKeyVersion))
      expect(error.code).toBe('ERR_KEY_STORAGE')
      for (const part of ['"memory"', method]) expect(error.message).toContain(part)
    },
  )
})
