import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Keyring, RawAesKeyring, RawRsaKeyring } from '../../src/index.ts'
import { encryptedPg } from '../../src/sql/pg/index.ts'
import { FieldCipher, defineTable } from '../../src/sql.ts'

// What encrypted columns do not prevent, as the guide on the threat model says. A test that fails here may be good
// news: then the guide has to be corrected.

const keyring = new RawAesKeyring({
  keyNamespace: 'tests',
  keyName: 'a',
  wrappingKey: Buffer.alloc(32, 5),
})
const indexKey = { key: Buffer.alloc(32, 6) }

const users = defineTable('users', {
  primaryKey: { id: 'integer' },
  columns: { email: { type: 'string', index: { column: 'email_index', bits: 128 } } },
})
const cipher = new FieldCipher({ keyring, tables: [users], indexKey })

describe('through a database', () => {
  let postgres: PGlite
  beforeAll(async () => {
    postgres = await PGlite.create()
    await postgres.exec(
      'CREATE TABLE users (id serial PRIMARY KEY, login text, email bytea, email_index bytea)',
    )
  })
  afterAll(async () => {
    await postgres.close()
  })

  it('a value that is written under a key that the database chose opens in the row that gets that key', async () => {
    const db = encryptedPg(postgres, { cipher })
    const ada = await db.insertGenerated(users, { login: 'ada', email: 'ada@example.com' })
    await postgres.exec(`UPDATE users SET id = -1; SELECT setval('users_id_seq', 1, false)`)
    const eve = await db.insertGenerated(users, { login: 'eve', email: 'eve@example.com' })
    expect(eve.id).toBe(ada.id)
    await postgres.exec(`
      UPDATE users SET email = (SELECT email FROM users WHERE login = 'eve') WHERE login = 'ada';
      DELETE FROM users WHERE login = 'eve';
      UPDATE users SET id = 1`)
    expect(await db.select(users, { columns: ['login', 'email'] })).toEqual([
      { login: 'ada', email: 'eve@example.com' },
    ])
  })

  it('a copied index takes the place of its row where the database limits', async () => {
    const db = encryptedPg(postgres, { cipher })
    await postgres.exec('DELETE FROM users')
    await db.insert(users, [
      { id: 1, email: 'grace@example.com' },
      { id: 2, email: 'ada@example.com' },
    ])
    const where = { email: 'ada@example.com' }
    await postgres.exec(
      'UPDATE users SET email_index = (SELECT email_index FROM users WHERE id = 2) WHERE id = 1',
    )
    expect(await db.select(users, { columns: ['id'], where })).toEqual([{ id: 2 }])
    const limited = { columns: ['id'] as const, where, orderBy: 'id' as const, limit: 1 }
    expect(await db.select(users, limited)).toEqual([])
  })
})

it('a row is given another owner by who can write the columns that are not encrypted', async () => {
  const stored = await cipher.encryptRow(users, { id: 7, owner: 'ada', email: 'ada@example.com' })
  const row = await cipher.decryptRow(users, { ...stored, owner: 'eve' })
  expect(row).toEqual({ id: 7, owner: 'eve', email: 'ada@example.com' })
})

it('a value can be made by who has a public key that the keyring opens', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const names = { keyNamespace: 'tests', keyName: 'rsa', padding: 'oaep-sha256' } as const
  const cipherOf = (rsa: Keyring) => new FieldCipher({ keyring: rsa, tables: [users], indexKey })
  const forger = cipherOf(new RawRsaKeyring({ ...names, publicKey }))
  const application = cipherOf(new RawRsaKeyring({ ...names, publicKey, privateKey }))
  const forged = await forger.encryptValue(users, 'email', { id: 7 }, 'eve@example.com')
  expect(await application.decryptValue(users, 'email', { id: 7 }, forged)).toBe('eve@example.com')
})

describe('a table of the same name under the same keyring, in another database', () => {
  const copyOf = (boundAs: string) =>
    defineTable('notes', {
      boundAs,
      primaryKey: { id: 'integer' },
      columns: { text: 'string' },
    })
  const valueFor = async (boundAs: string) => {
    const table = copyOf(boundAs)
    const written = new FieldCipher({ keyring, tables: [table] })
    return written.encryptValue(table, 'text', { id: 7 }, 'a note')
  }
  const notes = copyOf('notes')
  const reader = new FieldCipher({ keyring, tables: [notes] })

  it('has values that open here', async () => {
    const value = await valueFor('notes')
    expect(await reader.decryptValue(notes, 'text', { id: 7 }, value)).toBe('a note')
  })

  it('has none, if each is bound to a name of its own', async () => {
    const value = await valueFor('notes of another')
    await expect(reader.decryptValue(notes, 'text', { id: 7 }, value)).rejects.toThrow(/decrypted/)
  })
})

it.each(['uuid', 'integer'] as const)(
  'a key of type %s in a column of text is the same in more than one spelling',
  async (type) => {
    const table = defineTable('texts', { primaryKey: { id: type }, columns: { text: 'string' } })
    const written = new FieldCipher({ keyring, tables: [table] })
    const [id, again] =
      type === 'uuid'
        ? [`a${randomUUID().slice(1)}`, (text: string) => text.toUpperCase()]
        : ['7', (text: string) => `0${text}`]
    const stored = await written.encryptRow(table, { id, text: 'a note' })
    const copy = { ...stored, id: again(id) }
    expect(copy.id).not.toBe(id)
    expect((await written.decryptRow(table, copy)).text).toBe('a note')
  },
)
