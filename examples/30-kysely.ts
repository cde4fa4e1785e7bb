// Encrypted columns through Kysely: queries are written as if nothing were encrypted. Here PostgreSQL is PGlite, in
// this process; everything from the pool on is the same with a server.
import { randomBytes, randomUUID } from 'node:crypto'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { EnvelopeError, RawAesKeyring } from 'waxseal'
import { FieldCipher, defineTable } from 'waxseal/sql'
import { EncryptedDialect } from 'waxseal/sql/kysely'

interface Database {
  users: { id: string; name: string; email: string; address: { city: string } | null }
  orders: { id: number; user_id: string; total: number }
}
const users = defineTable('users', {
  primaryKey: { id: 'uuid' },
  columns: {
    email: {
      type: 'string',
      index: { column: 'email_index', bits: 256, normalize: 'lowercase' },
    },
    address: 'json',
  },
})
const keyring = new RawAesKeyring({
  keyNamespace: 'example',
  keyName: 'users',
  wrappingKey: randomBytes(32), // production: new HierarchicalKeyring({ … })
})
const cipher = new FieldCipher({ keyring, tables: [users], indexKey: { key: randomBytes(32) } })

const server = new PGLiteSocketServer({ db: await PGlite.create(), host: '127.0.0.1', port: 0 })
await server.start()
const pool = new pg.Pool({
  connectionString: `postgres://postgres@${server.getServerConn()}/postgres`,
})
const dialect = new EncryptedDialect({ dialect: new PostgresDialect({ pool }), cipher })
const db = new Kysely<Database>({ dialect })
await sql`create table users (
  id uuid primary key, name text, email bytea, email_index bytea unique, address bytea)`.execute(db)
await sql`create table orders (id integer primary key, user_id uuid, total integer)`.execute(db)

const id = randomUUID()
const ada = { id, name: 'Ada', email: 'ada@example.com', address: { city: 'London' } }
await db.insertInto('users').values(ada).execute()
await db.insertInto('orders').values({ id: 1, user_id: id, total: 12 }).execute()

const order = await db
  .selectFrom('orders as o')
  .innerJoin('users as u', 'u.id', 'o.user_id')
  .where('u.email', '=', 'ADA@example.com')
  .select(['o.total', 'u.email as contact', 'u.address'])
  .executeTakeFirst()
console.log(`found: ${JSON.stringify(order)}`)

const changed = await db
  .insertInto('users')
  .values({ ...ada, email: 'ada@lovelace.example' })
  .onConflict((oc) => oc.column('id').doUpdateSet((eb) => ({ email: eb.ref('excluded.email') })))
  .returning('email')
  .executeTakeFirst()
console.log(`upserted: ${changed?.email}`)

await db
  .selectFrom('users')
  .selectAll()
  .orderBy('email')
  .execute()
  .catch((error: unknown) => {
    if (!EnvelopeError.is(error)) throw error
    console.log(`${error.code}: ${error.message}`)
  })

// What an administrator sees.
const { rows } = await pool.query<{ email: Buffer }>('select email from users')
console.log(`stored: ${rows[0]?.email.length} bytes, and ${String(rows[0]?.email.includes('ada'))}`)
await db.destroy()
await server.stop()
