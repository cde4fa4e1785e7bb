import mysql from 'mysql2/promise'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { describe, expectTypeOf, it } from 'vitest'
import { type FieldCipher, defineTable } from '../../src/sql.ts'
import { encryptedMysql2 } from '../../src/sql/mysql2/index.ts'
import { type EncryptedDatabase, type TypedTable, encryptedPg } from '../../src/sql/pg/index.ts'

const users = defineTable('users', {
  primaryKey: { id: 'uuid' },
  columns: {
    email: { type: 'string', index: { column: 'email_index', bits: 20 } },
    born: 'date',
  },
})
interface UserColumns {
  id: string
  name: string | null
  age: number
  tags: string[]
}
const typed: TypedTable<typeof users, UserColumns> = users
declare const db: EncryptedDatabase
declare const cipher: FieldCipher
declare const poolClient: pg.PoolClient
declare const connection: mysql.Connection
declare const poolConnection: mysql.PoolConnection

describe('encryptedPg() and encryptedMysql2()', () => {
  it('take what the drivers have', () => {
    encryptedPg(new pg.Pool(), { cipher })
    encryptedPg(new pg.Client(), { cipher })
    encryptedPg(poolClient, { cipher })
    encryptedPg(new PGlite(), { cipher })
    encryptedMysql2(mysql.createPool(''), { cipher })
    encryptedMysql2(connection, { cipher })
    encryptedMysql2(poolConnection, { cipher })
    // @ts-expect-error -- no database
    encryptedPg({}, { cipher })
    // @ts-expect-error -- a pool of the other one
    encryptedMysql2(new pg.Pool(), { cipher })
  })
})

describe('a table by itself', () => {
  it('has the types of its encrypted columns, and any others', async () => {
    const [row] = await db.select(users)
    expectTypeOf(row?.email).toEqualTypeOf<string | null | undefined>()
    expectTypeOf(row?.born).toEqualTypeOf<Date | null | undefined>()
    expectTypeOf(row?.['name']).toEqualTypeOf<unknown>()
    const [part] = await db.select(users, { columns: ['email', 'name'] })
    expectTypeOf(part).toEqualTypeOf<{ email: string | null; name: unknown } | undefined>()
    const one = await db.selectOne(users, { columns: ['id'] })
    expectTypeOf(one?.id).toEqualTypeOf<string | Uint8Array | undefined>()
  })

  it('takes rows and changes with values of these types', async () => {
    await db.insert(users, { id: 'x', email: 'a', born: null, name: 'b' })
    await db.insert(users, [{ id: 'x', email: undefined }])
    await db.update(users, { id: 'x' }, { email: null, name: 1 })
    // @ts-expect-error -- the key is missing
    await db.insert(users, { email: 'a' })
    // @ts-expect-error -- no string
    await db.insert(users, { id: 'x', email: 7 })
    // @ts-expect-error -- no Date
    await db.update(users, { id: 'x' }, { born: '2000-01-01' })
    // @ts-expect-error -- the key is missing
    await db.update(users, {}, { email: 'a' })
  })

  it('is searched by columns that have an index', async () => {
    await db.select(users, { where: { email: 'a', name: 'b' } })
    await db.select(users, { where: { email: ['a', 'b'], born: null } })
    // @ts-expect-error -- no index
    await db.select(users, { where: { born: new Date() } })
    // @ts-expect-error -- no string
    await db.select(users, { where: { email: 7 } })
  })
})

describe('a table with the types of its other columns', () => {
  it('has them all', async () => {
    const [row] = await db.select(typed)
    expectTypeOf(row?.email).toEqualTypeOf<string | null | undefined>()
    expectTypeOf(row?.name).toEqualTypeOf<string | null | undefined>()
    expectTypeOf(row?.id).toEqualTypeOf<string | undefined>()
    const [part] = await db.select(typed, { columns: ['born', 'age'], orderBy: 'age' })
    expectTypeOf(part).toEqualTypeOf<{ born: Date | null; age: number } | undefined>()
    // @ts-expect-error -- no such column
    await db.select(typed, { columns: ['surname'] })
    // @ts-expect-error -- encrypted
    await db.select(typed, { orderBy: 'email' })
  })

  it('checks them where rows are written and searched', async () => {
    await db.insert(typed, { id: 'x', name: 'b', email: 'a', tags: ['c'] })
    await db.select(typed, { where: { name: ['a', 'b'], age: 7 } })
    await db.update(typed, { id: 'x' }, { age: 8 })
    // @ts-expect-error -- no number
    await db.insert(typed, { id: 'x', age: '7' })
    // @ts-expect-error -- no number
    await db.select(typed, { where: { age: '7' } })
    // @ts-expect-error -- of the key
    await db.update(typed, { id: 'x' }, { id: 'y' })
  })

  it('is what the cipher takes, and a row what decrypt() returns', async () => {
    const [row] = await db.decrypt(typed, [{ id: 'x', email: Buffer.of(1), count: 7 }])
    expectTypeOf(row?.email).toEqualTypeOf<string | undefined>()
    expectTypeOf(row?.count).toEqualTypeOf<number | undefined>()
    await cipher.encryptRow(typed, { id: 'x', email: 'a' })
  })
})
