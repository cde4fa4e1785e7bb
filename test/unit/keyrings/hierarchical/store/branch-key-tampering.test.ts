import { ReEncryptCommand } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type BranchKeyMaterials,
  type BranchKeyRecord,
  type BranchKeyRecordType,
  type BranchKeyStore,
  InMemoryKeyStorage,
  type KmsConfiguration,
} from '../../../../../src/hierarchical.ts'
import {
  BranchKeyStores,
  away,
  changedStorage,
  hierarchyVersions,
  home,
  recordIn,
} from '../../../../support/branch-key-stores.ts'
import { failure } from '../../../../support/materials.ts'

const branchKeyId = 'tenant-acme'
const otherId = 'tenant-other'
const encryptionContext = { tenant: 'acme', plan: 'gold' }
const otherUuid = 'dfb80b71-8e80-4d74-8ac0-0e940533219e'

/** What whoever can write to the storage finds there and can put in the place of a record. */
interface Found {
  readonly stores: BranchKeyStores
  /** Another record of the branch key: the version for the active one, else the active one. */
  readonly sibling: BranchKeyRecord
  /** The same of the version before. */
  readonly earlier: BranchKeyRecord
  /** The same of another branch key, with the same encryption context. */
  readonly foreign: BranchKeyRecord
  /** The same of a store with another logical name. */
  readonly otherStore: BranchKeyRecord
  /** The same under another KMS key. */
  readonly otherKey: BranchKeyRecord
}

type Change = (record: BranchKeyRecord, found: Found) => unknown

const set =
  (name: string, value: string): Change =>
  (record) => ({ ...record, attributes: { ...record.attributes, [name]: value } })
const without =
  (name: string): Change =>
  (record) => {
    const kept = Object.entries(record.attributes).filter(([other]) => other !== name)
    return { ...record, attributes: Object.fromEntries(kept) }
  }
const withBytes =
  (change: (bytes: Buffer) => Uint8Array): Change =>
  (record) => ({ ...record, ciphertext: change(Buffer.from(record.ciphertext)) })
const withCiphertextOf =
  (name: Exclude<keyof Found, 'stores'>): Change =>
  (record, found) => ({ ...record, ciphertext: found[name].ciphertext })
const withKmsArn =
  (arnOf: (stores: BranchKeyStores) => string): Change =>
  (record, found) =>
    set('kms-arn', arnOf(found.stores))(record, found)
/** All of another record, under the id and type that are asked for. */
const replacedBy =
  (name: Exclude<keyof Found, 'stores'>): Change =>
  ({ type }, found) => ({ ...found[name], branchKeyId, type })

const trimmedTime: Change = (record, found) =>
  set('create-time', (record.attributes['create-time'] ?? '').replace(/000Z$/, 'Z'))(record, found)
const otherHierarchyVersion: Change = (record, found) =>
  set('hierarchy-version', record.attributes['hierarchy-version'] === '1' ? '2' : '1')(
    record,
    found,
  )
const unprefixed: Change = (record, found) => {
  const kept = without('aws-crypto-ec:plan')(record, found) as BranchKeyRecord
  return set('plan', 'gold')(kept, found)
}
const prototypeAttribute: Change = (record) => ({
  ...record,
  attributes: Object.fromEntries([...Object.entries(record.attributes), ['__proto__', 'x']]),
})
const otherType: Change = (record) => ({
  ...record,
  type: record.type === 'beacon:ACTIVE' ? 'branch:ACTIVE' : 'beacon:ACTIVE',
})

function flipped(bytes: Buffer, at: number): Buffer {
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  return bytes
}

/** The values are well-formed, so that it is KMS or the digest that has to refuse them. */
const changes: [string, Change][] = [
  ['another time', set('create-time', '2020-01-01T00:00:00.000000Z')],
  ['the time without its microseconds', trimmedTime],
  ['another pair', set('aws-crypto-ec:tenant', 'other')],
  ['one more pair', set('aws-crypto-ec:admin', 'true')],
  ['one pair less', without('aws-crypto-ec:plan')],
  ['a pair without its prefix', unprefixed],
  ['an attribute of no meaning', set('note', 'x')],
  ['the other hierarchy version', otherHierarchyVersion],
  ["the ARN of the multi-Region key's other replica", withKmsArn(({ replicas }) => replicas[away])],
  ['the ARN of another KMS key', withKmsArn(({ otherKeyArn }) => otherKeyArn)],
  ['a flipped bit at the start', withBytes((bytes) => flipped(bytes, 0))],
  ['a flipped bit at the end', withBytes((bytes) => flipped(bytes, bytes.length - 1))],
  ['a byte less', withBytes((bytes) => bytes.subarray(0, -1))],
  ['a byte more', withBytes((bytes) => Buffer.concat([bytes, Buffer.alloc(1)]))],
  ['the key of another record of the branch key', withCiphertextOf('sibling')],
  ['the key of another branch key', withCiphertextOf('foreign')],
  ['the key of another store', withCiphertextOf('otherStore')],
  ['a key under another KMS key', withCiphertextOf('otherKey')],
  ['the record of another branch key', replacedBy('foreign')],
  ['the record of another store', replacedBy('otherStore')],
]

/** KMS is not asked for these. */
const malformed: [string, Change][] = [
  ['no time', without('create-time')],
  ['no time in UTC', set('create-time', '2020-01-01T00:00:00.000000')],
  ['no KMS key', without('kms-arn')],
  ['the ARN of an alias', set('kms-arn', 'arn:aws:kms:eu-central-1:111122223333:alias/key')],
  ['no hierarchy version', without('hierarchy-version')],
  ['an unknown hierarchy version', set('hierarchy-version', '3')],
  ['the logical name as an attribute', set('tablename', 'test-keys')],
  ['the wrapped key as an attribute', set('enc', 'x')],
  ['the id as an attribute', set('branch-key-id', branchKeyId)],
  ['the type as an attribute', set('type', 'branch:ACTIVE')],
  ['an attribute that objects lose', prototypeAttribute],
  ['an attribute that is no text', (r) => ({ ...r, attributes: { ...r.attributes, note: 1 } })],
  ['no attributes', (r) => ({ ...r, attributes: undefined })],
  ['no wrapped key', (r) => ({ ...r, ciphertext: undefined })],
  ['an empty wrapped key', withBytes(() => new Uint8Array(0))],
  ['a wrapped key longer than any', withBytes(() => new Uint8Array(6145))],
  ['another id', (r) => ({ ...r, branchKeyId: otherId })],
  ['another type', otherType],
  ['nothing that is a record', () => []],
]

const typedChanges: Record<'active' | 'version' | 'beacon', [string, Change][]> = {
  active: [
    ['another version', set('version', `branch:version:${otherUuid}`)],
    ['no version', without('version')],
    ['a version without its prefix', set('version', otherUuid)],
    ['a version that is no UUID', set('version', 'branch:version:1')],
    ['the key of the version before', withCiphertextOf('earlier')],
  ],
  version: [
    ['a version', set('version', `branch:version:${otherUuid}`)],
    ['the key of the version before', withCiphertextOf('earlier')],
    ['the record of the version before', replacedBy('earlier')],
  ],
  beacon: [['a version', set('version', `branch:version:${otherUuid}`)]],
}

let stores: BranchKeyStores
beforeAll(async () => {
  stores = await BranchKeyStores.start()
})
afterAll(() => stores.close())

describe.each(hierarchyVersions)('a record of hierarchy version %i', (hierarchyVersion) => {
  const storage = new InMemoryKeyStorage()
  const otherStorage = new InMemoryKeyStorage()
  const otherKeyStorage = new InMemoryKeyStorage()
  let kmsConfiguration: KmsConfiguration
  let versions: Record<'earlier' | 'now' | 'foreign' | 'otherStore' | 'otherKey', string>

  beforeAll(async () => {
    kmsConfiguration = { type: 'multi-region-key', keyArn: stores.replicas[home] }
    const store = stores.store({ storage, kmsConfiguration })
    const create = async (of: BranchKeyStore, id = branchKeyId) => {
      const options = { branchKeyId: id, encryptionContext, hierarchyVersion }
      return (await of.createKey(options)).branchKeyVersion
    }
    const logicalKeyStoreName = 'other-keys'
    const keyArn = stores.otherKeyArn
    versions = {
      earlier: await create(store),
      now: (await store.versionKey({ branchKeyId })).branchKeyVersion,
      foreign: await create(store, otherId),
      otherStore: await create(
        stores.store({ storage: otherStorage, kmsConfiguration, logicalKeyStoreName }),
      ),
      otherKey: await create(
        stores.store({ storage: otherKeyStorage, kmsConfiguration: { type: 'key', keyArn } }),
      ),
    }
  })
  beforeEach(() => {
    stores.regions.kms.resetCalls()
  })

  const kinds = {
    active: {
      typeOf: (): BranchKeyRecordType => 'branch:ACTIVE',
      get: (store: BranchKeyStore): Promise<BranchKeyMaterials> =>
        store.getActiveBranchKey({ branchKeyId }),
    },
    version: {
      typeOf: (version: string): BranchKeyRecordType => `branch:version:${version}`,
      get: (store: BranchKeyStore): Promise<BranchKeyMaterials> =>
        store.getBranchKeyVersion({ branchKeyId, branchKeyVersion: versions.now }),
    },
    beacon: {
      typeOf: (): BranchKeyRecordType => 'beacon:ACTIVE',
      get: (store: BranchKeyStore): Promise<BranchKeyMaterials> =>
        store.getBeaconKey({ branchKeyId }),
    },
  }

  async function find(kind: keyof typeof kinds): Promise<Found> {
    const { typeOf } = kinds[kind]
    const sibling = kind === 'active' ? `branch:version:${versions.now}` : 'branch:ACTIVE'
    return {
      stores,
      sibling: await recordIn(storage, branchKeyId, sibling as BranchKeyRecordType),
      earlier: await recordIn(storage, branchKeyId, `branch:version:${versions.earlier}`),
      foreign: await recordIn(storage, otherId, typeOf(versions.foreign)),
      otherStore: await recordIn(otherStorage, branchKeyId, typeOf(versions.otherStore)),
      otherKey: await recordIn(otherKeyStorage, branchKeyId, typeOf(versions.otherKey)),
    }
  }

  /**
   * A store that reads changed records, and takes any KMS key, so that none is refused for its ARN
   * alone.
   */
  async function storeWith(kind: keyof typeof kinds, change: Change, writes = false) {
    const found = await find(kind)
    const changed = changedStorage(storage, (record) => change(record, found))
    const configuration = writes
      ? kmsConfiguration
      : ({ type: 'multi-region-discovery', region: home } as const)
    const store = stores.store({ storage: changed, kmsConfiguration: configuration })
    return { store, changed }
  }

  describe.each(['active', 'version', 'beacon'] as const)('%s', (kind) => {
    it('opens as it is', async () => {
      const { store } = await storeWith(kind, (record) => record)
      expect(await kinds[kind].get(store)).toMatchObject({ branchKeyId, encryptionContext })
    })

    it.each(malformed)('is refused without a call of KMS with %s', async (_, change) => {
      const { store } = await storeWith(kind, change)
      expect(await failure(() => kinds[kind].get(store))).toMatchObject({
        code: 'ERR_BRANCH_KEY_RECORD',
      })
      expect(stores.calls()).toEqual({})
    })

    it.each([...changes, ...typedChanges[kind]])('is refused with %s', async (_, change) => {
      const { store } = await storeWith(kind, change)
      const { code, message } = await failure(() => kinds[kind].get(store))
      expect(code).toBe('ERR_BRANCH_KEY_RECORD')
      const type = kinds[kind].typeOf(versions.now)
      for (const part of [type, branchKeyId, 'memory', 'backup']) expect(message).toContain(part)
    })
  })

  it.each([...changes, ...malformed, ...typedChanges.active])(
    'is not rotated with %s, and no key is made',
    async (_, change) => {
      const { store, changed } = await storeWith('active', change, true)
      const { code } = await failure(() => store.versionKey({ branchKeyId }))
      // A record under a KMS key that the store is not configured with is refused for that.
      expect(['ERR_BRANCH_KEY_RECORD', 'ERR_BRANCH_KEY_KMS']).toContain(code)
      expect(changed.writes).toBe(0)
      const { GenerateDataKey, GenerateDataKeyWithoutPlaintext } = stores.calls()
      expect([GenerateDataKey, GenerateDataKeyWithoutPlaintext]).toEqual([undefined, undefined])
    },
  )

  it('is refused by a store of another logical name', async () => {
    const store = stores.store({ storage, kmsConfiguration, logicalKeyStoreName: 'other-keys' })
    for (const { get } of Object.values(kinds)) {
      const { code, message } = await failure(() => get(store))
      expect(code).toBe('ERR_BRANCH_KEY_RECORD')
      expect(message).toContain('logicalKeyStoreName')
    }
  })
})

it('of version 1 keeps an attribute that was there when it was wrapped', async () => {
  // Some put attributes of their own there, which are authenticated as all others are.
  const storage = new InMemoryKeyStorage()
  const store = stores.store({ storage })
  const { branchKeyVersion } = await store.createKey({ branchKeyId, encryptionContext })
  await addNote(storage, 'kept')

  const active = await store.getActiveBranchKey({ branchKeyId })
  expect(active).toMatchObject({ branchKeyVersion, encryptionContext })
  await store.versionKey({ branchKeyId })
  const { attributes } = await recordIn(storage, branchKeyId, 'branch:ACTIVE')
  expect(attributes).toMatchObject({ note: 'kept' })
  expect((await store.getActiveBranchKey({ branchKeyId })).encryptionContext).toEqual(
    encryptionContext,
  )
})

/** Adds an attribute to the active record, as who may call KMS can: its key is bound to it. */
async function addNote(storage: InMemoryKeyStorage, note: string): Promise<void> {
  const record = await recordIn(storage, branchKeyId, 'branch:ACTIVE')
  const { type, ciphertext } = record
  const context = { ...record.attributes, 'branch-key-id': branchKeyId, type }
  const SourceEncryptionContext = { ...context, tablename: 'test-keys' }
  const command = new ReEncryptCommand({
    CiphertextBlob: ciphertext,
    SourceEncryptionContext,
    DestinationKeyId: stores.keyArn,
    DestinationEncryptionContext: { ...SourceEncryptionContext, note },
  })
  const { CiphertextBlob } = await stores.regions.clientOf(home).send(command)
  if (!CiphertextBlob) throw new Error('KMS answered without a ciphertext')
  const attributes = { ...record.attributes, note }
  await storage.write([
    { record: { ...record, attributes, ciphertext: CiphertextBlob }, replaces: ciphertext },
  ])
}
