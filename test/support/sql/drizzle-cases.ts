import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import {
  type SQL,
  and,
  asc,
  count,
  eq,
  exists,
  getTableColumns,
  inArray,
  isNotNull,
  isNull,
  ne,
  not,
  or,
  sql,
} from 'drizzle-orm'
import { type PgDatabase, type PgQueryResultHKT, alias } from 'drizzle-orm/pg-core'
import { SealedValue } from '../../../src/sql/drizzle/index.ts'
import { cipher, lettersTable, people, peopleTable, type pgSchema } from './drizzle-schema.ts'

// What the adapter for Drizzle has to do on PostgreSQL. Each case starts with empty tables.

/** Drizzle with `pgSchema`, as every driver for PostgreSQL has it. */
type PgDrizzle = PgDatabase<PgQueryResultHKT, typeof pgSchema>

/** One database, through the adapter and past it. */
export interface PgDrizzleFixture {
  readonly db: PgDrizzle
  readonly plain: PgDrizzle
}

const ann = {
  id: '0f9b7c1e-3f0a-4c43-9d4b-000000000001',
  name: 'Ann',
  email: 'Ann@Example.com',
  city: 'Utrecht',
  notes: { likes: ['tea', 'rain'] },
}
const ben = { ...ann, id: '0f9b7c1e-3f0a-4c43-9d4b-000000000002', name: 'Ben', email: 'ben@b.org' }
const cas = {
  id: '0f9b7c1e-3f0a-4c43-9d4b-000000000003',
  name: 'Cas',
  email: 'cas@c.org',
  city: null,
  notes: null,
}
const indexes = { emailIndex: null, cityIndex: null }
const sent = new Date('2026-01-02T03:04:05.678Z')
const letter = { box: 'in', number: 1, author: ann.id, body: 'Dear Ben', sent }

async function fill({ db }: PgDrizzleFixture): Promise<void> {
  await db.insert(peopleTable).values([ann, ben, cas])
  await db
    .insert(lettersTable)
    .values([
      letter,
      { ...letter, number: 2, body: 'Again' },
      { box: 'out', number: 1, author: ben.id, body: null, sent },
    ])
}

/** What an administrator can do. */
async function copyIndex(plain: PgDrizzle, name: string): Promise<void> {
  await plain.execute(
    sql`UPDATE people SET email_index = (SELECT email_index FROM people WHERE name = 'Ann') WHERE name = ${name}`,
  )
}

/** By name. */
export const pgDrizzleCases: Readonly<
  Record<string, (fixture: PgDrizzleFixture) => Promise<void>>
> = {
  'what is inserted comes back, and is ciphertext in the database': async ({ db, plain }) => {
    await db.insert(peopleTable).values([ann, cas])
    assert.deepEqual(await db.select().from(peopleTable).orderBy(asc(peopleTable.name)), [
      { ...ann, ...indexes },
      { ...cas, ...indexes },
    ])
    const [stored] = await plain.select().from(peopleTable).where(eq(peopleTable.id, ann.id))
    assert(SealedValue.is(stored?.email))
    assert(SealedValue.is(stored.emailIndex))
    assert(!Buffer.from(stored.email.stored as Uint8Array).includes('Example'))
    const opened = await cipher.decryptValue(people, 'email', { id: ann.id }, stored.email.stored)
    assert.equal(opened, ann.email)
  },

  'an insert returns its rows decrypted': async ({ db }) => {
    assert.deepEqual(await db.insert(peopleTable).values(ann).returning(), [{ ...ann, ...indexes }])
    const partial = await db.insert(peopleTable).values(ben).returning({ mail: peopleTable.email })
    assert.deepEqual(partial, [{ mail: ben.email }])
  },

  'an update of a row by its key': async (fixture) => {
    await fill(fixture)
    const { db } = fixture
    const returned = await db
      .update(peopleTable)
      .set({ email: 'new@example.com', name: 'Anna', city: null })
      .where(and(eq(peopleTable.id, ann.id), eq(peopleTable.name, 'Ann')))
      .returning({ email: peopleTable.email, city: peopleTable.city, name: peopleTable.name })
    assert.deepEqual(returned, [{ email: 'new@example.com', city: null, name: 'Anna' }])
    const found = await db
      .select({ id: peopleTable.id })
      .from(peopleTable)
      .where(eq(peopleTable.email, 'NEW@example.com '))
    assert.deepEqual(found, [{ id: ann.id }])
    const old = await db.select().from(peopleTable).where(eq(peopleTable.email, ann.email))
    assert.deepEqual(old, [])
    const cityless = await db.select().from(peopleTable).where(eq(peopleTable.city, 'Utrecht'))
    assert.deepEqual(cityless, [{ ...ben, ...indexes }])
  },

  'an update of a composite key, and one to null of many rows': async (fixture) => {
    await fill(fixture)
    const { db } = fixture
    await db
      .update(lettersTable)
      .set({ body: 'Changed' })
      .where(and(eq(lettersTable.box, 'in'), eq(lettersTable.number, 2)))
    const bodies = db
      .select({ body: lettersTable.body })
      .from(lettersTable)
      .orderBy(lettersTable.box, lettersTable.number)
    assert.deepEqual(await bodies, [{ body: 'Dear Ben' }, { body: 'Changed' }, { body: null }])
    await db.update(lettersTable).set({ body: null }).where(eq(lettersTable.box, 'in'))
    assert.deepEqual(await bodies, [{ body: null }, { body: null }, { body: null }])
  },

  'a delete returns its rows decrypted, and finds them by an exact index': async (fixture) => {
    await fill(fixture)
    const { db } = fixture
    const deleted = await db
      .delete(peopleTable)
      .where(inArray(peopleTable.email, ['ben@b.org', 'nobody']))
      .returning({ email: peopleTable.email })
    assert.deepEqual(deleted, [{ email: ben.email }])
    assert.equal(await db.$count(peopleTable), 2)
  },

  'an exact index stands wherever an equality does': async (fixture) => {
    await fill(fixture)
    const { db } = fixture
    const names = async (condition: SQL | undefined) =>
      (
        await db
          .select({ name: peopleTable.name })
          .from(peopleTable)
          .where(condition)
          .orderBy(peopleTable.name)
          .limit(5)
      ).map(({ name }) => name)
    const { email, name, city } = peopleTable
    assert.deepEqual(await names(eq(email, 'ann@example.com')), ['Ann'])
    assert.deepEqual(await names(inArray(email, ['ben@b.org', 'CAS@c.org'])), ['Ben', 'Cas'])
    assert.deepEqual(await names(or(eq(email, 'ben@b.org'), eq(name, 'Ann'))), ['Ann', 'Ben'])
    assert.deepEqual(await names(not(eq(email, 'ben@b.org'))), ['Ann', 'Cas'])
    assert.deepEqual(await names(ne(email, 'ben@b.org')), ['Ann', 'Cas'])
    assert.deepEqual(await names(and(isNotNull(city), ne(name, 'Ann'))), ['Ben'])
    assert.deepEqual(await names(isNull(city)), ['Cas'])
    const [counted] = await db
      .select({ rows: count() })
      .from(peopleTable)
      .where(eq(email, 'ben@b.org'))
    assert.equal(counted?.rows, 1)
    assert.equal(await db.$count(peopleTable, eq(email, 'ben@b.org')), 1)
  },

  'rows that a short index finds by chance are left out': async (fixture) => {
    await fill(fixture)
    const { db } = fixture
    // One bit: about half of these are found by the index.
    for (let place = 0; place < 20; place++) {
      await db
        .insert(peopleTable)
        .values({ id: randomUUID(), name: 'X', email: `${place}@x.org`, city: `City ${place}` })
    }
    const found = await db
      .select({ name: peopleTable.name })
      .from(peopleTable)
      .where(and(eq(peopleTable.city, 'Utrecht'), ne(peopleTable.name, 'Ben')))
    assert.deepEqual(found, [{ name: 'Ann' }])
    const related = await db.query.people.findMany({
      columns: { name: true },
      where: (table, { inArray: within }) => within(table.city, ['City 3', 'City 4']),
    })
    assert.deepEqual(related, [{ name: 'X' }, { name: 'X' }])
  },

  'a row whose index was edited is not found': async (fixture) => {
    await fill(fixture)
    const { db, plain } = fixture
    await copyIndex(plain, 'Ben')
    await copyIndex(plain, 'Cas')
    await plain.execute(sql`ALTER TABLE people ALTER email DROP NOT NULL`)
    await plain.execute(sql`UPDATE people SET email = NULL WHERE name = 'Cas'`)
    const condition = eq(peopleTable.email, ann.email)
    const found = await db.select().from(peopleTable).where(condition)
    assert.deepEqual(found, [{ ...ann, ...indexes }])
    const limited = await db.select().from(peopleTable).where(condition).limit(3)
    assert.deepEqual(limited, [{ ...ann, ...indexes }])
    const { id, name } = peopleTable
    const computed = await db
      .select({ id, up: sql`upper(${name})` })
      .from(peopleTable)
      .where(condition)
    assert.deepEqual(computed, [{ id: ann.id, up: 'ANN' }])
    const related = await db.query.people.findMany({ columns: { name: true }, where: condition })
    assert.deepEqual(related, [{ name: 'Ann' }])
  },

  'a row whose index was edited is an error once it is written and returned': async (fixture) => {
    await fill(fixture)
    const { db, plain } = fixture
    await copyIndex(plain, 'Ben')
    const condition = eq(peopleTable.email, ann.email)
    const { id, name } = peopleTable
    const writes: readonly ((one: PgDrizzle) => Promise<unknown>)[] = [
      async (one: PgDrizzle) => one.delete(peopleTable).where(condition).returning({ id }),
      async (one: PgDrizzle) =>
        one.update(peopleTable).set({ name: 'X' }).where(condition).returning({ name }),
    ]
    for (const write of writes) {
      await assert.rejects(async () => db.transaction(write), {
        name: 'FieldError',
        message: /blind index/,
        table: 'people',
        column: 'email',
      })
    }
    assert.equal(await db.$count(peopleTable, ne(name, 'X')), 3)
    // What is set is not what was compared.
    const changed = await db
      .update(peopleTable)
      .set({ email: 'new@x.org' })
      .where(and(eq(id, ann.id), condition))
      .returning({ email: peopleTable.email })
    assert.deepEqual(changed, [{ email: 'new@x.org' }])
  },

  'a value that was copied to another row does not open': async (fixture) => {
    await fill(fixture)
    const { db, plain } = fixture
    await plain.execute(
      sql`UPDATE people SET city = (SELECT city FROM people WHERE name = 'Ann') WHERE name = 'Ben'`,
    )
    await assert.rejects(async () => db.select().from(peopleTable), { name: 'FieldError' })
    await assert.rejects(async () => db.query.people.findMany(), { name: 'FieldError' })
  },

  'joins, aliases and nested selections': async (fixture) => {
    await fill(fixture)
    const { db } = fixture
    const joined = await db
      .select()
      .from(peopleTable)
      .leftJoin(lettersTable, eq(lettersTable.author, peopleTable.id))
      .orderBy(peopleTable.name, lettersTable.number)
    assert.deepEqual(joined, [
      { people: { ...ann, ...indexes }, letters: letter },
      { people: { ...ann, ...indexes }, letters: { ...letter, number: 2, body: 'Again' } },
      {
        people: { ...ben, ...indexes },
        letters: { box: 'out', number: 1, author: ben.id, body: null, sent },
      },
      { people: { ...cas, ...indexes }, letters: null },
    ])
    const other = alias(peopleTable, 'other')
    const pairs = await db
      .select({
        first: peopleTable.email,
        second: { address: other.email, town: other.city },
        letter: lettersTable,
      })
      .from(peopleTable)
      .innerJoin(other, eq(other.city, 'Utrecht'))
      .leftJoin(lettersTable, and(eq(lettersTable.author, other.id), eq(lettersTable.number, 2)))
      .where(and(eq(peopleTable.email, cas.email), eq(other.email, ann.email)))
      .catch((error: unknown) => error)
    assert.equal((pairs as Error).name, 'RefusedQueryError') // a short index in a join
    const exact = await db
      .select({
        first: peopleTable.email,
        second: { address: other.email, town: other.city },
        letter: lettersTable,
      })
      .from(peopleTable)
      .innerJoin(other, eq(other.email, ann.email))
      .leftJoin(lettersTable, and(eq(lettersTable.author, other.id), eq(lettersTable.number, 2)))
      .where(eq(peopleTable.email, cas.email))
    assert.deepEqual(exact, [
      {
        first: cas.email,
        second: { address: ann.email, town: ann.city },
        letter: { ...letter, number: 2, body: 'Again' },
      },
    ])
  },

  'queries within conditions': async (fixture) => {
    await fill(fixture)
    const { db } = fixture
    const authors = db
      .select({ id: peopleTable.id })
      .from(peopleTable)
      .where(eq(peopleTable.email, ben.email))
    const found = await db
      .select({ box: lettersTable.box, sent: lettersTable.sent })
      .from(lettersTable)
      .where(inArray(lettersTable.author, authors))
    assert.deepEqual(found, [{ box: 'out', sent }])
    const writers = await db
      .select({ name: peopleTable.name })
      .from(peopleTable)
      .where(exists(db.select().from(lettersTable).where(eq(lettersTable.author, peopleTable.id))))
      .orderBy(peopleTable.name)
    assert.deepEqual(writers, [{ name: 'Ann' }, { name: 'Ben' }])
    const counted = await db
      .select({
        ...getTableColumns(peopleTable),
        letters: db.$count(lettersTable, eq(lettersTable.author, peopleTable.id)),
      })
      .from(peopleTable)
      .where(eq(peopleTable.email, ann.email))
    assert.deepEqual(counted, [{ ...ann, ...indexes, letters: 2 }])
  },

  'an upsert on the primary key': async (fixture) => {
    await fill(fixture)
    const { db } = fixture
    const upsert = async (email: string, set: object) =>
      db
        .insert(peopleTable)
        .values({ ...ann, email })
        .onConflictDoUpdate({ target: peopleTable.id, set })
        .returning({ email: peopleTable.email })
    assert.deepEqual(await upsert('x@x.org', { email: 'y@x.org' }), [{ email: 'y@x.org' }])
    assert.deepEqual(await upsert('z@x.org', { email: sql`excluded.email` }), [
      { email: 'z@x.org' },
    ])
    const found = await db.$count(peopleTable, eq(peopleTable.email, 'z@x.org'))
    assert.equal(found, 1)
    await db
      .insert(peopleTable)
      .values([ann, ben])
      .onConflictDoUpdate({
        target: peopleTable.id,
        set: { email: sql.raw('excluded.email'), city: null, name: 'Same' },
        setWhere: ne(peopleTable.email, ben.email),
      })
    const rows = await db
      .select({ name: peopleTable.name, email: peopleTable.email, city: peopleTable.city })
      .from(peopleTable)
      .orderBy(peopleTable.id)
    assert.deepEqual(rows, [
      { name: 'Same', email: ann.email, city: null },
      { name: 'Ben', email: ben.email, city: ben.city },
      { name: 'Cas', email: cas.email, city: null },
    ])
    await db
      .insert(peopleTable)
      .values({ ...ann, name: 'Not' })
      .onConflictDoNothing()
    assert.equal(await db.$count(peopleTable, eq(peopleTable.name, 'Not')), 0)
  },

  'relational queries decrypt nested rows with their own keys': async (fixture) => {
    await fill(fixture)
    const { db } = fixture
    const found = await db.query.people.findMany({
      columns: { email: true },
      with: {
        letters: {
          columns: { body: true, sent: true },
          orderBy: (table, { asc: up }) => up(table.number),
          with: { author: { columns: { notes: true } } },
        },
      },
      where: (table, { eq: equal }) => equal(table.email, 'ANN@example.com'),
    })
    assert.deepEqual(found, [
      {
        email: ann.email,
        letters: [
          { body: 'Dear Ben', sent, author: { notes: ann.notes } },
          { body: 'Again', sent, author: { notes: ann.notes } },
        ],
      },
    ])
    const first = await db.query.letters.findFirst({
      with: { author: true },
      where: eq(lettersTable.box, 'out'),
    })
    assert.deepEqual(first, {
      box: 'out',
      number: 1,
      body: null,
      sent,
      author: { ...ben, ...indexes },
    })
    const none = await db.query.people.findFirst({ where: eq(peopleTable.email, 'nobody') })
    assert.equal(none, undefined)
    const without = await db.query.people.findMany({
      columns: { id: false, notes: false, emailIndex: false, cityIndex: false },
      extras: { shout: sql<string>`upper(${peopleTable.name})`.as('shout') },
      where: exists(db.select().from(lettersTable).where(eq(lettersTable.author, peopleTable.id))),
      orderBy: peopleTable.name,
      limit: 1,
    })
    assert.deepEqual(without, [{ name: 'Ann', email: ann.email, city: ann.city, shout: 'ANN' }])
  },

  'transactions, nested ones too, and rolled back': async ({ db }) => {
    await db.transaction(async (outer) => {
      await outer.insert(peopleTable).values(ann)
      await outer
        .transaction(async (inner) => {
          await inner
            .update(peopleTable)
            .set({ email: 'inner@x.org' })
            .where(eq(peopleTable.id, ann.id))
          inner.rollback()
        })
        .catch(() => undefined)
      const row = await outer.query.people.findFirst({ columns: { email: true } })
      assert.deepEqual(row, { email: ann.email })
    })
    await assert.rejects(async () =>
      db.transaction(async (outer) => {
        await outer.delete(peopleTable).where(eq(peopleTable.email, ann.email))
        throw new Error('no')
      }),
    )
    assert.equal(await db.$count(peopleTable), 1)
  },

  'what is encrypted too late for its transaction is not sent': async ({ db }) => {
    const late: Promise<unknown>[] = []
    const keep = (query: PromiseLike<unknown>) => {
      late.push(Promise.resolve(query).catch((error: unknown) => error))
    }
    let left: PgDrizzle | undefined
    await assert.rejects(async () =>
      db.transaction(async (outer) => {
        left = outer
        await outer.insert(peopleTable).values(ann)
        keep(outer.insert(peopleTable).values(ben))
        keep(outer.query.people.findFirst({ where: eq(peopleTable.email, ann.email) }))
        keep(outer.$count(peopleTable, eq(peopleTable.email, ann.email)))
        throw new Error('no')
      }),
    )
    await db.transaction(async (outer) => {
      // At once: what is only awaited would begin after the savepoint.
      keep(outer.insert(peopleTable).values(ben).execute())
      await outer.transaction(async (inner) => {
        keep(inner.insert(peopleTable).values(ben))
        keep(outer.insert(peopleTable).values(ben))
      })
      await outer.insert(peopleTable).values(cas)
    })
    assert(left)
    keep(left.select().from(peopleTable))
    const codes = (await Promise.all(late)).map((error) => (error as { code?: unknown }).code)
    assert.deepEqual(codes, Array(7).fill('ERR_REFUSED_QUERY'))
    assert.deepEqual(await db.select({ name: peopleTable.name }).from(peopleTable), [
      { name: 'Cas' },
    ])
  },

  'one of many queries of a transaction at once can fail': async ({ db }) => {
    await db.transaction(async (outer) =>
      Promise.all([ann, ben].map(async (one) => outer.insert(peopleTable).values(one))),
    )
    await assert.rejects(async () =>
      db.transaction(async (outer) =>
        Promise.all([
          outer.execute(sql`SELECT 1 / 0`),
          outer.insert(peopleTable).values(cas).execute(),
        ]),
      ),
    )
    assert.equal(await db.$count(peopleTable), 2)
  },

  'one query can be awaited twice, and built step by step': async (fixture) => {
    await fill(fixture)
    const { db } = fixture
    const query = db.select({ email: peopleTable.email }).from(peopleTable).$dynamic()
    query.where(eq(peopleTable.email, ann.email))
    query.limit(1)
    assert.deepEqual(await query, [{ email: ann.email }])
    assert.deepEqual(await query.execute(), [{ email: ann.email }])
    assert.deepEqual(await query.finally(() => undefined), [{ email: ann.email }])
  },

  'a prepared statement reads what is encrypted': async (fixture) => {
    await fill(fixture)
    const { db } = fixture
    const statement = db
      .select({ email: peopleTable.email })
      .from(peopleTable)
      .where(eq(peopleTable.name, sql.placeholder('name')))
      .prepare('by_name')
    assert.deepEqual(await statement.execute({ name: 'Ann' }), [{ email: ann.email }])
    assert.deepEqual(await statement.execute({ name: 'Ben' }), [{ email: ben.email }])
  },

  'what has nothing to do with encrypted columns passes': async (fixture) => {
    await fill(fixture)
    const { db } = fixture
    const named = db
      .$with('named')
      .as(db.select({ id: peopleTable.id, name: peopleTable.name }).from(peopleTable))
    const rows = await db
      .with(named)
      .select({ name: named.name, body: lettersTable.body })
      .from(named)
      .innerJoin(lettersTable, eq(lettersTable.author, named.id))
      .orderBy(lettersTable.box, lettersTable.number)
    assert.deepEqual(rows, [
      { name: 'Ann', body: 'Dear Ben' },
      { name: 'Ann', body: 'Again' },
      { name: 'Ben', body: null },
    ])
    const subquery = db.select({ name: peopleTable.name }).from(peopleTable).as('names')
    const union = await db
      .select({ name: subquery.name })
      .from(subquery)
      .union(db.select({ name: lettersTable.box }).from(lettersTable))
      .orderBy(sql`name`)
    assert.deepEqual(
      union.map(({ name }) => name),
      ['Ann', 'Ben', 'Cas', 'in', 'out'],
    )
    assert.match(db.select().from(peopleTable).toSQL().sql, /^select "id"/)
  },
}
