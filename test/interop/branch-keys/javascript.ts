import { createRequire } from 'node:module'
import { BranchKeyStoreNode } from '@aws-crypto/branch-keystore-node'
import {
  AlgorithmSuiteIdentifier,
  CommitmentPolicy,
  KeyringNode,
  buildClient,
} from '@aws-crypto/client-node'
import { KmsHierarchicalKeyRingNode } from '@aws-crypto/kms-keyring-node'
import { z } from 'zod'
import type { HierarchicalSpec, KeyStoreSpec } from '../../support/key-store-spec.ts'
import type { BranchKeyResult, MessageJob, Result, StoreJob } from '../live/jobs.ts'
import { type Clients, here, type Participant } from './participant.ts'

type StoreInput = ConstructorParameters<typeof BranchKeyStoreNode>[0]
/** The branch key store and the hierarchical keyring of the AWS Encryption SDK for JavaScript. */
export function javascript(clients: Clients): Participant {
  const stores = new Map<string, BranchKeyStoreNode>()
  const storeOf = (spec: KeyStoreSpec): BranchKeyStoreNode => {
    const key = JSON.stringify(spec)
    const store = stores.get(key) ?? peerStore(spec, clients)
    stores.set(key, store)
    return store
  }
  const keyrings = new Map<string, KeyringNode>()
  const keyringFor = (spec: HierarchicalSpec): KeyringNode => {
    const key = JSON.stringify(spec)
    const keyring = keyrings.get(key) ?? peerKeyring(storeOf(spec.keyStore), spec.branchKeyId)
    keyrings.set(key, keyring)
    return keyring
  }
  return here('JavaScript', versions(), {
    message: (job, spec) => exchangeMessage(job, keyringFor(spec)),
    store: (job) => callStore(job, storeOf(job.keyStore)),
  })
}

export function peerStore(spec: KeyStoreSpec, { kmsOf, dynamoDbOf }: Clients): BranchKeyStoreNode {
  const storage = { ddbTableName: spec.tableName, ddbClient: dynamoDbOf(spec.tableRegion) }
  return peerStoreOn(storage, spec, { kmsOf })
}

/** A store on the peer's own storage, or on any that has its methods. */
export function peerStoreOn(
  storage: StoreInput['storage'],
  { logicalKeyStoreName, kmsRegion, kmsConfiguration }: KeyStoreSpec,
  { kmsOf }: Pick<Clients, 'kmsOf'>,
): BranchKeyStoreNode {
  return new BranchKeyStoreNode({
    storage,
    logicalKeyStoreName,
    kmsConfiguration: peerConfiguration(kmsConfiguration),
    keyManagement: { kmsClient: kmsOf(kmsRegion) },
  })
}

export function peerKeyring(
  keyStore: BranchKeyStoreNode,
  branchKeyId: string,
  { utf8Sorting = true } = {},
): KeyringNode {
  const options = { keyStore, branchKeyId, utf8Sorting, cacheLimitTtl: 600 }
  return checked(new KmsHierarchicalKeyRingNode(options))
}

/** The peer's keyring with a supplier of branch key ids. */
export function peerSupplierKeyring(
  keyStore: BranchKeyStoreNode,
  getBranchKeyId: (encryptionContext: Record<string, string>) => string,
): KeyringNode {
  const branchKeyIdSupplier = { getBranchKeyId }
  const options = { keyStore, branchKeyIdSupplier, utf8Sorting: true, cacheLimitTtl: 600 }
  return checked(new KmsHierarchicalKeyRingNode(options))
}

/** What the peer's client takes, which the type of the keyring's class does not say. */
function checked(keyring: unknown): KeyringNode {
  if (keyring instanceof KeyringNode) return keyring
  throw new Error('The hierarchical keyring is not a keyring of this client')
}

function peerConfiguration(
  configuration: KeyStoreSpec['kmsConfiguration'],
): StoreInput['kmsConfiguration'] {
  switch (configuration.type) {
    case 'key':
      return { identifier: configuration.keyArn }
    case 'multi-region-key':
      return { mrkIdentifier: configuration.keyArn }
    case 'discovery':
      return 'discovery'
    case 'multi-region-discovery':
      return { region: configuration.region }
  }
}

async function exchangeMessage(job: MessageJob, keyring: KeyringNode): Promise<Result> {
  const client = buildClient(CommitmentPolicy[job.commitmentPolicy])
  if (job.do === 'decrypt') {
    const { plaintext, messageHeader } = await client.decrypt(
      keyring,
      Buffer.from(job.message, 'base64'),
    )
    const encryptionContext = { ...messageHeader.encryptionContext }
    return { plaintext: plaintext.toString('base64'), encryptionContext }
  }
  const { result } = await client.encrypt(keyring, Buffer.from(job.plaintext, 'base64'), {
    suiteId: suiteOf(job.suiteId),
    frameLength: job.frameLength,
    encryptionContext: { ...job.encryptionContext }, // it writes into what it is given
  })
  return { message: result.toString('base64') }
}

function suiteOf(id: number): AlgorithmSuiteIdentifier {
  // In an enum of numbers, the names of the members are among the values.
  const suite = Object.values(AlgorithmSuiteIdentifier).find(
    (value): value is AlgorithmSuiteIdentifier => Number(value) === id,
  )
  if (suite === undefined) throw new Error(`There is no algorithm suite ${id}`)
  return suite
}

async function callStore(job: StoreJob, store: BranchKeyStoreNode): Promise<Result> {
  switch (job.do) {
    case 'create-key': {
      const { branchKeyId, encryptionContext } = job
      const { branchKeyIdentifier } = await store.createKey({
        ...(branchKeyId !== undefined && { branchKeyIdentifier: branchKeyId }),
        ...(encryptionContext && { encryptionContext }),
      })
      return { branchKeyId: branchKeyIdentifier }
    }
    case 'version-key':
      await store.versionKey({ branchKeyIdentifier: job.branchKeyId })
      return { branchKeyId: job.branchKeyId }
    case 'get-active-key':
      return { branchKey: branchKeyOf(await store.getActiveBranchKey(job.branchKeyId)) }
    case 'get-key-version': {
      const { branchKeyId, branchKeyVersion } = job
      const materials = await store.getBranchKeyVersion(branchKeyId, branchKeyVersion)
      return { branchKey: branchKeyOf(materials) }
    }
    case 'get-beacon-key':
      throw new Error('The library for JavaScript has no getBeaconKey')
  }
}

export function branchKeyOf(
  materials: Awaited<ReturnType<BranchKeyStoreNode['getActiveBranchKey']>>,
): BranchKeyResult {
  return {
    branchKeyId: materials.branchKeyIdentifier,
    branchKeyVersion: Buffer.from(materials.branchKeyVersion).toString('utf8'),
    encryptionContext: { ...materials.encryptionContext },
    key: Buffer.from(materials.branchKey()).toString('base64'),
  }
}

function versions(): Record<string, string> {
  const require = createRequire(import.meta.url)
  const manifest = z.object({ name: z.string(), version: z.string() })
  const names = ['branch-keystore-node', 'kms-keyring-node', 'client-node']
  const read = names.map((name) => manifest.parse(require(`@aws-crypto/${name}/package.json`)))
  return Object.fromEntries(read.map(({ name, version }) => [name, version]))
}
