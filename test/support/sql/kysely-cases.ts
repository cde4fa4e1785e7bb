import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type Dialect, type Generated, Kysely, type KyselyConfig, sql } from 'kysely'
import { RawAesKeyring } from '../../../src/index.ts'
import { EncryptedDialect } from '../../../src/sql/kysely/index.ts'
import { FieldCipher, defineTable } from '../../../src/sql.ts'

// What the adapter for kysely has to do on every database. Each case starts with empty tables.

/** What the application sees: no ciphertext, and no blind indexes. */
export interface KyselyDatabase {
  users: {
    id: string
    name: string
    email: string | null
    phone: string | null
    profile: { city: string; tags: string[] } | null
    visits: Generated<number>
  }
  orders: { id: number; user_id: string; total: number; email: string | null }
  cards: { tenant: string; number: number; pan: string | null }
}

const users = defineTable('users', {
  primaryKey: { id: 'uuid' },
  columns: {
    email: {
      type: 'string',
      index: { column: 'email_index', bits: 256, normalize: 'lowercase' },
    },
    // So short that most values share it.
    phone: { type: 'string', index: { column: 'phone_index', bits: 1 } },
    profile: { type: 'json', storedAs: 'base64' },
  },
})

const cards = defineTable('cards', {
  primaryKey: { tenant: 'string', number: 'integer' },
  columns: { pan: 'string' },
})

export function kyselyCipher(): FieldCipher {
  const keyring = new RawAesKeyring({
    keyNamespace: 'tests',
    keyName: 'kysely',
    wrappingKey: new Uint8Array(32).fill(7),
  })
  const indexKey = { key: new Uint8Array(32).fill(9) }
  return new FieldCipher({ keyring, indexKey, tables: [users, cards] })
}

export type SqlName = 'postgresql' | 'mysql'

/** A database with the tables of the cases, through the adapter and past it. */
export interface KyselyFixture {
  readonly name: SqlName
  readonly db: Kysely<KyselyDatabase>
  /** The same without the adapter: what is really stored. */
  readonly plain: Kysely<Record<string, Record<string, unknown>>>
  /** Another instance on the same database. */
  connect(options?: Omit<KyselyConfig, 'dialect'>): Kysely<KyselyDatabase>
  clear(): Promise<void>
  close(): Promise<void>
}

/** Makes the tables. `dialect` returns a dialect each time it is called, of one pool. */
export async function kyselyFixture(
  name: SqlName,
  dialect: () => Dialect,
  cipher = kyselyCipher(),
): Promise<KyselyFixture> {
  const connect: KyselyFixture['connect'] = (options = {}) =>
    new Kysely({ ...options, dialect: new EncryptedDialect({ dialect: dialect(), cipher }) })
  const plain: KyselyFixture['plain'] = new Kysely({ dialect: dialect() })
  const db = connect()
  const bytes = sql.raw(name === 'mysql' ? 'blob' : 'bytea')
  const index = sql.raw(name === 'mysql' ? 'varbinary(32)' : 'bytea')
  const id = sql.raw(name === 'mysql' ? 'char(36) character set ascii' : 'uuid')
  const drop = async () => {
    for (const table of ['users', 'orders', 'cards']) {
      await sql`drop table if exists ${sql.table(table)}`.execute(plain)
    }
  }
  await drop()
  await sql`create table users (id ${id} primary key, name varchar(100) not null, email ${bytes},
    email_index ${index}, phone ${bytes}, phone_index ${index}, profile text,
    visits integer not null default 0)`.execute(plain)
  await sql`create table orders (id integer primary key, user_id ${id}, total integer,
    email varchar(100))`.execute(plain)
  await sql`create table cards (tenant varchar(50), number integer, pan ${bytes},
    primary key (tenant, number))`.execute(plain)
  return {
    name,
    db,
    plain,
    connect,
    clear: async () => {
      for (const table of ['users', 'orders', 'cards']) await plain.deleteFrom(table).execute()
    },
    // The pool is that of both, so it is the caller's to end.
    close: drop,
  }
}

export interface KyselyCase {
  readonly name: string
  /** Default: all. */
  readonly only?: SqlName
  readonly run: (fixture: KyselyFixture) => Promise<void>
}

const ada = {
  id: '00000000-0000-4000-8000-00000000000a',
  name: 'Ada',
  email: 'ada@example.com',
  phone: '+31 1',
  profile: { city: 'London', tags: ['math', 'ö'] },
}
const bob = {
  id: '00000000-0000-4000-8000-00000000000b',
  name: 'Bob',
  email: 'bob@example.com',
  phone: '+31 2',
  profile: null,
}
const cleo = {
  id: '00000000-0000-4000-8000-00000000000c',
  name: 'Cleo',
  email: null,
  phone: null,
  profile: { city: 'Delft', tags: [] },
}
const people = [ada, bob, cleo]
const all = people.map((person) => ({ ...person, visits: 0 }))

const filled =
  (run: (fixture: KyselyFixture) => Promise<void>) =>
  async (fixture: KyselyFixture): Promise<void> => {
    await fixture.db.insertInto('users').values(people).execute()
    await fixture.db
      .insertInto('orders')
      .values([
        { id: 1, user_id: ada.id, total: 10, email: 'plain@example.com' },
        { id: 2, user_id: randomUUID(), total: 20, email: null },
        { id: 3, user_id: bob.id, total: 30, email: null },
      ])
      .execute()
    await run(fixture)
  }

const rows = async ({ db }: KyselyFixture) =>
  db.selectFrom('users').selectAll().orderBy('name').execute()

/** What is selected and shown, so that a case fails for what it is about. */
const emails = async ({ db }: KyselyFixture) =>
  (await db.selectFrom('users').select('email').orderBy('name').execute()).map(({ email }) => email)

export const kyselyCases: readonly KyselyCase[] = [
  {
    name: 'inserts many rows and reads them with selectAll, nothing more and nothing less',
    run: filled(async (fixture) => {
      assert.deepEqual(await rows(fixture), all)
    }),
  },
  {
    name: 'stores bytes, base64 and indexes, and no plaintext',
    run: filled(async ({ plain }) => {
      const stored = await plain.selectFrom('users').selectAll().orderBy('name').execute()
      const [first, , third] = stored
      assert.ok(first && third)
      assert.ok(Buffer.isBuffer(first['email']) && Buffer.isBuffer(first['email_index']))
      assert.match(String(first['profile']), /^[A-Za-z0-9+/]+=*$/)
      assert.deepEqual(
        [third['email'], third['email_index'], third['phone_index']],
        [null, null, null],
      )
      const dump = Buffer.concat(
        stored.flatMap((row) =>
          Object.values(row).map((value) =>
            Buffer.isBuffer(value) ? value : Buffer.from(String(value)),
          ),
        ),
      )
      for (const secret of ['example.com', '+31', 'London', 'Delft']) {
        assert.equal(dump.includes(secret), false)
      }
    }),
  },
  {
    name: 'inserts rows that have different columns',
    only: 'postgresql',
    run: async (fixture) => {
      await fixture.db
        .insertInto('users')
        .values([ada, { id: bob.id, name: 'Bob' }, { ...cleo, visits: 3 }])
        .execute()
      const [, second, third] = await rows(fixture)
      assert.deepEqual(second, { ...bob, email: null, phone: null, visits: 0 })
      assert.equal(third?.visits, 3)
    },
  },
  {
    name: 'binds values to a primary key of two columns',
    run: async ({ db, plain }) => {
      const card = (number: number) => ({ tenant: 'acme', number, pan: `411${number}` })
      await db
        .insertInto('cards')
        .values([card(1), card(2)])
        .execute()
      const pans = await db.selectFrom('cards').select('pan').orderBy('number').execute()
      assert.deepEqual(pans, [{ pan: '4111' }, { pan: '4112' }])
      const [one] = await plain.selectFrom('cards').select('pan').where('number', '=', 1).execute()
      await plain.updateTable('cards').set({ pan: one?.['pan'] }).where('number', '=', 2).execute()
      await assert.rejects(db.selectFrom('cards').selectAll().execute(), { name: 'FieldError' })
    },
  },
  {
    name: 'updates by the primary key, and to null without it',
    run: filled(async (fixture) => {
      const { db } = fixture
      await db
        .updateTable('users')
        .set({ email: 'ada@new.example', name: 'Ada L.' })
        .where('id', '=', ada.id)
        .execute()
      assert.deepEqual(await emails(fixture), ['ada@new.example', bob.email, null])
      const found = db.selectFrom('users').select('name').where('email', '=', 'ada@new.example')
      assert.deepEqual(await found.execute(), [{ name: 'Ada L.' }])
      await db
        .updateTable('users')
        .set({ email: null, visits: sql`visits + 1` })
        .execute()
      assert.deepEqual(await emails(fixture), [null, null, null])
      assert.deepEqual(await found.execute(), [])
    }),
  },
  {
    name: 'updates and deletes by an exact index, also in OR and NOT',
    run: filled(async ({ db }) => {
      const updated = await db
        .updateTable('users')
        .set({ visits: 5 })
        .where('email', 'in', ['ADA@example.com', 'nobody@example.com'])
        .executeTakeFirst()
      assert.equal(updated.numUpdatedRows, 1n)
      const deleted = await db
        .deleteFrom('users')
        .where((eb) => eb.or([eb('email', '=', 'bob@example.com'), eb('name', '=', 'Nobody')]))
        .executeTakeFirst()
      assert.equal(deleted.numDeletedRows, 1n)
      const others = await db
        .selectFrom('users')
        .select('name')
        .where((eb) => eb.not(eb('email', '=', 'nobody@example.com')))
        .execute()
      assert.deepEqual(others, [{ name: 'Ada' }])
    }),
  },
  {
    name: 'finds rows by an exact index, by IN, with LIMIT, and counts them',
    run: filled(async ({ db }) => {
      const users = db.selectFrom('users').where('email', 'in', [ada.email, 'BOB@example.com'])
      assert.deepEqual(await users.select('name').orderBy('name').limit(1).execute(), [
        { name: 'Ada' },
      ])
      const { count } = await users
        .select((eb) => eb.fn.countAll().as('count'))
        .executeTakeFirstOrThrow()
      assert.equal(Number(count), 2)
    }),
  },
  {
    name: 'finds rows by a short index: the others are filtered out',
    run: filled(async ({ db }) => {
      for (const person of [ada, bob]) {
        const found = db.selectFrom('users').where('phone', '=', person.phone)
        assert.deepEqual(await found.select(['name']).execute(), [{ name: person.name }])
        assert.deepEqual(await found.select(['phone as call']).execute(), [{ call: person.phone }])
      }
      const none = db.selectFrom('users').selectAll().where('phone', '=', '+31 3')
      assert.equal(await none.executeTakeFirst(), undefined)
    }),
  },
  {
    name: 'filters what an administrator did to an exact index',
    run: filled(async ({ db, plain }) => {
      const [first] = await plain
        .selectFrom('users')
        .select('email_index')
        .where('name', '=', 'Ada')
        .execute()
      await plain
        .updateTable('users')
        .set({ email_index: first?.['email_index'] })
        .where('name', '<>', 'Ada')
        .execute()
      const found = await db
        .selectFrom('users')
        .select('name')
        .where('email', '=', ada.email)
        .execute()
      assert.deepEqual(found, [{ name: 'Ada' }])
    }),
  },
  {
    name: 'tests for null',
    run: filled(async ({ db }) => {
      const has = db.selectFrom('users').select('name').orderBy('name')
      assert.deepEqual(await has.where('email', 'is', null).execute(), [{ name: 'Cleo' }])
      assert.equal((await has.where('email', 'is not', null).execute()).length, 2)
    }),
  },
  {
    name: 'joins with aliases: a row that is not there stays null',
    run: filled(async ({ db }) => {
      const inner = db
        .selectFrom('orders as o')
        .innerJoin('users as u', 'u.id', 'o.user_id')
        .select(['o.total', 'u.email as contact', 'u.profile', 'o.email'])
        .orderBy('o.id')
      assert.deepEqual(await inner.execute(), [
        { total: 10, contact: ada.email, profile: ada.profile, email: 'plain@example.com' },
        { total: 30, contact: bob.email, profile: null, email: null },
      ])
      const left = await db
        .selectFrom('orders as o')
        .leftJoin('users as u', 'u.id', 'o.user_id')
        .select(['o.id'])
        .selectAll('u')
        .clearSelect()
        .select(['o.total', 'u.email', 'u.phone'])
        .orderBy('o.id')
        .execute()
      assert.deepEqual(left[1], { total: 20, email: null, phone: null })
      assert.equal(left[0]?.email, ada.email)
    }),
  },
  {
    name: 'selects all of a join with a table that has a plain column of the same name',
    run: filled(async ({ db }) => {
      const joined = db.selectFrom('orders').innerJoin('users', 'users.id', 'orders.user_id')
      const own = db.selectFrom('users').innerJoin('orders', 'users.id', 'orders.user_id')
      const found = [ada, bob].map(async ({ email }) => {
        const first = await joined.selectAll().where('users.email', '=', email).execute()
        const last = await own.selectAll().where('users.email', '=', email).execute()
        return [first, last].map((rows) => rows.map((row) => [row.name, row.email, row.phone]))
      })
      // The last column of a name is the one that drivers keep.
      assert.deepEqual(await Promise.all(found), [
        [[['Ada', ada.email, ada.phone]], [['Ada', 'plain@example.com', ada.phone]]],
        [[['Bob', bob.email, bob.phone]], [['Bob', null, bob.phone]]],
      ])
      const names = await own.selectAll().executeTakeFirstOrThrow()
      assert.deepEqual(
        Object.keys(names).filter((name) => /index|waxseal/.test(name)),
        [],
      )
    }),
  },
  {
    name: 'joins a table with itself, and another encrypted one',
    run: filled(async ({ db }) => {
      await db.insertInto('cards').values({ tenant: 'Bob', number: 1, pan: '4111' }).execute()
      const pairs = await db
        .selectFrom('users as a')
        .innerJoin('users as b', (join) => join.on('b.email', '=', bob.email))
        .leftJoin('cards as c', 'c.tenant', 'b.name')
        .where('a.email', '=', ada.email)
        .select(['a.email as first', 'b.email as second', 'c.pan', 'a.email as again'])
        .execute()
      assert.deepEqual(pairs, [
        { first: ada.email, second: bob.email, pan: '4111', again: ada.email },
      ])
    }),
  },
  {
    name: 'carries encrypted columns through subqueries in FROM and common table expressions',
    run: filled(async ({ db }) => {
      const inFrom = db
        .selectFrom((eb) =>
          eb
            .selectFrom('users')
            .select(['name', 'email as contact'])
            .where('email', '=', ada.email)
            .as('u'),
        )
        .selectAll()
      assert.deepEqual(await inFrom.execute(), [{ name: 'Ada', contact: ada.email }])
      const common = db
        .with('known', (qb) => qb.selectFrom('users').selectAll())
        .with('again', (qb) => qb.selectFrom('known').select(['email as mail', 'name']))
        .selectFrom('again as a')
        .innerJoin('known as k', 'k.name', 'a.name')
        .where('a.mail', 'is not', null)
        .select(['a.mail', 'k.phone'])
        .orderBy('a.name')
      assert.deepEqual(await common.execute(), [
        { mail: ada.email, phone: ada.phone },
        { mail: bob.email, phone: bob.phone },
      ])
    }),
  },
  {
    name: 'looks into EXISTS and IN',
    run: filled(async ({ db }) => {
      const orders = db.selectFrom('orders').select('total').orderBy('orders.id')
      const exists = orders.where((eb) =>
        eb.exists(
          eb
            .selectFrom('users')
            .selectAll()
            .whereRef('users.id', '=', 'orders.user_id')
            .where('users.email', '=', ada.email),
        ),
      )
      assert.deepEqual(await exists.execute(), [{ total: 10 }])
      const within = orders.where('user_id', 'in', (eb) =>
        eb.selectFrom('users').select('users.id').where('users.email', '=', bob.email),
      )
      assert.deepEqual(await within.execute(), [{ total: 30 }])
    }),
  },
  {
    name: 'allows a UNION of what is not encrypted',
    run: filled(async ({ db }) => {
      const names = db
        .selectFrom('users')
        .select('name')
        .where('email', '=', ada.email)
        .union(db.selectFrom('cards').select('tenant as name'))
      assert.deepEqual(await names.execute(), [{ name: 'Ada' }])
    }),
  },
  {
    name: 'reads dynamic references and conditional selections',
    run: filled(async ({ db }) => {
      const found = await db
        .selectFrom('users')
        .select('name')
        .$if(true, (qb) => qb.select('profile'))
        .select(db.dynamic.ref<'email'>('email'))
        .where(db.dynamic.ref('email'), '=', ada.email)
        .executeTakeFirst()
      assert.deepEqual(found, { name: 'Ada', profile: ada.profile, email: ada.email })
    }),
  },
  {
    name: 'streams, filtered',
    run: filled(async ({ db }) => {
      const names: string[] = []
      const query = db.selectFrom('users').select(['name', 'email']).where('phone', '=', bob.phone)
      for await (const { name, email } of query.stream(1)) names.push(`${name} ${email ?? ''}`)
      assert.deepEqual(names, ['Bob bob@example.com'])
    }),
  },
  {
    name: 'works in transactions, and rolls back',
    run: filled(async (fixture) => {
      const { db } = fixture
      await db.transaction().execute(async (trx) => {
        await trx.updateTable('users').set({ email: 'x@y.z' }).where('id', '=', bob.id).execute()
        const inside = trx.selectFrom('users').select('email').where('id', '=', bob.id)
        assert.deepEqual(await inside.execute(), [{ email: 'x@y.z' }])
      })
      const failure = new Error('rolled back')
      const failing = db.transaction().execute(async (trx) => {
        await trx.updateTable('users').set({ email: 'no' }).where('id', '=', bob.id).execute()
        throw failure
      })
      await assert.rejects(failing, failure)
      assert.deepEqual(await emails(fixture), [ada.email, 'x@y.z', null])
    }),
  },
  {
    name: 'returns what was inserted, updated and deleted, decrypted',
    only: 'postgresql',
    run: async ({ db }) => {
      const inserted = await db.insertInto('users').values(people).returning(['email']).execute()
      assert.deepEqual(
        inserted,
        people.map(({ email }) => ({ email })),
      )
      const updated = await db
        .updateTable('users as u')
        .set({ email: 'new@example.com' })
        .where('u.id', '=', ada.id)
        .returningAll()
        .executeTakeFirst()
      assert.deepEqual(updated, { ...ada, visits: 0, email: 'new@example.com' })
      const deleted = await db
        .deleteFrom('users')
        .where('email', '=', 'new@example.com')
        .returning(['profile as was', 'phone'])
        .execute()
      assert.deepEqual(deleted, [{ was: ada.profile, phone: ada.phone }])
    },
  },
  {
    name: 'carries RETURNING through a common table expression',
    only: 'postgresql',
    run: async ({ db }) => {
      const added = db
        .with('added', (qb) => qb.insertInto('users').values(ada).returning(['name', 'email']))
        .selectFrom('added')
        .selectAll()
      assert.deepEqual(await added.execute(), [{ name: 'Ada', email: ada.email }])
    },
  },
  {
    name: 'upserts by the primary key: excluded values, one value, nothing',
    only: 'postgresql',
    run: filled(async (fixture) => {
      const { db } = fixture
      await db
        .insertInto('users')
        .values([
          { ...ada, email: 'ada@two.example' },
          { ...bob, email: null },
        ])
        .onConflict((oc) =>
          oc.column('id').doUpdateSet((eb) => ({
            email: eb.ref('excluded.email'),
            name: eb.ref('excluded.name'),
          })),
        )
        .execute()
      assert.deepEqual(await emails(fixture), ['ada@two.example', null, null])
      await db
        .insertInto('users')
        .values(ada)
        .onConflict((oc) =>
          oc.columns(['id']).doUpdateSet({ email: 'ada@three.example', phone: null }),
        )
        .execute()
      const found = db
        .selectFrom('users')
        .select(['name', 'phone'])
        .where('email', '=', 'ada@three.example')
      assert.deepEqual(await found.execute(), [{ name: 'Ada', phone: null }])
      await db
        .insertInto('users')
        .values(ada)
        .onConflict((oc) => oc.doNothing())
        .execute()
      assert.equal((await emails(fixture))[0], 'ada@three.example')
    }),
  },
  {
    name: 'replaces a row',
    only: 'mysql',
    run: filled(async (fixture) => {
      await fixture.db
        .replaceInto('users')
        .values({ ...ada, email: 'other@example.com' })
        .execute()
      assert.equal((await emails(fixture))[0], 'other@example.com')
    }),
  },
  {
    name: 'adds to what is not encrypted on a duplicate key',
    only: 'mysql',
    run: filled(async (fixture) => {
      await fixture.db
        .insertInto('users')
        .values({ ...ada, email: 'ignored@example.com' })
        .onDuplicateKeyUpdate({ visits: sql`visits + 1`, phone: null })
        .execute()
      assert.deepEqual((await rows(fixture))[0], { ...ada, phone: null, visits: 1 })
    }),
  },
  {
    name: 'returns ciphertext as bytes to raw SQL, and to a view',
    run: filled(async ({ db }) => {
      const { rows: found } = await sql<{
        email: unknown
      }>`select email from users where name = 'Ada'`.execute(db)
      assert.ok(Buffer.isBuffer(found[0]?.email))
    }),
  },
  {
    name: 'fails for a value that was moved to another row',
    run: filled(async ({ db, plain }) => {
      const [first] = await plain
        .selectFrom('users')
        .select('email')
        .where('name', '=', 'Ada')
        .execute()
      await plain
        .updateTable('users')
        .set({ email: first?.['email'] })
        .where('name', '=', 'Bob')
        .execute()
      await assert.rejects(db.selectFrom('users').select('email').execute(), {
        name: 'FieldError',
        table: 'users',
        column: 'email',
      })
    }),
  },
  {
    name: 'encrypts anew each time that a compiled query runs',
    run: filled(async ({ db, plain }) => {
      const update = db
        .updateTable('users')
        .set({ email: 'same@example.com' })
        .where('id', '=', ada.id)
        .compile()
      const stored = async () => {
        await db.executeQuery(update)
        const [row] = await plain
          .selectFrom('users')
          .select('email')
          .where('name', '=', 'Ada')
          .execute()
        return row?.['email']
      }
      assert.notDeepEqual(await stored(), await stored())
    }),
  },
]
