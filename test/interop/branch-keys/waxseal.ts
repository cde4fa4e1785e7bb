import { EnvelopeClient, type Keyring, algorithmSuites } from '../../../src/index.ts'
import {
  type BranchKeyMaterials,
  BranchKeyStore,
  DynamoDbKeyStorage,
  HierarchicalKeyring,
} from '../../../src/hierarchical.ts'
import type { HierarchicalSpec, KeyStoreSpec } from '../../support/key-store-spec.ts'
import type { BranchKeyResult, MessageJob, Result, StoreJob } from '../live/jobs.ts'
import { type Clients, here, type Participant } from './participant.ts'

/** waxseal itself. */
export function waxseal(clients: Clients): Participant {
  const stores = new Map<string, BranchKeyStore>()
  const storeOf = (spec: KeyStoreSpec): BranchKeyStore => {
    const key = JSON.stringify(spec)
    const store = stores.get(key) ?? ourStore(spec, clients)
    stores.set(key, store)
    return store
  }
  const keyrings = new Map<string, Keyring>()
  const keyringFor = ({ keyStore, branchKeyId }: HierarchicalSpec): Keyring => {
    const key = JSON.stringify({ keyStore, branchKeyId })
    const options = { keyStore: storeOf(keyStore), branchKeyId, ttlMs: 600_000 }
    const keyring = keyrings.get(key) ?? new HierarchicalKeyring(options)
    keyrings.set(key, keyring)
    return keyring
  }
  return here(
    'waxseal',
    {},
    {
      message: (job, spec) => exchangeMessage(job, keyringFor(spec)),
      store: (job) => callStore(job, storeOf(job.keyStore)),
    },
  )
}

export function ourStore(spec: KeyStoreSpec, { kmsOf, dynamoDbOf }: Clients): BranchKeyStore {
  const { tableName, tableRegion, logicalKeyStoreName, kmsRegion, kmsConfiguration } = spec
  return new BranchKeyStore({
    client: kmsOf(kmsRegion),
    kmsConfiguration,
    logicalKeyStoreName,
    storage: new DynamoDbKeyStorage({ client: dynamoDbOf(tableRegion), tableName }),
  })
}

async function exchangeMessage(job: MessageJob, keyring: Keyring): Promise<Result> {
  const { commitmentPolicy } = job
  if (job.do === 'decrypt') {
    const client = new EnvelopeClient({ keyring, commitmentPolicy })
    const read = await client.decrypt(Buffer.from(job.message, 'base64'))
    const plaintext = Buffer.from(read.plaintext).toString('base64')
    return { plaintext, encryptionContext: read.encryptionContext }
  }
  const { suiteId, frameLength, encryptionContext } = job
  const suite = Object.values(algorithmSuites).find(({ id }) => id === suiteId)
  if (!suite) throw new Error(`There is no algorithm suite ${suiteId}`)
  const client = new EnvelopeClient({ keyring, commitmentPolicy, frameLength })
  const { ciphertext } = await client.encrypt(Buffer.from(job.plaintext, 'base64'), {
    algorithmSuite: suite.name,
    encryptionContext,
  })
  return { message: Buffer.from(ciphertext).toString('base64') }
}

async function callStore(job: StoreJob, store: BranchKeyStore): Promise<Result> {
  switch (job.do) {
    case 'create-key': {
      const { branchKeyId, encryptionContext } = job
      const created = await store.createKey({
        ...(branchKeyId !== undefined && { branchKeyId }),
        ...(encryptionContext && { encryptionContext }),
      })
      return { branchKeyId: created.branchKeyId }
    }
    case 'version-key':
      await store.versionKey({ branchKeyId: job.branchKeyId })
      return { branchKeyId: job.branchKeyId }
    case 'get-active-key': {
      const { branchKeyId } = job
      return { branchKey: branchKeyOf(await store.getActiveBranchKey({ branchKeyId })) }
    }
    case 'get-key-version': {
      const { branchKeyId, branchKeyVersion } = job
      const materials = await store.getBranchKeyVersion({ branchKeyId, branchKeyVersion })
      return { branchKey: branchKeyOf(materials) }
    }
    case 'get-beacon-key': {
      const { branchKeyId } = job
      return { branchKey: branchKeyOf(await store.getBeaconKey({ branchKeyId })) }
    }
  }
}

export function branchKeyOf(materials: BranchKeyMaterials): BranchKeyResult {
  return {
    branchKeyId: materials.branchKeyId,
    ...(materials.branchKeyVersion !== undefined && {
      branchKeyVersion: materials.branchKeyVersion,
    }),
    encryptionContext: { ...materials.encryptionContext },
    key: Buffer.from(materials.key).toString('base64'),
  }
}
