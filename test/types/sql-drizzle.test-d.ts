import { eq } from 'drizzle-orm'
import type { MySql2Database } from 'drizzle-orm/mysql2'
import { char, mysqlTable } from 'drizzle-orm/mysql-core'
import type { PgliteDatabase } from 'drizzle-orm/pglite'
import { pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { describe, expectTypeOf, it } from 'vitest'
import {
  encryptedDrizzle,
  mysqlBlindIndex,
  mysqlEncrypted,
  pgBlindIndex,
  pgEncrypted,
} from '../../src/sql/drizzle/index.ts'
import { type FieldCipher, defineTable, json } from '../../src/sql.ts'

const users = defineTable('users', {
  primaryKey: { id: 'uuid' },
  columns: {
    email: { type: 'string', index: { column: 'emailIndex', bits: 20 } },
    birthday: 'date',
    address: json<{ city: string }>(),
  },
})

const usersTable = pgTable('users', {
  id: uuid().primaryKey(),
  name: text().notNull(),
  email: pgEncrypted(users, 'email').notNull(),
  birthday: pgEncrypted(users, 'birthday'),
  address: pgEncrypted(users, 'address', { name: 'home' }),
  emailIndex: pgBlindIndex(users, 'emailIndex'),
})

const mysqlUsers = mysqlTable('users', {
  id: char({ length: 36 }).primaryKey(),
  email: mysqlEncrypted(users, 'email').notNull(),
  emailIndex: mysqlBlindIndex(users, 'emailIndex'),
})

declare const cipher: FieldCipher
declare const plain: PgliteDatabase<{ users: typeof usersTable }>
declare const plainMysql: MySql2Database

interface User {
  id: string
  name: string
  email: string
  birthday: Date | null
  address: { city: string } | null
  emailIndex: null
}

describe('encryptedDrizzle', () => {
  const db = encryptedDrizzle(plain, { cipher, tables: [usersTable] })

  it('is the database to TypeScript', () => {
    expectTypeOf(db).toEqualTypeOf(plain)
    expectTypeOf(encryptedDrizzle(plainMysql, { cipher, tables: [mysqlUsers] })).toEqualTypeOf(
      plainMysql,
    )
  })

  it('has the plain values of encrypted columns in its rows', async () => {
    expectTypeOf(await db.select().from(usersTable)).toEqualTypeOf<User[]>()
    expectTypeOf(await db.query.users.findMany({ columns: { email: true } })).toEqualTypeOf<
      { email: string }[]
    >()
    expectTypeOf(mysqlUsers.$inferSelect).toEqualTypeOf<{
      id: string
      email: string
      emailIndex: null
    }>()
  })

  it('takes plain values', () => {
    expectTypeOf<{ id: string; name: string; email: string }>().toExtend<
      typeof usersTable.$inferInsert
    >()
    // @ts-expect-error -- the column has text
    void db.insert(usersTable).values({ id: '', name: '', email: 1 })
    // @ts-expect-error -- an index is computed
    void db.insert(usersTable).values({ id: '', name: '', email: '', emailIndex: 'x' })
    // @ts-expect-error -- the column has dates
    void db.update(usersTable).set({ birthday: '2026-01-01' })
    void db.select().from(usersTable).where(eq(usersTable.email, 'a@x.org'))
  })
})

describe('the columns', () => {
  it('are those of the table', () => {
    // @ts-expect-error -- there is no such column
    pgEncrypted(users, 'name')
    // @ts-expect-error -- this is no index
    pgBlindIndex(users, 'email')
    // @ts-expect-error -- this is an index
    mysqlEncrypted(users, 'emailIndex')
  })
})
