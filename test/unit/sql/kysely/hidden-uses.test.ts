import { type Compilable, sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { RefusedQueryError } from '../../../../src/errors.ts'
import { RawAesKeyring } from '../../../../src/index.ts'
import { FieldCipher, defineTable } from '../../../../src/sql.ts'
import { compilingInstance, refusalOf } from '../../../support/sql/kysely-compiling.ts'

// Encrypted tables and columns where they are easily overlooked.

const db = compilingInstance()
const secret = 'the plaintext'
const id = '00000000-0000-4000-8000-000000000001'
const named = db.with('users', (qb) => qb.selectFrom('orders').select('id'))
const raw = (name: string) => db.with('x', () => sql`(select * from ${sql.raw(name)})`)

const refused: Record<string, () => Compilable> = {
  'UPDATE of a table that has the name of a common table': () =>
    named
      .updateTable('users')
      .set({ email: secret } as never)
      .where('id', '=', id),
  'the same by an alias': () =>
    named
      .updateTable('users as u')
      .set({ email: secret } as never)
      .where('u.id', '=', id),
  'the same with a schema for all tables': () =>
    db
      .withSchema('public')
      .with('users', (qb) => qb.selectFrom('orders').select('id'))
      .updateTable('users')
      .set({ email: secret } as never)
      .where('id', '=', id),
  'the same of several tables': () =>
    named
      .updateTable(['orders', 'users'])
      .set({ email: secret } as never)
      .where('users.id', '=', id),
  'INSERT into a table that has the name of a common table': () =>
    named.insertInto('users').values({ id, email: secret } as never),
  'DELETE from a table that has the name of a common table': () =>
    named.deleteFrom('users').where('email' as never, '=', secret as never),
  'INSERT in a later common table': () =>
    named
      .with('w', (qb) =>
        qb
          .insertInto('users')
          .values({ id, email: secret } as never)
          .returning('id'),
      )
      .selectFrom('w')
      .selectAll(),
  'INSERT in a recursive common table of its own name': () =>
    db
      .withRecursive('users', (qb) =>
        qb.insertInto('users').values({ id, email: secret }).returning('id'),
      )
      .selectFrom('users')
      .selectAll(),

  'sql.id of a column': () =>
    db
      .selectFrom('users')
      .selectAll()
      .where(sql<boolean>`${sql.id('email')} = ${secret}`),
  'sql.id of a table and a column': () =>
    db
      .selectFrom('users')
      .selectAll()
      .where(sql<boolean>`${sql.id('users', 'email')} = ${secret}`),
  'sql.id in a fragment of a fragment': () =>
    db
      .selectFrom('users')
      .selectAll()
      .where(sql<boolean>`${sql.join([sql`${sql.id('email')}`])} = ${secret}`),
  'a name in two fragments': () =>
    db
      .selectFrom('users')
      .selectAll()
      .where(sql<boolean>`em${sql.raw('ail')} = ${secret}`),
  'sql.id in the end of INSERT': () =>
    db
      .insertInto('users')
      .values({ id })
      .modifyEnd(sql`on conflict (id) do update set ${sql.id('email')} = ${secret}`),
  'sql.id of a table that is updated': () =>
    db.updateTable(sql`${sql.id('users')}`.as('u') as never).set({ email: secret } as never),
  'sql.id of a table that is read': () =>
    db
      .selectFrom(sql`${sql.id('users')}`.as('u'))
      .selectAll()
      .where('u.email' as never, '=', secret as never),
  'ORDER BY the name of a result, in raw SQL': () =>
    db
      .selectFrom('users')
      .select('email as contact')
      .orderBy(sql`contact`),
  'a common table in raw SQL of an encrypted table': () =>
    raw('users')
      .selectFrom('x')
      .selectAll()
      .where('x.email' as never, '=', secret as never),
  'a common table in raw SQL of an encrypted column': () =>
    db
      .with('x', () => sql`(select email from a_view)`)
      .selectFrom('x')
      .selectAll(),
  'MERGE within raw SQL': () => {
    const merge = db
      .mergeInto('users')
      .using('orders', 'orders.user_id', 'users.id')
      .whenMatched()
      .thenUpdateSet({ email: secret })
    return { compile: () => sql`with m as (${merge}) select 1`.compile(db) }
  },

  'a subquery in what EXISTS selects': () =>
    db
      .selectFrom('orders')
      .where((eb) =>
        eb.exists(
          eb
            .selectFrom('orders')
            .select((e) =>
              e.selectFrom('users').select('users.id').where('users.email', 'like', secret).as('x'),
            ),
        ),
      ),
  'a function in what EXISTS selects': () =>
    db
      .selectFrom('orders')
      .where((eb) =>
        eb.exists(eb.selectFrom('users').select((e) => e.fn('lower', ['users.email']).as('x'))),
      ),

  'a table made of an encrypted column': () =>
    db.schema.createTable('copy').as(db.selectFrom('users').selectAll()),
  'a view with a lookup': () =>
    db.schema.createView('v').as(db.selectFrom('users').select('name').where('email', '=', secret)),
  'an index with a condition': () =>
    db.schema
      .createIndex('i')
      .on('users')
      .column('id')
      .where('email' as never, '=', secret as never),
  'a default': () =>
    db.schema.alterTable('users').alterColumn('email', (column) => column.setDefault(secret)),
  'a default of a column that is added': () =>
    db.schema.alterTable('users').addColumn('email', 'text', (column) => column.defaultTo(secret)),
  'a default of a column that is modified': () =>
    db.schema
      .alterTable('users')
      .modifyColumn('email', 'text', (column) => column.defaultTo(secret)),
  'a default of a new table': () =>
    db.schema
      .createTable('users')
      .addColumn('email', 'text', (column) => column.defaultTo(sql.lit(secret))),
  'a generated column': () =>
    db.schema
      .createTable('users')
      .addColumn('email', 'text', (column) => column.generatedAlwaysAs(sql`upper(name)`)),

  'a column that is called as a blind index': () =>
    db.selectFrom('users as u').selectAll('u').select('u.name as phone_index'),
  'a column that is called as a blind index, first': () =>
    db.selectFrom('users as u').select('u.name as phone_index').selectAll('u'),
}

const allowed: Record<string, () => Compilable> = {
  'a common table that is read where it hides a table': () =>
    named.selectFrom('users').selectAll().where('id', '=', id),
  'a table with its schema beside a common table': () =>
    named.selectFrom('public.users').select('public.users.email'),
  'raw SQL of what is not encrypted, in a common table': () =>
    raw('orders').selectFrom('x').selectAll(),
  'EXISTS of columns': () =>
    db
      .selectFrom('orders')
      .selectAll()
      .where((eb) => eb.exists(eb.selectFrom('users').select(['users.email', eb.lit(1).as('n')]))),
  'a view of plain columns': () =>
    db.schema.createView('v').as(db.selectFrom('users').select('name').where('email', 'is', null)),
  'a partial index of what there is': () =>
    db.schema
      .createIndex('i')
      .on('users')
      .column('id')
      .where('email' as never, 'is not', null),
  'a default of null, or of another column': () =>
    db.schema
      .createTable('users')
      .addColumn('email', 'bytea', (column) => column.defaultTo(null))
      .addColumn('visits', 'integer', (column) => column.defaultTo(0)),
}

describe('a query that is refused', () => {
  it.each(Object.entries(refused))('%s', (_name, query) => {
    const error = refusalOf({ compile: () => query().compile() })
    expect(error).toBeInstanceOf(RefusedQueryError)
    expect((error as Error).message).not.toContain(secret)
  })
})

describe('a query that passes', () => {
  it.each(Object.entries(allowed))('%s', (_name, query) => {
    expect(query().compile().sql).not.toBe('')
  })
})

it('looks up what is searched for in a subquery that EXISTS selects', () => {
  const query = db
    .selectFrom('orders')
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('orders')
          .select((e) =>
            e.selectFrom('users').select('users.id').where('users.email', '=', secret).as('x'),
          ),
      ),
    )
  expect(query.selectAll().compile().sql).toContain('"users"."email_index" = $1')
})

it('encrypts the condition of a table that is made of a query', () => {
  const found = db.selectFrom('users').select('name').where('email', '=', secret)
  const { sql: text, parameters } = db.schema.createTable('copy').as(found).compile()
  expect(text).toContain('"email_index" = $1')
  expect(parameters).not.toContain(secret)
})

describe.each(['full_name', 'a-b', 'a b', 'a.b', 'a$b', 'a(b', 'a/b', 'a|b', 'ä'])(
  'a column that is called %s',
  (column) => {
    const wrappingKey = new Uint8Array(32)
    const keyring = new RawAesKeyring({ keyNamespace: 'tests', keyName: 'names', wrappingKey })
    const table = defineTable('user_profiles', {
      primaryKey: { id: 'uuid' },
      columns: { [column]: 'string' },
    })
    const profiles = compilingInstance(new FieldCipher({ keyring, tables: [table] })).selectFrom(
      'user_profiles',
    )
    it('is found in raw SQL', () => {
      const query = profiles.select('id').where(sql<boolean>`${sql.id(column)} = ${secret}`)
      expect(refusalOf(query)).toBeInstanceOf(RefusedQueryError)
    })
    it('does not hinder other raw SQL', () => {
      expect(refusalOf(profiles.select(['id', sql`now()`.as('n')]))).toBeUndefined()
    })
  },
)
