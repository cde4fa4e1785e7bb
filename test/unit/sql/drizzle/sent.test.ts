import { randomBytes } from 'node:crypto'
import { relations, sql } from 'drizzle-orm'
import * as pg from 'drizzle-orm/pg-core'
import { drizzle } from 'drizzle-orm/pg-proxy'
import { describe, expect, it } from 'vitest'
import { RawAesKeyring } from '../../../../src/index.ts'
import { FieldCipher, defineTable } from '../../../../src/sql.ts'
import { encryptedDrizzle, pgBlindIndex, pgEncrypted } from '../../../../src/sql/drizzle/index.ts'

const accounts = defineTable('accounts', {
  primaryKey: { id: 'integer' },
  columns: {
    mainEmail: { type: 'string', index: { column: 'emailIndex', bits: 128 } },
    editor: 'string',
  },
})
const table = pg.pgTable('accounts', {
  id: pg.bigint({ mode: 'bigint' }).primaryKey(),
  owner: pg.bigint({ mode: 'bigint' }),
  mainEmail: pgEncrypted(accounts, 'mainEmail'),
  emailIndex: pgBlindIndex(accounts, 'emailIndex'),
  editor: pgEncrypted(accounts, 'editor').$onUpdateFn(() => 'nobody'),
})
const schema = {
  accounts: table,
  accountsRelations: relations(table, ({ one }) => ({
    owner: one(table, { fields: [table.owner], references: [table.id] }),
  })),
}
const cipher = new FieldCipher({
  keyring: new RawAesKeyring({
    keyNamespace: 'test',
    keyName: 'drizzle',
    wrappingKey: randomBytes(32),
  }),
  tables: [accounts],
  indexKey: { key: randomBytes(32) },
})

/** A database that notes what it is sent, and has these rows. */
function database(rows: unknown[][] = []) {
  const sent: { text: string; values: unknown[] }[] = []
  const plain = drizzle(
    async (text, values) => {
      sent.push({ text, values: values as unknown[] })
      return Promise.resolve({ rows })
    },
    { schema, casing: 'snake_case' },
  )
  return { sent, db: encryptedDrizzle(plain, { cipher, tables: [table] }) }
}

describe('what a database is sent', () => {
  it('names columns as its casing does', async () => {
    const { sent, db } = database()
    await db
      .insert(table)
      .values({ id: 1n, mainEmail: 'a@x.org', editor: 'Ann' })
      .onConflictDoUpdate({
        target: table.id,
        set: { mainEmail: sql`excluded.main_email`, editor: null },
      })
    expect(sent[0]?.text).toContain(
      'set "main_email" = excluded.main_email, "email_index" = excluded."email_index"',
    )
    const name = sql`${sql.identifier('main_email')} = 'a@x.org'`
    await expect(db.select({ id: table.id }).from(table).where(name)).rejects.toMatchObject({
      code: 'ERR_REFUSED_QUERY',
    })
  })

  it('has what $onUpdateFn sets in an upsert, encrypted', async () => {
    const { sent, db } = database()
    await db
      .insert(table)
      .values({ id: 1n, mainEmail: 'a@x.org', editor: 'Ann' })
      .onConflictDoUpdate({ target: table.id, set: { mainEmail: 'b@x.org' } })
    const editor = sent[0]?.values.at(-1) as Uint8Array
    expect(await cipher.decryptValue(accounts, 'editor', { id: 1n }, editor)).toBe('nobody')
  })
})

describe('a nested row', () => {
  const find = async (id: unknown) => {
    const stored = await cipher.encryptValue(accounts, 'editor', { id: 2n ** 53n - 1n }, 'Ann')
    const hex = `\\x${Buffer.from(stored as Uint8Array).toString('hex')}`
    const { db } = database([['1', [hex, id]]])
    return db.query.accounts.findMany({
      columns: { id: true },
      with: { owner: { columns: { editor: true } } },
    })
  }

  it('opens by its key', async () => {
    expect(await find(2 ** 53 - 1)).toEqual([{ id: 1n, owner: { editor: 'Ann' } }])
  })

  it('whose key lost digits says so', async () => {
    await expect(find(2 ** 53)).rejects.toMatchObject({
      code: 'ERR_FIELD',
      column: 'id',
      message: /lost digits/,
    })
  })
})
