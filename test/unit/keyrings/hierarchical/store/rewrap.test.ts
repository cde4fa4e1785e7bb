import { KMSClient } from '@aws-sdk/client-kms'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { EnvelopeClient } from '../../../../../src/index.ts'
import {
  type BranchKeyRecord,
  type BranchKeyStore,
  type BranchKeyStoreOptions,
  HierarchicalKeyring,
  InMemoryKeyStorage,
  type KeyStorage,
  type RewrapDestination,
} from '../../../../../src/hierarchical.ts'
import { LocalKms } from '../../../../../src/local-kms/index.ts'
import {
  BranchKeyStores,
  away,
  hierarchyVersions,
  home,
  recordIn,
} from '../../../../support/branch-key-stores.ts'
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
let undo: (() => unknown)[] = []

beforeAll(async () => {
  stores = await BranchKeyStores.start()
})
afterEach(async () => {
  for (const step of undo) await step()
  undo = []
})
afterAll(() => stores.close())

/** A client of a region with somebody between who sees, or changes, what is asked and answered. */
function watchedClient(region: string, see: (members: Record<string, unknown>) => void) {
  const client = new KMSClient({ ...stores.regions.kms.clientConfig(region), maxAttempts: 1 })
  undo.push(() => client.destroy())
  client.middlewareStack.add(
    (next) => async (args) => {
      const { input }: { input: object } = args
      see(input as Record<string, unknown>)
      const result = await next(args)
      const { output }: { output: object } = result
      see(output as Record<string, unknown>)
      return result
    },
    { step: 'initialize' },
  )
  return client
}

const rewrap = (store: BranchKeyStore, to: RewrapDestination) =>
  store.rewrapKey({ branchKeyId, to })

describe.each(hierarchyVersions)('rewrapKey, hierarchy version %s', (hierarchyVersion) => {
  let original: Original
  beforeAll(async () => {
    original = await makeOriginal(stores, hierarchyVersion)
  })

  /** A copy of the branch key, and a store that is configured with its key. */
  async function copy(options: Partial<BranchKeyStoreOptions> = {}) {
    const storage = await copyOf(original)
    return { storage, store: stores.store({ storage, ...options }) }
  }

  async function expectUnder(
    storage: KeyStorage,
    keyArn: string,
    options: Partial<BranchKeyStoreOptions> = {},
  ) {
    expect(await recordsUnder(storage, branchKeyId)).toEqual({ [keyArn]: 4 })
    const kmsConfiguration = { type: 'key', keyArn } as const
    const reader = stores.store({ storage, kmsConfiguration, ...options })
    expect(await allKeys(reader, storage, branchKeyId)).toEqual(original.keys)
  }

  /** Nothing was moved. */
  async function expectAsItWas(storage: KeyStorage) {
    expect(await storage.list(branchKeyId)).toEqual(await original.storage.list(branchKeyId))
  }

  it('moves all records, and changes nothing of them but the key', async () => {
    const { storage, store } = await copy()
    const to = { keyArn: stores.otherKeyArn }
    stores.regions.kms.resetCalls()
    expect(await rewrap(store, to)).toEqual({ rewrapped: 4, alreadyThere: 0 })
    const calls = hierarchyVersion === 1 ? { ReEncrypt: 8 } : { Decrypt: 8, Encrypt: 4 }
    expect(stores.calls()).toEqual(calls)

    await expectUnder(storage, stores.otherKeyArn)
    for (const { type, attributes } of await storage.list(branchKeyId)) {
      const before = await recordIn(original.storage, branchKeyId, type)
      expect({ ...attributes, 'kms-arn': stores.keyArn }).toEqual(before.attributes)
    }
  })

  it('moves the active record first, so that nothing new comes under the old key', async () => {
    const moments = new Moments()
    const writes: string[] = []
    moments.let((_, what) => {
      if (what.startsWith('before write')) writes.push(what)
    })
    const storage = moments.storage(await copyOf(original))
    await rewrap(stores.store({ storage }), { keyArn: stores.otherKeyArn })
    expect(writes).toHaveLength(4)
    expect(writes[0]).toBe('before write branch:ACTIVE')
  })

  it('moves nothing where all is there, and opens it, also for a store with the new key', async () => {
    const { storage, store } = await copy()
    const to = { keyArn: stores.otherKeyArn }
    await rewrap(store, to)
    const kmsConfiguration = { type: 'key', ...to } as const
    for (const again of [store, stores.store({ storage, kmsConfiguration })]) {
      stores.regions.kms.resetCalls()
      expect(await rewrap(again, to)).toEqual({ rewrapped: 0, alreadyThere: 4 })
      expect(stores.calls()).toEqual({ [hierarchyVersion === 1 ? 'ReEncrypt' : 'Decrypt']: 4 })
    }
  })

  it('leaves messages as they are: they open by the new key alone', async () => {
    const { storage, store } = await copy()
    const keyringOn = (keyStore: BranchKeyStore) =>
      new HierarchicalKeyring({ keyStore, branchKeyId, ttlMs: 1000 })
    const before = new EnvelopeClient({ keyring: keyringOn(store) })
    const { ciphertext } = await before.encrypt('kept')
    await rewrap(store, { keyArn: stores.otherKeyArn })
    undo.push(stores.regions.kms.deny(stores.keyArn, 'Decrypt'))

    const kmsConfiguration = { type: 'key', keyArn: stores.otherKeyArn } as const
    const after = stores.store({ storage, kmsConfiguration })
    const client = new EnvelopeClient({ keyring: keyringOn(after) })
    expect(Buffer.from((await client.decrypt(ciphertext)).plaintext).toString()).toBe('kept')
    await after.versionKey({ branchKeyId })
    expect(await recordsUnder(storage, branchKeyId)).toEqual({ [stores.otherKeyArn]: 5 })
  })

  it('moves to another region by the client of that region', async () => {
    const { storage, store } = await copy()
    const keyArn = await stores.regions.kms.createKey({ region: away })
    const client = stores.regions.clientOf(away)
    expect(await rewrap(store, { keyArn, client })).toEqual({ rewrapped: 4, alreadyThere: 0 })
    await expectUnder(storage, keyArn, { client })
  })

  it('moves to another account by its client', async () => {
    const elsewhere = await LocalKms.start({ accountId: '999999999999', log: () => undefined })
    const client = new KMSClient({ ...elsewhere.clientConfig(home), maxAttempts: 1 })
    undo.push(
      () => client.destroy(),
      () => elsewhere.close(),
    )
    const { storage, store } = await copy({ grantTokens: [] })
    const keyArn = await elsewhere.createKey({ region: home })
    await rewrap(store, { keyArn, client })
    await expectUnder(storage, keyArn, { client })
  })

  it('moves from one replica of a multi-Region key to another, and back', async () => {
    const { storage, store } = await copy()
    await rewrap(store, { keyArn: stores.replicas[home] })

    const atHome = { type: 'multi-region-key', keyArn: stores.replicas[home] } as const
    const client = stores.regions.clientOf(away)
    const there = { keyArn: stores.replicas[away], client }
    await rewrap(stores.store({ storage, kmsConfiguration: atHome }), there)
    await expectUnder(storage, stores.replicas[away], { client })

    // The store's own replica opens what the other has wrapped, without a client for it.
    const back = stores.store({ storage, kmsConfiguration: atHome })
    expect(await rewrap(back, { keyArn: stores.replicas[home] })).toMatchObject({ rewrapped: 4 })
    await expectUnder(storage, stores.replicas[home])
  })

  it('moves only what is under the key of the store', async () => {
    const { storage, store } = await copy()
    const to = { keyArn: stores.otherKeyArn }
    for (const keyArn of [stores.replicas[home], stores.otherKeyArn]) {
      const kmsConfiguration = { type: 'key', keyArn } as const
      const error = await failure(() => rewrap(stores.store({ storage, kmsConfiguration }), to))
      expect(error).toMatchObject({ code: 'ERR_BRANCH_KEY_KMS' })
      expect(error.message).toContain(stores.keyArn)
    }
    // One record under a third key, and none is moved.
    const planted = stores.store({
      storage,
      kmsConfiguration: { type: 'key', keyArn: stores.replicas[home] },
    })
    const { branchKeyVersion } = await planted.createKey({
      branchKeyId: 'planted',
      encryptionContext: { tenant: 'é' },
      hierarchyVersion,
    })
    const type = `branch:version:${branchKeyVersion}` as const
    const record = { ...(await recordIn(storage, 'planted', type)), branchKeyId }
    await storage.write([{ record, replaces: undefined }])
    const before = await storage.list(branchKeyId)
    expect(await failure(() => rewrap(store, to))).toMatchObject({ code: 'ERR_BRANCH_KEY_KMS' })
    expect(await storage.list(branchKeyId)).toEqual(before)
  })

  it.each([{ type: 'discovery' }, { type: 'multi-region-discovery', region: home }] as const)(
    'refuses a store that discovers its keys: $type',
    async (kmsConfiguration) => {
      const { storage, store } = await copy({ kmsConfiguration })
      const error = await failure(() => rewrap(store, { keyArn: stores.otherKeyArn }))
      expect(error).toMatchObject({ code: 'ERR_BRANCH_KEY_KMS' })
      expect(error.message).toContain('"key" or "multi-region-key"')
      await expectAsItWas(storage)
    },
  )

  const tampered: Record<string, (record: BranchKeyRecord) => BranchKeyRecord> = {
    'an attribute is changed': (record) => ({
      ...record,
      attributes: { ...record.attributes, 'create-time': '2020-01-01T00:00:00.000000Z' },
    }),
    'the custom context is changed': (record) => ({
      ...record,
      attributes: { ...record.attributes, 'aws-crypto-ec:tenant': 'other' },
    }),
    'an attribute is there that is not known': (record) => ({
      ...record,
      attributes: { ...record.attributes, note: 'x' },
    }),
    'the ciphertext is changed': (record) => {
      const ciphertext = Buffer.from(record.ciphertext)
      ciphertext[ciphertext.length - 1] = (ciphertext.at(-1) ?? 0) ^ 1
      return { ...record, ciphertext }
    },
    'its type is that of another record': (record) => ({ ...record, type: 'beacon:ACTIVE' }),
    'its type is none': (record) => ({ ...record, type: 'branch:MUTATION' }) as never,
  }
  it.each(Object.entries(tampered))(
    'moves no record that was tampered with: %s',
    async (_, change) => {
      const whole = await copyOf(original)
      const records = await whole.list(branchKeyId)
      const writes: BranchKeyRecord[] = []
      const storage: KeyStorage = {
        name: 'tampered',
        read: (...asked) => whole.read(...asked),
        list: async () =>
          records.map((record) => (record.type === 'branch:ACTIVE' ? change(record) : record)),
        write: async (changes) => {
          writes.push(...changes.map(({ record }) => record))
          return 'written'
        },
      }
      const error = await failure(() =>
        rewrap(stores.store({ storage }), { keyArn: stores.otherKeyArn }),
      )
      expect(error).toMatchObject({ code: 'ERR_BRANCH_KEY_RECORD' })
      expect(writes).toEqual([])
    },
  )

  it('moves nothing beside a record of a type that is not known', async () => {
    const storage = await copyOf(original)
    const beacon = await recordIn(storage, branchKeyId, 'beacon:ACTIVE')
    // AWS's tools note by such records that they are changing the branch key.
    const unknown = { ...beacon, type: 'branch:MUTATION_COMMITMENT' } as never
    await storage.write([{ record: unknown, replaces: undefined }])
    const before = await storage.list(branchKeyId)
    const error = await failure(() =>
      rewrap(stores.store({ storage }), { keyArn: stores.otherKeyArn }),
    )
    expect(error).toMatchObject({ code: 'ERR_BRANCH_KEY_RECORD' })
    expect(await storage.list(branchKeyId)).toEqual(before)
  })

  it.each(['KeyId', 'SourceKeyId', 'CiphertextBlob', 'Plaintext'])(
    'refuses answers of KMS with another %s, and writes nothing',
    async (member) => {
      const spoilt = (answer: Record<string, unknown>) => {
        if ('$metadata' in answer && member in answer)
          answer[member] = member.endsWith('Id') ? stores.replicas[home] : undefined
      }
      const hasMember = {
        1: ['KeyId', 'SourceKeyId', 'CiphertextBlob'],
        2: ['KeyId', 'CiphertextBlob', 'Plaintext'],
      }[hierarchyVersion]
      const { storage, store } = await copy({ client: watchedClient(home, spoilt) })
      const moving = rewrap(store, { keyArn: stores.otherKeyArn })
      if (hasMember.includes(member)) {
        const { code } = await failure(() => moving)
        expect(['ERR_BRANCH_KEY_KMS', 'ERR_BRANCH_KEY_RECORD']).toContain(code)
        await expectAsItWas(storage)
      } else {
        await moving
      }
    },
  )

  it.each([false, true])(
    'writes nothing under a key that encrypts and does not decrypt; own client: %s',
    async (hasClient) => {
      const { storage, store } = await copy()
      const { kms } = stores.regions
      undo.push(
        kms.deny(stores.otherKeyArn, 'Decrypt'),
        kms.deny(stores.otherKeyArn, 'ReEncryptFrom'),
      )
      const client = hasClient ? { client: stores.regions.clientOf(home) } : {}
      const error = await failure(() => rewrap(store, { keyArn: stores.otherKeyArn, ...client }))
      expect(error).toMatchObject({ code: 'ERR_BRANCH_KEY_KMS' })
      expect(error.message).toContain(stores.otherKeyArn)
      await expectAsItWas(storage)
    },
  )

  it('overwrites what it has had in memory', async () => {
    const plaintexts: Uint8Array[] = []
    const client = watchedClient(home, ({ Plaintext }) => {
      if (Plaintext instanceof Uint8Array) plaintexts.push(Plaintext)
    })
    const { store } = await copy({ client })
    await rewrap(store, { keyArn: stores.otherKeyArn, client })
    // Of each record what was decrypted, what was encrypted, and what was decrypted again.
    expect(plaintexts).toHaveLength(12)
    expect(plaintexts.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true)
  })

  it('gives up where others make new versions all the time, and all stays readable', async () => {
    const { storage } = await copy()
    const rotating = stores.store({ storage })
    const moments = new Moments()
    moments.let(async (_, what) => {
      if (what === 'before write branch:ACTIVE') await rotating.versionKey({ branchKeyId })
    })
    const store = stores.store({ storage: moments.storage(storage) })
    const error = await failure(() => rewrap(store, { keyArn: stores.otherKeyArn }))
    expect(error).toMatchObject({ code: 'ERR_BRANCH_KEY_CONFLICT' })
    const { 'branch:ACTIVE': active, ...others } = original.keys
    const keys = await allKeys(discoverer(stores, storage), storage, branchKeyId)
    expect(keys).toMatchObject(others)
    expect(keys['branch:ACTIVE']).not.toBe(active)
  })
})

describe('the arguments of rewrapKey', () => {
  it.each<[string, (keyArn: string) => object, string]>([
    ['no destination', () => ({}), 'to'],
    ['an alias', () => ({ to: { keyArn: 'alias/new' } }), 'to.keyArn'],
    [
      'the ARN of an alias',
      () => ({ to: { keyArn: 'arn:aws:kms:eu-central-1:000000000000:alias/new' } }),
      'to.keyArn',
    ],
    ['a key id', () => ({ to: { keyArn: '1234abcd-12ab-34cd-56ef-1234567890ab' } }), 'to.keyArn'],
    ['a client that is none', (keyArn) => ({ to: { keyArn, client: {} } }), 'to.client'],
    ['a misspelt member', (keyArn) => ({ to: { keyArn, keyId: keyArn } }), 'keyId'],
    ['a misspelt name', (keyArn) => ({ to: { keyArn }, force: true }), 'force'],
    ['no branch key id', (keyArn) => ({ branchKeyId: undefined, to: { keyArn } }), 'branchKeyId'],
    [
      'a key of another region without its client',
      (keyArn) => ({ to: { keyArn: keyArn.replace(home, away) } }),
      'to.client',
    ],
  ])('are refused: %s', async (_, wrong, field) => {
    const store = stores.store()
    const options = { branchKeyId, ...wrong(stores.otherKeyArn) }
    const error = await failure(() => store.rewrapKey(options as never))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field })
  })

  it('can name a branch key that is not there', async () => {
    const error = await failure(() => rewrap(stores.store(), { keyArn: stores.otherKeyArn }))
    expect(error).toMatchObject({ code: 'ERR_BRANCH_KEY_NOT_FOUND' })
    expect(error.message).toContain(branchKeyId)
  })

  it('come with a storage that may be out', async () => {
    const storage = new InMemoryKeyStorage()
    storage.list = async () => Promise.reject(new Error('the disk is gone'))
    const store = stores.store({ storage })
    const error = await failure(() => rewrap(store, { keyArn: stores.otherKeyArn }))
    expect(error).toMatchObject({ code: 'ERR_KEY_STORAGE' })
  })
})
