import {
  and,
  asc,
  between,
  count,
  desc,
  eq,
  exists,
  gt,
  inArray,
  like,
  ne,
  not,
  or,
  sql,
} from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { drizzle as mysqlDrizzle } from 'drizzle-orm/mysql2'
import { QueryBuilder, alias, union } from 'drizzle-orm/pg-core'
import { describe, expect, it } from 'vitest'
import { encryptedDrizzle } from '../../../../src/sql/drizzle/index.ts'
import {
  cipher,
  lettersTable,
  myLettersTable,
  myPeopleTable,
  mySchema,
  peopleTable,
  pgSchema,
} from '../../../support/sql/drizzle-schema.ts'

// Nothing can be sent: there is no server.
const plain = drizzle.mock({ schema: pgSchema })
const db = encryptedDrizzle(plain, { cipher, tables: [peopleTable, lettersTable] })
const mysql = encryptedDrizzle(mysqlDrizzle.mock({ schema: mySchema, mode: 'default' }), {
  cipher,
  tables: [myPeopleTable, myLettersTable],
})
const { id, name, email, city, notes } = peopleTable
const person = { id: '0f9b7c1e-3f0a-4c43-9d4b-000000000001', name: 'Ann', email: 'a@x.org' }
const all = () => db.select({ id }).from(peopleTable)
const raw = () => plain.select({ id }).from(peopleTable)
const byKey = eq(id, person.id)
const other = alias(peopleTable, 'other')

const refused: Readonly<Record<string, () => unknown>> = {
  // Operators and expressions.
  'an order': () => all().orderBy(email),
  'a descending order': () => all().orderBy(desc(email)),
  'an order by a function': () => all().orderBy((fields) => sql`lower(${fields.id}, ${email})`),
  'a range': () => all().where(gt(email, 'a')),
  between: () => all().where(between(email, 'a', 'b')),
  like: () => all().where(like(email, 'a%')),
  'an expression': () => all().where(sql`lower(${email}) = 'a@x.org'`),
  'an expression deep within others': () =>
    all().where(and(byKey, or(not(sql`(${sql`length(${email})`}) > 3`), byKey))),
  'an equality that was written as text': () => all().where(sql`${email} = ${'a@x.org'}`),
  'a parameter of the column elsewhere': () => all().where(sql`${name} = ${sql.param('a', email)}`),
  'a column on the right': () => all().where(eq(name, email)),
  'a column on both sides': () => all().where(eq(email, other.email)),
  'an equality with null': () => all().where(eq(email, sql`null`)),
  'a placeholder': () => all().where(eq(email, sql.placeholder('email'))),
  'a query as the values': () => all().where(inArray(email, raw())),
  'an expression in an object that gives it to Drizzle': () =>
    all().where(and({ getSQL: () => sql`encode(${email}, 'escape') = ${'a'}` })),
  'a relational query of the plain database': () =>
    all().where(exists(plain.query.people.findMany() as never)),
  'an identifier': () => all().where(sql`${sql.identifier('email')}::text = ${'a'}`),
  'an identifier of a joined table, by its name in the database': () =>
    db
      .select({ box: lettersTable.box })
      .from(lettersTable)
      .innerJoin(peopleTable, sql`${sql.identifier('private_notes')} is null`),
  'an identifier in UPDATE': () =>
    db
      .update(peopleTable)
      .set({ name: sql`${sql.identifier('email')}` })
      .where(byKey),
  'an expression in an instance of a class': () => {
    class Fields {
      readonly up = sql`upper(${email})`
    }
    return db.select({ nested: new Fields() as never }).from(peopleTable)
  },
  'an expression that a getter gives': () => {
    const fields = {
      get up() {
        return sql`upper(${email})`
      },
    }
    return db.select({ nested: fields }).from(peopleTable)
  },
  'no index': () => all().where(eq(notes, {})),
  'values in the text of a query': () => all().where(eq(email, 'a@x.org').inlineParams()),
  'an expression in what is selected': () =>
    db.select({ email: sql`upper(${email})` }).from(peopleTable),
  'a count of the column': () => db.select({ n: count(email) }).from(peopleTable),
  grouping: () => db.select({ email }).from(peopleTable).groupBy(email),
  having: () => all().groupBy(id).having(gt(email, 'a')),
  distinct: () => db.selectDistinct({ email }).from(peopleTable),
  'distinct on': () => db.selectDistinctOn([email], { id }).from(peopleTable),
  'a join on it': () => all().innerJoin(other, eq(other.email, email)),
  // Short indexes.
  'a short index with a limit': () => all().where(eq(city, 'U')).limit(1),
  'a short index with an offset': () => all().where(eq(city, 'U')).offset(1),
  'a short index within OR': () => all().where(or(eq(city, 'U'), byKey)),
  'a short index beside an OR without parentheses': () =>
    all().where(and(eq(city, 'U'), sql`true or ${name} = 'x'`)),
  'a short index negated': () => all().where(ne(city, 'U')),
  'a short index within NOT': () => all().where(not(eq(city, 'U'))),
  'a short index, counted': () => db.select({ n: count() }).from(peopleTable).where(eq(city, 'U')),
  'a short index of $count': () => db.$count(peopleTable, eq(city, 'U')),
  'a short index, distinct': () => db.selectDistinct({ id }).from(peopleTable).where(eq(city, 'U')),
  'a short index, grouped': () => all().where(eq(city, 'U')).groupBy(id),
  'a short index in a query within a condition': () =>
    db
      .select()
      .from(lettersTable)
      .where(inArray(lettersTable.author, all().where(eq(city, 'U')))),
  'a short index of DELETE': () => db.delete(peopleTable).where(eq(city, 'U')),
  'a short index of UPDATE': () => db.update(peopleTable).set({ name: 'B' }).where(eq(city, 'U')),
  'a short index of a relational query with a limit': () =>
    db.query.people.findMany({ where: eq(city, 'U'), limit: 1 }),
  'a short index of a relational query with an offset': () =>
    db.query.people.findMany({ where: eq(city, 'U'), offset: 1 }),
  'a short index, with HAVING': () =>
    all()
      .where(eq(city, 'U'))
      .having(sql`count(*) > 1`),
  'a short index of one side of a union': () => all().where(eq(city, 'U')).union(all()),
  'a short index of findFirst': () => db.query.people.findFirst({ where: eq(city, 'U') }),
  // What is no condition, and must not leave a statement without one.
  'a column as the condition of DELETE': () => db.delete(peopleTable).where(id as never),
  'a wrapped condition of DELETE': () =>
    db.delete(peopleTable).where({ getSQL: () => byKey } as never),
  'a column as the condition of UPDATE': () =>
    db
      .update(peopleTable)
      .set({ name: 'B' })
      .where(id as never),
  'an alias as the condition of SELECT': () => all().where(sql`true`.as('all') as never),
  'false as the condition of DELETE': () => db.delete(peopleTable).where(false as never),
  // Rows whose key is not known.
  'an insert without its key': () =>
    db.insert(lettersTable).values({ box: 'in', body: 'x' } as never),
  'an insert with a key that is an expression': () =>
    db.insert(peopleTable).values({ ...person, id: sql`gen_random_uuid()` }),
  'an insert of an expression': () =>
    db.insert(peopleTable).values({ ...person, email: sql`'a@x.org'` }),
  'an insert of a placeholder': () =>
    db.insert(peopleTable).values({ ...person, email: sql.placeholder('email') }),
  'an insert of a query': () => db.insert(peopleTable).select(plain.select().from(peopleTable)),
  'an insert of an index': () =>
    db.insert(peopleTable).values({ ...person, emailIndex: 'x' as never }),
  'an update of an index': () => db.update(peopleTable).set({ emailIndex: null }).where(byKey),
  'an update of all rows': () => db.update(peopleTable).set({ email: 'x' }),
  'an update by another column': () =>
    db.update(peopleTable).set({ email: 'x' }).where(eq(name, 'Ann')),
  'an update by a key within OR': () =>
    db
      .update(peopleTable)
      .set({ email: 'x' })
      .where(or(byKey, eq(name, 'Ann'))),
  'an update by a key beside an OR without parentheses': () =>
    db
      .update(peopleTable)
      .set({ email: 'x' })
      .where(and(byKey, sql`true or true`)),
  'an update by a negated key': () => db.update(peopleTable).set({ email: 'x' }).where(not(byKey)),
  'an update by a part of the key': () =>
    db.update(lettersTable).set({ body: 'x' }).where(eq(lettersTable.box, 'in')),
  'an update by the key of another table': () =>
    db.update(peopleTable).set({ email: 'x' }).from(other).where(eq(other.id, person.id)),
  'an update by a key that is an expression': () =>
    db
      .update(peopleTable)
      .set({ email: 'x' })
      .where(eq(id, sql`${person.id}`)),
  'an update to an expression': () =>
    db
      .update(peopleTable)
      .set({ email: sql`lower(${name})` })
      .where(byKey),
  'an update to another encrypted column': () =>
    db
      .update(peopleTable)
      .set({ name: sql`${email}` })
      .where(byKey),
  'an update of the key': () => db.update(peopleTable).set({ id: person.id }).where(byKey),
  'an upsert on another column': () =>
    db
      .insert(peopleTable)
      .values(person)
      .onConflictDoUpdate({ target: name, set: { email: 'x' } }),
  'an upsert on another column, of what was excluded': () =>
    db
      .insert(peopleTable)
      .values(person)
      .onConflictDoUpdate({ target: name, set: { email: sql`excluded.email` } }),
  'an upsert of another excluded column': () =>
    db
      .insert(peopleTable)
      .values(person)
      .onConflictDoUpdate({ target: id, set: { email: sql`excluded.city` } }),
  'an upsert of many rows to one value': () =>
    db
      .insert(peopleTable)
      .values([person, { ...person, id: person.id.replace('1', '2') }])
      .onConflictDoUpdate({ target: id, set: { email: 'x' } }),
  'an upsert of the key': () =>
    db
      .insert(peopleTable)
      .values(person)
      .onConflictDoUpdate({ target: id, set: { id: 'x' } }),
  // What is made at once, or is not seen.
  'a subquery that selects it': () => db.select().from(peopleTable).as('all'),
  'a subquery of the plain database': () =>
    db.select().from(plain.select().from(peopleTable).as('all')),
  'a subquery that searches by it': () => all().where(eq(email, 'x')).as('found'),
  'WITH that selects it': () => db.$with('w').as(db.select().from(peopleTable)),
  'WITH of a query builder': () =>
    db.$with('w').as((builder) => builder.select().from(peopleTable)),
  'WITH of the plain database': () => {
    const clause = plain.$with('w').as(plain.select().from(peopleTable))
    return db
      .with(clause)
      .select({ one: sql`1` })
      .from(clause)
  },
  'WITH of raw SQL that searches by it': () =>
    db.$with('w', { id }).as(sql`select id from people where ${eq(email, 'x')}`),
  'a union that selects it': () =>
    db.select({ email }).from(peopleTable).union(db.select({ email }).from(peopleTable)),
  'a union of the function': () =>
    union(db.select({ email }).from(peopleTable), db.select({ email }).from(peopleTable)),
  'a query within a condition that selects it': () =>
    all().where(inArray(name, new QueryBuilder().select({ email }).from(peopleTable))),
  'a query within a condition that orders by it': () =>
    all().where(exists(new QueryBuilder().select().from(peopleTable).orderBy(asc(email)))),
  'a prepared search': () => all().where(eq(email, 'x')).prepare('search'),
  'a prepared insert': () => db.insert(peopleTable).values(person).prepare('insert'),
  'the text of a search': () => all().where(eq(email, 'x')).toSQL(),
  'raw SQL of a search': () => db.execute(all().where(eq(email, 'x'))),
  'raw SQL with a value': () => db.execute(sql`SELECT ${eq(email, 'x')}`),
  'extras in the place of an encrypted column': () =>
    db.query.people.findMany({ extras: { email: sql`'x'`.as('email') } }),
  'extras in the place of the key': () =>
    db.query.people.findMany({ columns: { email: true }, extras: { id: sql`'x'`.as('id') } }),
  'extras in the place of an index': () =>
    db.query.people.findMany({ extras: { emailIndex: sql`'x'`.as('emailIndex') } }),
  'a short index of a relation to one': () =>
    db.query.letters.findMany({ with: { author: { where: eq(city, 'U') } as never } }),
  'an identifier in a relational query': () =>
    db.query.people.findMany({ where: sql`${sql.identifier('email')} is null` }),
  'a prepared relational query': () => db.query.people.findMany().prepare('people'),
  'a method that is not known': () => (db as unknown as { session: unknown }).session,
  // MySQL.
  'an upsert of MySQL': () =>
    mysql
      .insert(myPeopleTable)
      .values(person)
      .onDuplicateKeyUpdate({ set: { email: 'x' } }),
  'an iterator of MySQL': () => mysql.select().from(myPeopleTable).iterator(),
}

describe('what cannot be done with an encrypted column', () => {
  it.each(Object.entries(refused))('%s', async (_name, query) => {
    await expect((async () => query())()).rejects.toMatchObject({ code: 'ERR_REFUSED_QUERY' })
  })
})

describe('without the adapter', () => {
  const inserts: Readonly<Record<string, unknown>> = {
    'a plaintext': 'a@x.org',
    'a promise': Promise.resolve('a@x.org'),
    bytes: Buffer.from('a@x.org'),
    'an object': { stored: Buffer.from('a@x.org') },
  }
  it.each(Object.entries(inserts))('%s does not reach the driver', (_name, value) => {
    const query = plain.insert(peopleTable).values({ ...person, email: value as string })
    expect(() => query.toSQL()).toThrow(/encryptedDrizzle/)
  })

  it('a search does not reach the driver', () => {
    expect(() => raw().where(eq(email, 'a@x.org')).toSQL()).toThrow(/encryptedDrizzle/)
  })
})
