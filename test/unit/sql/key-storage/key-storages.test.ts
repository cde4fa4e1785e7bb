import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { BranchKeyStore, HierarchicalKeyring } from '../../../../src/sql/key-storage/index.ts'
import { EnvelopeClient } from '../../../../src/index.ts'
import { BranchKeyStores } from '../../../support/branch-key-stores.ts'
import { create, keyStorageCases, recordOf } from '../../../support/key-storage-spec.ts'
import { type StartedKeyStorage, keyStorages } from '../../../support/sql/key-storages.ts'

let kms: BranchKeyStores
beforeAll(async () => {
  kms = await BranchKeyStores.start()
})
afterAll(async () => kms.close())

describe.each(keyStorages())('%s', (_name, start) => {
  let started: StartedKeyStorage
  beforeAll(async () => {
    started = await start()
  }, 60_000)
  afterAll(async () => started.close())

  it('says that there is no table, then creates it once', async () => {
    const { storage } = started
    await expect(storage.read('a', 'branch:ACTIVE')).rejects.toMatchObject({
      code: 'ERR_KEY_STORAGE',
      message: expect.stringContaining('createTable()'),
    })
    await expect(create(storage, recordOf('a'))).rejects.toMatchObject({ code: 'ERR_KEY_STORAGE' })
    const outcomes = await Promise.all([
      storage.createTable(),
      storage.createTable(),
      storage.createTable(),
    ])
    expect(outcomes.filter(({ created }) => created)).toHaveLength(1)
    expect(await storage.createTable()).toEqual({ created: false })
  })

  describe('as a KeyStorage', () => {
    test.each(keyStorageCases)('$name', async ({ run }) => run(started.storage), 60_000)
  })

  it.each(['', 'a\0b', '\ud800', 'x'.repeat(2049), '\u{1f9ad}'.repeat(513)])(
    'refuses an id that a database would store as another',
    async (branchKeyId) => {
      await expect(create(started.storage, recordOf(branchKeyId))).rejects.toMatchObject({
        code: 'ERR_INVALID_ARGUMENT',
        field: 'branchKeyId',
      })
      await expect(started.storage.list(branchKeyId)).rejects.toThrow('branchKeyId')
    },
  )

  it('keeps an id of 2048 bytes', async () => {
    const record = recordOf('x'.repeat(2048))
    await create(started.storage, record)
    const read = await started.storage.read(record.branchKeyId, 'branch:ACTIVE')
    expect(read?.attributes).toEqual(record.attributes)
  })

  it.each([
    ["attributes = ''", 'no JSON object'],
    ["attributes = '[]'", 'no JSON object'],
    [`attributes = '{"a":1}'`, 'no JSON object'],
    ["type = 'other'", 'of a type'],
  ])('refuses a record that somebody has edited: %s', async (edit, reason) => {
    const record = recordOf(`edited ${edit.replaceAll("'", '')}`)
    await create(started.storage, record)
    const id = record.branchKeyId
    await started.execute(
      `UPDATE ${started.storage.name} SET ${edit} WHERE branch_key_id = '${id}'`,
    )
    await expect(started.storage.list(id)).rejects.toMatchObject({
      code: 'ERR_BRANCH_KEY_RECORD',
      message: expect.stringContaining(reason),
    })
  })

  it('is a store of branch keys: created, used, rotated and moved to another KMS key', async () => {
    const { storage } = started
    const store = kms.store({ storage })
    const { branchKeyId } = await store.createKey()
    const client = new EnvelopeClient({
      keyring: new HierarchicalKeyring({ keyStore: store, branchKeyId, ttlMs: 60_000 }),
    })
    const { ciphertext: first } = await client.encrypt(Buffer.from('first'))
    await store.versionKey({ branchKeyId })
    const rotated = new EnvelopeClient({
      keyring: new HierarchicalKeyring({ keyStore: store, branchKeyId, ttlMs: 60_000 }),
    })
    const { ciphertext: second } = await rotated.encrypt(Buffer.from('second'))
    await store.rewrapKey({ branchKeyId, to: { keyArn: kms.otherKeyArn } })
    const moved = new BranchKeyStore({
      client: kms.regions.clientOf('eu-central-1'),
      kmsConfiguration: { type: 'key', keyArn: kms.otherKeyArn },
      logicalKeyStoreName: 'test-keys',
      storage,
    })
    const reader = new EnvelopeClient({
      keyring: new HierarchicalKeyring({ keyStore: moved, branchKeyId, ttlMs: 60_000 }),
    })
    const read = await Promise.all(
      [first, second].map(async (message) => (await reader.decrypt(message)).plaintext),
    )
    expect(read.map((bytes) => Buffer.from(bytes).toString())).toEqual(['first', 'second'])
  })

  it('lets one of several rotations at once win, and says so to the others', async () => {
    const store = kms.store({ storage: started.storage })
    const { branchKeyId } = await store.createKey()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 4 }, async () => store.versionKey({ branchKeyId })),
    )
    const failures = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as { code: string }] : [],
    )
    expect(failures.every(({ code }) => code === 'ERR_BRANCH_KEY_CONFLICT')).toBe(true)
    expect(failures.length).toBeLessThan(4)
    const records = await started.storage.list(branchKeyId)
    expect(records).toHaveLength(3 + 4 - failures.length)
  })

  it('refuses a table of something else, where two could create one branch key', async () => {
    const { name } = started.storage
    await started.execute(`DROP TABLE ${name}`)
    await started.execute(`CREATE TABLE ${name} (branch_key_id text, type text)`)
    await expect(started.storage.createTable()).rejects.toMatchObject({
      code: 'ERR_KEY_STORAGE',
      message: expect.stringContaining('no table of branch keys'),
    })
    await started.execute(`DROP TABLE ${name}`)
  })
})
