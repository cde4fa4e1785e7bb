import { KMSClient } from '@aws-sdk/client-kms'
import { describe, expect, it, vi } from 'vitest'
import {
  type CryptoBackend,
  type CryptographicMaterialsManager,
  DefaultCmm,
  EnvelopeClient,
  MultiKeyring,
  inspectMessage,
} from '../../../src/index.ts'
import {
  BranchKeyStore,
  HierarchicalKeyring,
  InMemoryKeyStorage,
} from '../../../src/hierarchical.ts'
import { nodeBackend } from '../../../src/crypto/node.ts'
import { KmsKeyring } from '../../../src/kms.ts'
import { LocalKms } from '../../../src/local-kms/index.ts'
import { type FieldCipherOptions, FieldCipher, defineTable } from '../../../src/sql.ts'
import { cipherOf, errorOf, fieldErrorOf, indexKey, keyring, untyped, users } from './harness.ts'

const table = defineTable('t', {
  primaryKey: { a: 'string', b: 'integer' },
  columns: { text: 'string', note: 'string' },
})
const context = { table: 't', column: 'text', 'key.a': 'x', 'key.b': '7' }
const key = { a: 'x', b: 7 }
const suite = 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY'

describe('a value', () => {
  it('is a message whose context is its table, its column and its key, none of them stored', async () => {
    const cipher = cipherOf([table])
    const stored = Buffer.from(await cipher.encryptValue(table, 'text', key, 'secret'))
    expect(inspectMessage(stored)).toMatchObject({
      algorithmSuite: suite,
      encryptionContext: {},
    })
    for (const text of ['secret', 'key.a', 'text']) expect(stored.includes(text)).toBe(false)
    const client = new EnvelopeClient({ keyring })
    const { plaintext } = await client.decrypt(stored, { encryptionContext: context })
    expect(Buffer.from(plaintext).toString()).toBe('secret')
    expect(await cipher.decryptValue(table, 'text', key, stored)).toBe('secret')
    // The parts of the key in any order.
    expect(await cipher.decryptValue(table, 'text', { b: '007', a: 'x' }, stored)).toBe('secret')
  })

  it('of a table with storeContext stores them, and opens either way', async () => {
    const open = defineTable('t', {
      primaryKey: { a: 'string', b: 'integer' },
      columns: { text: 'string' },
      storeContext: true,
    })
    const cipher = cipherOf([open])
    const stored = Buffer.from(await cipher.encryptValue(open, 'text', key, 'secret'))
    expect(inspectMessage(stored).encryptionContext).toEqual(context)
    const { plaintext } = await new EnvelopeClient({ keyring }).decrypt(stored)
    expect(Buffer.from(plaintext).toString()).toBe('secret')
    expect(await cipherOf([table]).decryptValue(table, 'text', key, stored)).toBe('secret')
    const closed = await cipherOf([table]).encryptValue(table, 'text', key, 'closed')
    expect(await cipher.decryptValue(open, 'text', key, closed)).toBe('closed')
  })

  it.each([null, undefined])('is not %s, which is stored as it is', async (value) => {
    for (const type of ['string', 'json'] as const) {
      const one = defineTable('one', { primaryKey: { id: 'integer' }, columns: { value: type } })
      const cipher = cipherOf([one])
      const error = await fieldErrorOf(() =>
        cipher.encryptValue(one, 'value', { id: 1 }, untyped<string>(value)),
      )
      expect(error).toMatchObject({ code: 'ERR_FIELD', column: 'value' })
      const stored = untyped<string>(value)
      expect(
        await fieldErrorOf(() => cipher.decryptValue(one, 'value', { id: 1 }, stored)),
      ).toMatchObject({ code: 'ERR_FIELD', column: 'value' })
    }
  })
})

describe('keyrings and clients', () => {
  const cmm = new DefaultCmm({ keyring })

  it('a raw one, several, KMS and a hierarchy encrypt, and decrypt what they have encrypted', async () => {
    const kms = await LocalKms.start({ log: () => undefined })
    try {
      const client = new KMSClient(kms.clientConfig())
      const keyArn = await kms.createKey()
      const kmsKeyring = new KmsKeyring({ client, keyId: keyArn })
      const keyStore = new BranchKeyStore({
        client,
        kmsConfiguration: { type: 'key', keyArn },
        logicalKeyStoreName: 'keys',
        storage: new InMemoryKeyStorage(),
      })
      const { branchKeyId } = await keyStore.createKey()
      const hierarchical = new HierarchicalKeyring({ keyStore, branchKeyId, ttlMs: 60_000 })
      const multi = new MultiKeyring({ generator: kmsKeyring, children: [keyring] })
      for (const one of [keyring, multi, kmsKeyring, hierarchical]) {
        const cipher = cipherOf([users], { keyring: one })
        const row = { id: 7, email: 'a', name: null }
        const stored = await cipher.encryptRow(users, row)
        expect(await cipher.decryptRow(users, stored)).toEqual(row)
        expect(
          await fieldErrorOf(() => cipher.decryptRow(users, { ...stored, id: 8 })),
        ).toMatchObject({
          code: 'ERR_UNWRAP_FAILED',
        })
      }
    } finally {
      await kms.close()
    }
  })

  it('a client brings its own keyring and limits', async () => {
    const client = new EnvelopeClient({ keyring, maxEncryptedDataKeys: 1 })
    const cipher = cipherOf([users], { client })
    const stored = await cipher.encryptRow(users, { id: 1, email: 'a' })
    expect(await cipherOf([users]).decryptRow(users, stored)).toEqual({ id: 1, email: 'a' })
    const twice = new MultiKeyring({ generator: keyring, children: [keyring] })
    const two = await cipherOf([users], { keyring: twice }).encryptRow(users, { id: 1, email: 'a' })
    expect(await fieldErrorOf(() => cipher.decryptRow(users, two))).toMatchObject({
      code: 'ERR_TOO_MANY_DATA_KEYS',
    })
  })

  it('a value with many data keys is not given to a client, which may have no limit', async () => {
    const children = Array.from({ length: 16 }, () => keyring)
    const client = new EnvelopeClient({
      keyring: new MultiKeyring({ generator: keyring, children }),
    })
    const most = cipherOf([users], { client, maxEncryptedDataKeys: 17 })
    const stored = await most.encryptRow(users, { id: 1, email: 'a' })
    expect(await most.decryptRow(users, stored)).toEqual({ id: 1, email: 'a' })
    let asked = 0
    const asking: CryptographicMaterialsManager = {
      getEncryptionMaterials: (request) => cmm.getEncryptionMaterials(request),
      decryptMaterials: (request) => {
        asked++
        return cmm.decryptMaterials(request)
      },
    }
    const cautious = cipherOf([users], { client: new EnvelopeClient({ cmm: asking }) })
    for (const work of [
      () => cautious.decryptRow(users, stored),
      // What it would not read, it does not write.
      () => cipherOf([users], { client }).encryptRow(users, { id: 1, email: 'a' }),
    ]) {
      expect(await fieldErrorOf(work)).toMatchObject({ code: 'ERR_TOO_MANY_DATA_KEYS' })
    }
    expect(asked).toBe(0)
  })

  it('a backend encrypts the values', async () => {
    const backend = Object.create(nodeBackend) as CryptoBackend
    const random = vi.spyOn(backend, 'randomBytes')
    await cipherOf([users], { backend }).encryptRow(users, { id: 1, email: 'a' })
    expect(random).toHaveBeenCalled()
  })

  it('a CMM that adds a pair is refused, and so is one that drops the required keys', async () => {
    const over = (changed: Partial<CryptographicMaterialsManager>) =>
      cipherOf([users], {
        client: new EnvelopeClient({
          cmm: {
            getEncryptionMaterials: (request) => cmm.getEncryptionMaterials(request),
            decryptMaterials: (request) => cmm.decryptMaterials(request),
            ...changed,
          },
        }),
      })
    const adding = over({
      getEncryptionMaterials: (request) =>
        cmm.getEncryptionMaterials({
          ...request,
          encryptionContext: { ...request.encryptionContext, purpose: 'mine' },
        }),
    })
    const error = await fieldErrorOf(() => adding.encryptRow(users, { id: 1, email: 'a' }))
    expect(error).toMatchObject({ code: 'ERR_ENCRYPTION_CONTEXT', column: 'email' })
    expect(error.message).toContain('"purpose"')
    const dropping = over({
      getEncryptionMaterials: (request) =>
        cmm.getEncryptionMaterials({ ...request, requiredContextKeys: [] }),
    })
    expect(
      await fieldErrorOf(() => dropping.encryptRow(users, { id: 1, email: 'a' })),
    ).toMatchObject({ code: 'ERR_NO_DATA_KEY', column: 'email' })
  })

  it('what a client throws that is no error of the library is the cause', async () => {
    const failure = new Error('not ours')
    const client = {
      encrypt: () => Promise.reject(failure),
      decrypt: () => Promise.reject(failure),
    }
    const cipher = cipherOf([users], { client: untyped<EnvelopeClient>(client) })
    const { email } = await cipherOf([users]).encryptRow(users, { id: 1, email: 'a' })
    for (const work of [
      () => cipher.encryptRow(users, { id: 1, email: 'a' }),
      () => cipher.decryptRow(users, { id: 1, email }),
    ]) {
      expect(await fieldErrorOf(work)).toMatchObject({ code: 'ERR_FIELD', cause: failure })
    }
  })
})

describe('options', () => {
  const make = (options: object) => () => new FieldCipher(untyped<FieldCipherOptions>(options))
  const client = new EnvelopeClient({ keyring })
  const tables = [users]
  const same = defineTable('people', {
    primaryKey: { id: 'integer' },
    columns: { a: 'string' },
    boundAs: 'users',
  })
  const namesake = defineTable('users', {
    primaryKey: { id: 'integer' },
    columns: { a: 'string' },
    boundAs: 'others',
  })
  const indexed = defineTable('indexed', {
    primaryKey: { id: 'integer' },
    columns: { a: { type: 'string', index: { column: 'b', bits: 8 } } },
  })

  it.each([
    ['none', 'options', () => make(untyped<object>(undefined))()],
    ['neither keyring nor client', 'keyring', make({ tables })],
    ['both', 'keyring', make({ tables, keyring, client })],
    ['a keyring that is none', 'keyring', make({ tables, keyring: {} })],
    ['a client that is none', 'client', make({ tables, client: {} })],
    ['a limit of none', 'maxEncryptedDataKeys', make({ tables, keyring, maxEncryptedDataKeys: 0 })],
    ['no tables', 'tables', make({ keyring })],
    ['tables that are no array', 'tables', make({ keyring, tables: { users } })],
    ['a table that is none', 'tables[1]', make({ keyring, tables: [users, { ...users }] })],
    ['a hole in place of a table', 'tables[0]', make({ keyring, tables: new Array(1) })],
    ['a table twice', 'tables', make({ keyring, tables: [users, users] })],
    ['two tables bound to one name', 'tables', make({ keyring, tables: [users, same] })],
    ['two of one name, bound to two', 'tables', make({ keyring, tables: [users, namesake] })],
    ['no key for an index', 'indexKey', make({ keyring, tables: [indexed] })],
    ['a key for an index that is none', 'indexKey', make({ keyring, tables, indexKey: 5 })],
    [
      'a suite that there is not',
      'algorithmSuite',
      make({ keyring, tables, algorithmSuite: 'AES' }),
    ],
    ['no concurrency', 'concurrency', make({ keyring, tables, concurrency: 0 })],
    ['too much of it', 'concurrency', make({ keyring, tables, concurrency: 1001 })],
    ['a backend that is none', 'backend', make({ keyring, tables, backend: {} })],
    ['one that there is not', 'table', make({ keyring, tables, table: users })],
  ])('%s', async (_, field, work) => {
    const error = await errorOf(work)
    expect(['ERR_INVALID_ARGUMENT', 'ERR_UNKNOWN_ALGORITHM_SUITE']).toContain(error['code'])
    if (error['code'] === 'ERR_INVALID_ARGUMENT') expect(error).toMatchObject({ field })
  })

  it('a suite without commitment is refused when the cipher is made', async () => {
    const algorithmSuite = 'ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA256'
    const error = await errorOf(make({ keyring, tables, algorithmSuite }))
    expect(error).toMatchObject({ code: 'ERR_COMMITMENT_POLICY' })
    const old = new EnvelopeClient({ keyring, commitmentPolicy: 'FORBID_ENCRYPT_ALLOW_DECRYPT' })
    const cipher = cipherOf(tables, { client: old, algorithmSuite })
    const stored = await cipher.encryptRow(users, { id: 1, email: 'a' })
    expect(await cipher.decryptRow(users, stored)).toEqual({ id: 1, email: 'a' })
  })

  it('are copied, and the tables are what they were', () => {
    const list = [users]
    const cipher = new FieldCipher({ keyring, tables: list })
    list.length = 0
    expect(cipher.tables).toEqual([users])
    expect(Object.isFrozen(cipher.tables)).toBe(true)
  })

  it('a call is refused with a table, a column, a key or an option that is none', async () => {
    const cipher = cipherOf([users, indexed], { indexKey })
    const id = { id: 1 }
    const column = untyped<'email'>('toString')
    for (const [field, work] of [
      ['table', () => cipher.encryptRow(table, { ...key })],
      ['table', () => cipher.encryptRow(untyped<typeof users>({ ...users }), id)],
      ['column', () => cipher.encryptValue(users, column, id, 'a')],
      ['column', () => cipher.decryptValue(users, column, id, 'a')],
      ['column', () => cipher.indexValue(users, column, 'a')],
      ['key', () => cipher.encryptValue(users, 'email', untyped<typeof id>('id'), 'a')],
      // What mysql2 returns, of which the first is meant.
      ['rows[0]', () => cipher.decryptRows(users, [[id], []])],
      ['rows[0]', () => cipher.encryptRow(users, untyped<typeof id>([id]))],
      ['values', () => cipher.indexValues(indexed, 'a', untyped<string[]>('a'))],
      ['values', () => cipher.areMatches(indexed, 'a', untyped<string[]>('a'), [])],
      ['searched', () => cipher.areMatches(indexed, 'a', [], untyped<string[]>('a'))],
      ['abort', () => cipher.encryptRow(users, id, untyped<object>({ abort: 1 }))],
      ['options', () => cipher.decryptRow(users, id, untyped<object>(null))],
    ] as const) {
      expect(await errorOf(work)).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field })
    }
    for (const work of [
      () => cipher.indexValue(users, 'email', 'a'),
      () => cipher.isMatch(users, 'email', 'a', 'a'),
      () => cipher.areMatches(users, 'email', ['a'], ['a']),
    ]) {
      const error = await fieldErrorOf(work)
      expect(error).toMatchObject({ code: 'ERR_FIELD', table: 'users', column: 'email' })
      expect(error.message).toContain('no blind index')
    }
    expect(cipher.isMatch(indexed, 'a', null, 'a')).toBe(false)
    expect(cipher.isMatch(indexed, 'a', 'e\u0301', 'é')).toBe(true)
  })
})
