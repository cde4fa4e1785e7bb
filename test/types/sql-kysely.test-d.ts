import { type Generated, Kysely, type PostgresDialect } from 'kysely'
import { assertType, describe, expectTypeOf, it } from 'vitest'
import { EncryptedDialect } from '../../src/sql/kysely/index.ts'
import type { FieldCipher } from '../../src/sql.ts'

interface Database {
  users: { id: string; name: string | null; email: string; visits: Generated<number> }
}

declare const cipher: FieldCipher
declare const inner: PostgresDialect
const db = new Kysely<Database>({ dialect: new EncryptedDialect({ dialect: inner, cipher }) })

describe('kysely with encrypted columns', () => {
  it('has the plain types, without blind indexes', async () => {
    assertType(db.insertInto('users').values({ id: '1', email: 'ada@example.com' }))
    expectTypeOf(await db.selectFrom('users').selectAll().executeTakeFirst()).toEqualTypeOf<
      { id: string; name: string | null; email: string; visits: number } | undefined
    >()
    expectTypeOf(await db.selectFrom('users').select('email as contact').execute()).toEqualTypeOf<
      { contact: string }[]
    >()
    assertType(db.selectFrom('users').where('email', 'in', ['ada@example.com']))
  })

  it('refuses what the column has not', () => {
    // @ts-expect-error -- a number is no email
    db.insertInto('users').values({ id: '1', email: 1 })
    // @ts-expect-error -- nor has a lookup one
    db.selectFrom('users').where('email', '=', 1)
    // @ts-expect-error -- an insert has to have it
    db.insertInto('users').values({ id: '1' })
    // @ts-expect-error -- blind indexes are no columns of the application's
    db.insertInto('users').values({ id: '1', email: '', email_index: '' })
  })

  it('takes a dialect and a cipher', () => {
    // @ts-expect-error -- there is no cipher
    new EncryptedDialect({ dialect: inner })
    // @ts-expect-error -- a pool is no dialect
    new EncryptedDialect({ dialect: {}, cipher })
  })
})
