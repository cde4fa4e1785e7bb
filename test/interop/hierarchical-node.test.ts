import type { BranchKeyStoreNode } from '@aws-crypto/branch-keystore-node'
import { EncryptedHierarchicalKey } from '@aws-crypto/branch-keystore-node/build/main/src/types.js'
import {
  CommitmentPolicy,
  type KeyringNode,
  MultiKeyringNode,
  NodeCachingMaterialsManager,
  buildClient,
  getLocalCryptographicMaterialsCache,
} from '@aws-crypto/client-node'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type BranchKeyRecord,
  BranchKeyStore,
  DynamoDbKeyStorage,
  HierarchicalKeyring,
  InMemoryKeyStorage,
  type KeyStorage,
} from '../../src/hierarchical.ts'
import {
  CachingCmm,
  type EncryptionContext,
  EnvelopeClient,
  LocalCryptoMaterialsCache,
  MultiKeyring,
  inspectMessage,
} from '../../src/index.ts'
import {
  branchKeyOf as peersBranchKeyOf,
  peerKeyring,
  peerStore,
  peerStoreOn,
  peerSupplierKeyring,
} from './branch-keys/javascript.ts'
import type { KeyStores } from './branch-keys/keys.ts'
import { Services } from './branch-keys/services.ts'
import { branchKeyOf, ourStore } from './branch-keys/waxseal.ts'
import { aesPair } from './keyring-pairs.ts'
import { encryptionContexts } from './live/variations.ts'

// The branch key store and the hierarchical keyring of the AWS Encryption SDK for JavaScript, on one table.

let services: Services
let stores: KeyStores
beforeAll(async () => {
  services = await Services.start()
  stores = await services.newTable()
})
afterAll(() => services.close())

const policy = 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'
const peer = buildClient(CommitmentPolicy[policy])
const plaintext = Buffer.from('as short as a name')
const encryptionContext = {
  ...encryptionContexts['not ASCII'],
  ...encryptionContexts['mixed case'],
}

/** A fresh branch key by our store, with the keyrings of both sides for it. */
async function pairFor(branchKeyId: string) {
  const store = ourStore(stores.key, services)
  const peers = peerStore(stores.key, services)
  await store.createKey({ branchKeyId, encryptionContext })
  return {
    store,
    peers,
    ours: new HierarchicalKeyring({ keyStore: store, branchKeyId, ttlMs: 600_000 }),
    theirs: peerKeyring(peers, branchKeyId),
  }
}

function clientWith(keyring: HierarchicalKeyring): EnvelopeClient {
  return new EnvelopeClient({ keyring, commitmentPolicy: policy })
}

/** A storage of ours as the peer's store takes one. */
function asPeersStorage(storage: KeyStorage, logicalName: string) {
  const read = async (branchKeyId: string, type: BranchKeyRecord['type']) => {
    const record = await storage.read(branchKeyId, type)
    if (!record) throw new Error(`There is no record ${type}`)
    const context = {
      'branch-key-id': record.branchKeyId,
      type: record.type,
      tablename: logicalName,
      ...record.attributes,
    }
    return new EncryptedHierarchicalKey(
      context as unknown as ConstructorParameters<typeof EncryptedHierarchicalKey>[0],
      record.ciphertext,
    )
  }
  return {
    getEncryptedActiveBranchKey: (id: string) => read(id, 'branch:ACTIVE'),
    getEncryptedBranchKeyVersion: (id: string, version: string) => {
      return read(id, `branch:version:${version}`)
    },
    getKeyStorageInfo: () => ({ name: storage.name, logicalName }),
  }
}

/** What KMS refuses a record with that is bound to something else. */
const notAuthentic = { name: 'InvalidCiphertextException' }

describe('a storage of ours under the peer’s store', () => {
  const branchKeyId = 'in memory \u{1f511}'
  let storage: InMemoryKeyStorage
  let store: BranchKeyStore
  let peers: BranchKeyStoreNode
  beforeEach(() => {
    storage = new InMemoryKeyStorage()
    const { logicalKeyStoreName, kmsRegion, kmsConfiguration } = stores.key
    const client = services.kmsOf(kmsRegion)
    store = new BranchKeyStore({ client, kmsConfiguration, logicalKeyStoreName, storage })
    peers = peerStoreOn(asPeersStorage(storage, logicalKeyStoreName), stores.key, services)
  })

  it('is read with both versions of a branch key', async () => {
    const { branchKeyVersion: first } = await store.createKey({ branchKeyId, encryptionContext })
    const { branchKeyVersion: second } = await store.versionKey({ branchKeyId })
    for (const branchKeyVersion of [first, second]) {
      const read = await peers.getBranchKeyVersion(branchKeyId, branchKeyVersion)
      const ours = await store.getBranchKeyVersion({ branchKeyId, branchKeyVersion })
      expect(peersBranchKeyOf(read)).toEqual(branchKeyOf(ours))
    }
    const active = peersBranchKeyOf(await peers.getActiveBranchKey(branchKeyId))
    expect(active).toEqual(branchKeyOf(await store.getActiveBranchKey({ branchKeyId })))
    expect(active).toMatchObject({ branchKeyVersion: second, encryptionContext })
  })

  it('is refused with another logical name', async () => {
    await store.createKey({ branchKeyId, encryptionContext })
    const logicalKeyStoreName = 'another name'
    const other = { ...stores.key, logicalKeyStoreName }
    const peersOther = peerStoreOn(asPeersStorage(storage, logicalKeyStoreName), other, services)
    await expect(peersOther.getActiveBranchKey(branchKeyId)).rejects.toMatchObject(notAuthentic)
    const { kmsRegion, kmsConfiguration } = stores.key
    const client = services.kmsOf(kmsRegion)
    const oursOther = new BranchKeyStore({ client, kmsConfiguration, logicalKeyStoreName, storage })
    await expect(oursOther.getActiveBranchKey({ branchKeyId })).rejects.toMatchObject({
      code: 'ERR_BRANCH_KEY_RECORD',
    })
  })

  it('is refused with a branch key of hierarchy version 2, which the peer does not know', async () => {
    await store.createKey({ branchKeyId, encryptionContext, hierarchyVersion: 2 })
    await expect(peers.getActiveBranchKey(branchKeyId)).rejects.toMatchObject(notAuthentic)
  })
})

describe('messages', () => {
  it('of the peer are read though it sorted the encryption context by locale, as it does by default', async () => {
    const { ours, peers } = await pairFor('by locale')
    const keyring = peerKeyring(peers, 'by locale', { utf8Sorting: false })
    const context = { ...encryptionContext }
    const { result } = await peer.encrypt(keyring, plaintext, { encryptionContext: context })
    const read = await clientWith(ours).decrypt(result, { encryptionContext })
    expect(Buffer.from(read.plaintext)).toEqual(plaintext)
  })

  it('of ours are read by the peer only if it sorts by UTF-8', async () => {
    const { ours, peers, theirs } = await pairFor('by UTF-8')
    const { ciphertext } = await clientWith(ours).encrypt(plaintext, { encryptionContext })
    expect((await peer.decrypt(theirs, ciphertext)).plaintext).toEqual(plaintext)
    const byLocale = peerKeyring(peers, 'by UTF-8', { utf8Sorting: false })
    await expect(peer.decrypt(byLocale, ciphertext)).rejects.toThrow('Unable to decrypt data key')
  })

  it('are read by both in a multi-keyring whose generator the reader lacks', async () => {
    const { ours, theirs } = await pairFor('child')
    const generator = aesPair(256)
    const keyring = new MultiKeyring({ generator: generator.ours, children: [ours] })
    const { ciphertext } = await new EnvelopeClient({ keyring }).encrypt(plaintext, {
      encryptionContext,
    })
    expect((await peer.decrypt(theirs, ciphertext)).plaintext).toEqual(plaintext)
    const peersMulti = new MultiKeyringNode({
      generator: generator.peer,
      children: [theirs],
    })
    const context = { ...encryptionContext }
    const { result } = await peer.encrypt(peersMulti, plaintext, { encryptionContext: context })
    expect(Buffer.from((await clientWith(ours).decrypt(result)).plaintext)).toEqual(plaintext)
  })

  it('of two tenants are read by both with suppliers, each under the branch key of its own', async () => {
    const { store, peers } = await pairFor('tenant a')
    await store.createKey({ branchKeyId: 'tenant b', encryptionContext })
    const branchKeyIdSupplier = ({ tenant = '' }: EncryptionContext) => `tenant ${tenant}`
    const ours = clientWith(
      new HierarchicalKeyring({ keyStore: store, branchKeyIdSupplier, ttlMs: 600_000 }),
    )
    const theirs = peerSupplierKeyring(peers, branchKeyIdSupplier)
    for (const tenant of ['a', 'b']) {
      const { ciphertext } = await ours.encrypt(plaintext, { encryptionContext: { tenant } })
      const { result } = await peer.encrypt(theirs, plaintext, { encryptionContext: { tenant } })
      for (const message of [ciphertext, result]) {
        const [key] = inspectMessage(message).encryptedDataKeys
        expect(Buffer.from(key?.providerInfo ?? []).toString()).toBe(`tenant ${tenant}`)
        expect(Buffer.from((await ours.decrypt(message)).plaintext)).toEqual(plaintext)
        expect((await peer.decrypt(theirs, message)).plaintext).toEqual(plaintext)
      }
    }
  })

  it('are refused by both with another branch key', async () => {
    const one = await pairFor('one')
    const two = await pairFor('two')
    const { ciphertext } = await clientWith(one.ours).encrypt(plaintext)
    const { result } = await peer.encrypt(one.theirs, plaintext)
    for (const message of [ciphertext, result]) {
      await expect(clientWith(two.ours).decrypt(message)).rejects.toMatchObject({
        code: 'ERR_UNWRAP_FAILED',
      })
      await expect(peer.decrypt(two.theirs, message)).rejects.toThrow(
        'There must be an encrypted data key that matches',
      )
    }
  })

  it('are read by both after the branch key was versioned, under the version they were written with', async () => {
    const { store, ours, theirs, peers } = await pairFor('versioned')
    const { ciphertext } = await clientWith(ours).encrypt(plaintext, { encryptionContext })
    await peers.versionKey({ branchKeyIdentifier: 'versioned' })
    const fresh = new HierarchicalKeyring({
      keyStore: store,
      branchKeyId: 'versioned',
      ttlMs: 1000,
    })
    const { ciphertext: newer } = await clientWith(fresh).encrypt(plaintext, { encryptionContext })
    expect(versionOf(newer)).not.toEqual(versionOf(ciphertext))
    for (const message of [ciphertext, newer]) {
      const read = await clientWith(fresh).decrypt(message)
      expect(Buffer.from(read.plaintext)).toEqual(plaintext)
      expect((await peer.decrypt(theirs, message)).plaintext).toEqual(plaintext)
    }
  })
})

/** The 16 bytes of a branch key version, behind salt and nonce in the encrypted data key. */
function versionOf(message: Uint8Array): Buffer {
  const [key] = inspectMessage(message).encryptedDataKeys
  return Buffer.from(key?.ciphertext ?? []).subarray(16 + 12, 16 + 12 + 16)
}

describe('behind caching CMMs', () => {
  const encrypt = { ours: [] as Uint8Array[], theirs: [] as Uint8Array[] }
  let ours: EnvelopeClient
  let theirs: NodeCachingMaterialsManager
  beforeAll(async () => {
    const pair = await pairFor('cached')
    const cache = new LocalCryptoMaterialsCache({ capacity: 100 })
    const cmm = new CachingCmm({ cache, keyring: pair.ours, maxAgeMs: 600_000 })
    ours = new EnvelopeClient({ cmm, commitmentPolicy: policy })
    theirs = peersCachingCmm(pair.theirs)
    for (let count = 0; count < 3; count++) {
      encrypt.ours.push((await ours.encrypt(plaintext, { encryptionContext })).ciphertext)
      const context = { ...encryptionContext }
      const options = { encryptionContext: context, plaintextLength: plaintext.length }
      encrypt.theirs.push((await peer.encrypt(theirs, plaintext, options)).result)
    }
  })

  it.each(['ours', 'theirs'] as const)(
    'messages share a data key, and both read them: %s',
    async (side) => {
      const wrapped = encrypt[side].map((message) => {
        return Buffer.from(inspectMessage(message).encryptedDataKeys[0]?.ciphertext ?? [])
      })
      expect(wrapped[1]).toEqual(wrapped[0])
      expect(wrapped[2]).toEqual(wrapped[0])
      for (const message of encrypt[side]) {
        expect(Buffer.from((await ours.decrypt(message)).plaintext)).toEqual(plaintext)
        expect((await peer.decrypt(theirs, message)).plaintext).toEqual(plaintext)
      }
    },
  )
})

function peersCachingCmm(keyring: KeyringNode): NodeCachingMaterialsManager {
  return new NodeCachingMaterialsManager({
    cache: getLocalCryptographicMaterialsCache(100),
    backingMaterials: keyring,
    maxAge: 600_000,
  })
}

describe('both sides version one branch key at the same time', () => {
  it('and each that succeeded made a version which both then read', async () => {
    const { store, peers } = await pairFor('raced')
    const first = await store.getActiveBranchKey({ branchKeyId: 'raced' })
    const racing = [
      ...[1, 2].map(() => store.versionKey({ branchKeyId: 'raced' })),
      ...[1, 2].map(() => peers.versionKey({ branchKeyIdentifier: 'raced' })),
    ]
    const settled = await Promise.allSettled(racing)
    const succeeded = settled.filter(({ status }) => status === 'fulfilled').length
    expect(succeeded).toBeGreaterThan(0)

    const storage = new DynamoDbKeyStorage({
      client: services.dynamoDb,
      tableName: stores.key.tableName,
    })
    const records = await storage.list('raced')
    const versions = records.filter(({ type }) => type.startsWith('branch:version:'))
    expect(versions).toHaveLength(1 + succeeded)
    const active = await store.getActiveBranchKey({ branchKeyId: 'raced' })
    expect(active.branchKeyVersion).not.toBe(first.branchKeyVersion)
    expect(branchKeyOf(active)).toEqual(peersBranchKeyOf(await peers.getActiveBranchKey('raced')))
    for (const { type } of versions) {
      const branchKeyVersion = type.slice('branch:version:'.length)
      const ours = await store.getBranchKeyVersion({ branchKeyId: 'raced', branchKeyVersion })
      const read = await peers.getBranchKeyVersion('raced', branchKeyVersion)
      expect(branchKeyOf(ours)).toEqual(peersBranchKeyOf(read))
    }
  })
})
