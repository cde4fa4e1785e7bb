import {
  type Compilable,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql,
} from 'kysely'
import { jsonArrayFrom, jsonObjectFrom } from 'kysely/helpers/postgres'
import { describe, expect, it } from 'vitest'
import { RefusedQueryError } from '../../../../src/errors.ts'
import { EncryptedDialect } from '../../../../src/sql/kysely/index.ts'
import { type KyselyDatabase, kyselyCipher } from '../../../support/sql/kysely-cases.ts'

// Nothing is sent: a query is refused, or not, when it is compiled.
const db = new Kysely<KyselyDatabase>({
  dialect: new EncryptedDialect({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (one) => new PostgresIntrospector(one),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    cipher: kyselyCipher(),
  }),
})
const secret = 'the plaintext'
const id = '00000000-0000-4000-8000-000000000001'
const users = db.selectFrom('users')
const row = { id, name: 'Ada', email: secret, phone: null, profile: null }
const insert = db.insertInto('users')
/** What the types of kysely would not let through. */
const untyped = db as unknown as Kysely<Record<string, Record<string, unknown>>>

const refused: Record<string, () => Compilable> = {
  'ORDER BY': () => users.select('name').orderBy('email'),
  'ORDER BY with a table': () => users.select('name').orderBy('users.email', 'desc'),
  'ORDER BY by the name of a result': () => users.select('email as contact').orderBy('contact'),
  'ORDER BY by an expression': () =>
    users.select('name').orderBy((eb) => eb.fn('lower', ['email'])),
  'GROUP BY': () => users.select('name').groupBy(['name', 'email']),
  'GROUP BY of another column beside': () => users.select('email').groupBy('id'),
  HAVING: () =>
    users
      .select('name')
      .groupBy('name')
      .having((eb) => eb.fn.max('email'), '=', secret),
  DISTINCT: () => users.select('email').distinct(),
  'DISTINCT ON': () => users.select('name').distinctOn('email'),
  'a function in SELECT': () => users.select((eb) => eb.fn('lower', ['email']).as('e')),
  'an aggregate': () => users.select((eb) => eb.fn.max('email').as('e')),
  'count of a column': () => users.select((eb) => eb.fn.count('email').as('e')),
  'a window': () =>
    users.select((eb) =>
      eb.fn
        .countAll()
        .over((over) => over.partitionBy('email'))
        .as('e'),
    ),
  'ORDER BY of a window': () =>
    users.select((eb) =>
      eb.fn
        .countAll()
        .over((over) => over.orderBy('email'))
        .as('e'),
    ),
  coalesce: () => users.select((eb) => eb.fn.coalesce('email', eb.val('none')).as('e')),
  'a concatenation': () => users.select((eb) => eb('email', '||', '!').as('e')),
  'CASE by a column': () =>
    users.select((eb) => eb.case('email').when(secret).then(1).else(0).end().as('e')),
  'CASE with a short index': () =>
    users.select((eb) => eb.case().when('phone', '=', secret).then(1).else(0).end().as('e')),
  'CASE with a column as its result': () =>
    users.select((eb) => eb.case().when('name', '=', 'a').then(eb.ref('email')).end().as('e')),
  'a cast': () => users.select((eb) => eb.cast<string>('email', 'text').as('e')),
  'a path into JSON': () =>
    users.select((eb) => eb.ref('profile', '->>').key('city').as('e') as never),
  'json_agg of a table': () => users.select((eb) => eb.fn.jsonAgg('users').as('e')),
  'to_json of an alias': () =>
    db.selectFrom('users as u').select((eb) => eb.fn.toJson('u').as('e')),
  jsonArrayFrom: () =>
    db
      .selectFrom('orders')
      .select((eb) => jsonArrayFrom(eb.selectFrom('users').selectAll()).as('e')),
  jsonObjectFrom: () =>
    db
      .selectFrom('orders')
      .select((eb) => jsonObjectFrom(eb.selectFrom('users').select(['name', 'email'])).as('e')),
  'a subquery as a value': () =>
    db.selectFrom('orders').select((eb) => eb.selectFrom('users').select('email').as('e')),
  'IN with a subquery of the column': () =>
    db.selectFrom('orders').selectAll().where('email', 'in', users.select('users.email')),
  'IN with a subquery': () =>
    users.selectAll().where('email', 'in', db.selectFrom('orders').select('orders.email')),
  UNION: () => users.select('email').union(db.selectFrom('orders').select('orders.email')),
  'UNION ALL, on its other side': () =>
    db.selectFrom('orders').select('orders.email').unionAll(users.select('users.email')),
  ...Object.fromEntries(
    (
      ['!=', '<>', '<', '>=', 'like', 'ilike', 'not in', 'is distinct from', '~', '@>'] as const
    ).map((operator) => [
      `the operator ${operator}`,
      () => users.selectAll().where('email', operator, secret as never),
    ]),
  ),
  between: () => users.selectAll().where((eb) => eb.between('email', 'a', 'b')),
  'a comparison of columns': () => users.selectAll().whereRef('email', '=', 'name'),
  'a comparison of columns, turned': () => users.selectAll().whereRef('name', '=', 'email'),
  'a comparison with the value first': () =>
    users.selectAll().where((eb) => eb(eb.val(secret), '=', eb.ref('email'))),
  'a comparison with an expression': () =>
    users.selectAll().where('email', '=', sql<string>`lower(${secret})`),
  'any() of an array': () =>
    users.selectAll().where((eb) => eb('email', '=', eb.fn.any(eb.val([secret])))),
  'a tuple': () =>
    users
      .selectAll()
      .where((eb) => eb(eb.refTuple('name', 'email'), 'in', [eb.tuple('Ada', secret)])),
  'a comparison with null': () => users.selectAll().where('email', '=', null),
  'null in a list': () => users.selectAll().where('email', 'in', [secret, null]),
  'a column without an index': () =>
    users.selectAll().where('profile', '=', { city: secret, tags: [] }),
  'a join on a column': () =>
    db.selectFrom('orders as o').innerJoin('users as u', 'u.email', 'o.email').select('o.id'),
  'a reference in raw SQL': () =>
    users.selectAll().where(sql<boolean>`${sql.ref('email')} = ${secret}`),
  'a column in the text of raw SQL': () => users.selectAll().where(sql<boolean>`email = ${secret}`),
  'a quoted column in raw SQL': () => users.selectAll().where(sql<boolean>`u."EMAIL" = ${secret}`),
  'raw SQL of an outer query': () =>
    users.selectAll().where((eb) =>
      eb.exists(
        eb
          .selectFrom('orders')
          .select('id')
          .where(sql<boolean>`users.email = ${secret}`),
      ),
    ),
  'a table in raw SQL': () =>
    db
      .selectFrom(sql<{ email: string }>`users`.as('u'))
      .selectAll()
      .where('u.email', '=', secret),
  'a table by sql.table': () =>
    db
      .selectFrom(sql<{ email: string }>`${sql.table('users')}`.as('u'))
      .selectAll()
      .where('u.email', '=', secret),
  'a short index in OR': () =>
    users.selectAll().where((eb) => eb.or([eb('phone', '=', secret), eb('name', '=', 'a')])),
  'a short index in NOT': () => users.selectAll().where((eb) => eb.not(eb('phone', '=', secret))),
  'a short index with LIMIT': () => users.selectAll().where('phone', '=', secret).limit(1),
  'a short index with OFFSET': () => users.selectAll().where('phone', '=', secret).offset(1),
  'a short index with FETCH': () => users.selectAll().where('phone', '=', secret).fetch(1),
  'a short index with DISTINCT': () => users.select('name').distinct().where('phone', '=', secret),
  'a short index with GROUP BY': () =>
    users.select('name').groupBy('name').where('phone', '=', secret),
  'a short index with count': () =>
    users.select((eb) => eb.fn.countAll().as('n')).where('phone', '=', secret),
  'a short index with a window': () =>
    users.select((eb) => eb.fn.countAll().over().as('n')).where('phone', '=', secret),
  'a short index with raw SQL that may be an aggregate': () =>
    users.select(sql<number>`count(*)`.as('n')).where('phone', '=', secret),
  'a short index in a join': () =>
    db
      .selectFrom('orders as o')
      .innerJoin('users as u', (join) => join.on('u.phone', '=', secret))
      .select('o.id'),
  'a short index in a subquery': () =>
    db
      .selectFrom('orders')
      .selectAll()
      .where('user_id', 'in', (eb) =>
        eb.selectFrom('users').select('users.id').where('users.phone', '=', secret),
      ),
  'a short index in a subquery of FROM': () =>
    db.selectFrom(users.select('users.name').where('users.phone', '=', secret).as('u')).selectAll(),
  'a short index in a UNION': () =>
    users.select('name').where('phone', '=', secret).union(users.select('users.name')),
  'a short index in DELETE': () => db.deleteFrom('users').where('phone', '=', secret),
  'a short index in UPDATE': () =>
    db.updateTable('users').set({ visits: 1 }).where('phone', '=', secret),
  'a condition outside of the subquery': () =>
    db.selectFrom(users.select('users.email').as('u')).selectAll().where('u.email', '=', secret),
  'two results with one name': () =>
    db
      .selectFrom('users as u')
      .innerJoin('orders as o', 'o.user_id', 'u.id')
      .select(['u.email', 'o.email']),
  'all of a table that is joined with itself': () =>
    db.selectFrom('users as a').innerJoin('users as b', 'a.id', 'b.id').selectAll(),
  'a name that two tables may mean': () =>
    users
      .selectAll()
      .where((eb) => eb.exists(eb.selectFrom('orders').select('id').where('email', '=', secret))),
  'a name in other case': () => untyped.selectFrom('users').selectAll().where('Email', '=', secret),
  'a table in other case': () => untyped.selectFrom('Users').selectAll(),
  'an insert under a name in other case': () =>
    untyped.insertInto('users').values({ id, EMAIL: secret }),

  'INSERT without the primary key': () => insert.values({ name: 'a', email: secret } as never),
  'INSERT with a key that the database makes': () =>
    insert.values({ ...row, id: sql<string>`gen_random_uuid()` }),
  'INSERT with a part of the key': () =>
    db.insertInto('cards').values({ tenant: 'acme', pan: secret } as never),
  'INSERT of an expression': () => insert.values({ ...row, email: sql<string>`lower(${secret})` }),
  'INSERT of a blind index': () => untyped.insertInto('users').values({ ...row, email_index: 'x' }),
  'INSERT from a query': () =>
    insert
      .columns(['id', 'email'])
      .expression(db.selectFrom('orders').select(['user_id', 'orders.email'])),
  'INSERT from a query without columns': () =>
    insert.expression(db.selectFrom('orders').selectAll() as never),
  'INSERT from a query of an encrypted column into another table': () =>
    db.insertInto('orders').columns(['email']).expression(users.select('users.email')),
  'UPDATE without WHERE': () => db.updateTable('users').set({ email: secret }),
  'UPDATE with another condition': () =>
    db.updateTable('users').set({ email: secret }).where('name', '=', 'Ada'),
  'UPDATE with the key in OR': () =>
    db
      .updateTable('users')
      .set({ email: secret })
      .where((eb) => eb.or([eb('id', '=', id), eb('name', '=', 'a')])),
  'UPDATE with IN': () => db.updateTable('users').set({ email: secret }).where('id', 'in', [id]),
  'UPDATE with a part of the key': () =>
    db.updateTable('cards').set({ pan: secret }).where('tenant', '=', 'acme'),
  'UPDATE with a key of another table': () =>
    db
      .updateTable('users as u')
      .from('orders as o')
      .set({ email: secret })
      .where('o.id', '=', id as never),
  'UPDATE with a key that may be of another table': () =>
    db
      .updateTable('users')
      .from('orders')
      .set({ email: secret })
      .where('id', '=', id as never),
  'UPDATE with the key compared to a column': () =>
    db.updateTable('users').set({ email: secret }).whereRef('id', '=', 'name'),
  'UPDATE to an expression': () =>
    db
      .updateTable('users')
      .set({ email: sql<string>`lower(${secret})` })
      .where('id', '=', id),
  'UPDATE to another column': () =>
    db
      .updateTable('users')
      .set((eb) => ({ email: eb.ref('name') }))
      .where('id', '=', id),
  'UPDATE of a plain column to an encrypted one': () =>
    db
      .updateTable('users')
      .set((eb) => ({ name: eb.ref('email') as never }))
      .where('id', '=', id),
  'UPDATE of the primary key': () => db.updateTable('users').set({ id }).where('id', '=', id),
  'UPDATE of a blind index': () =>
    untyped.updateTable('users').set({ email_index: null }).where('id', '=', id),
  'UPDATE of several tables': () =>
    db.updateTable(['users', 'orders']).set({ total: 1 }).where('users.id', '=', id),
  'UPDATE through a join': () =>
    untyped
      .updateTable('orders')
      .innerJoin('users', 'users.id', 'orders.user_id')
      .set('users.email', secret as never),
  'UPDATE of an encrypted table through a join with another': () =>
    untyped
      .updateTable('users')
      .innerJoin('cards', 'cards.tenant', 'users.name')
      .set('cards.pan', secret as never)
      .where('users.id', '=', id),
  'UPDATE through a join, of a column without its table': () =>
    untyped
      .updateTable('users')
      .innerJoin('cards', 'cards.tenant', 'users.name')
      .set('pan', secret as never)
      .where('users.id', '=', id),
  'UPDATE through a join, of a key': () =>
    untyped
      .updateTable('orders')
      .innerJoin('cards as c', 'c.tenant', 'orders.email')
      .set('tenant', 'other' as never),
  'an upsert by another target': () =>
    insert
      .values(row)
      .onConflict((oc) =>
        oc.column('name').doUpdateSet((eb) => ({ email: eb.ref('excluded.email') })),
      ),
  'an upsert by an encrypted column, which never conflicts': () =>
    insert.values(row).onConflict((oc) => oc.column('email').doNothing()),
  'an upsert by a constraint': () =>
    insert
      .values(row)
      .onConflict((oc) => oc.constraint('users_pkey').doUpdateSet({ email: secret })),
  'an upsert of several rows to one value': () =>
    insert
      .values([row, { ...row, id: `${id.slice(0, -1)}2` }])
      .onConflict((oc) => oc.column('id').doUpdateSet({ email: secret })),
  'an upsert from another column': () =>
    insert
      .values(row)
      .onConflict((oc) =>
        oc.column('id').doUpdateSet((eb) => ({ email: eb.ref('excluded.name') })),
      ),
  'an upsert of a plain column from an encrypted one': () =>
    insert
      .values(row)
      .onConflict((oc) =>
        oc.column('id').doUpdateSet((eb) => ({ name: eb.ref('excluded.email') as never })),
      ),
  'an upsert with a condition on an encrypted column': () =>
    insert
      .values(row)
      .onConflict((oc) =>
        oc.column('id').doUpdateSet({ visits: 1 }).where('users.email', '>', secret),
      ),
  'ON DUPLICATE KEY UPDATE': () => insert.values(row).onDuplicateKeyUpdate({ email: secret }),
  'ON DUPLICATE KEY UPDATE with raw SQL': () =>
    insert.values(row).onDuplicateKeyUpdate({ name: sql<string>`values(email)` }),
  MERGE: () =>
    db
      .mergeInto('users')
      .using('orders', 'orders.user_id', 'users.id')
      .whenMatched()
      .thenUpdateSet({ email: secret }),
  'MERGE from an encrypted table': () =>
    db
      .mergeInto('orders')
      .using('users', 'orders.user_id', 'users.id')
      .whenMatched()
      .thenUpdateSet((eb) => ({ email: eb.ref('users.email') })),
  'RETURNING an expression': () =>
    insert.values(row).returning((eb) => eb.fn('lower', ['email']).as('e')),
  'a view of an encrypted column': () => db.schema.createView('v').as(users.selectAll()),
  'names for the columns of a common table': () =>
    db
      .with('c(a, b)', (qb) => qb.selectFrom('users').select(['name as a', 'email as b']))
      .selectFrom('c')
      .selectAll(),
  'a common table before its definition': () =>
    db
      .withRecursive('a', (qb) => qb.selectFrom('b' as 'users').selectAll())
      .with('b', (qb) => qb.selectFrom('users').selectAll())
      .selectFrom('a')
      .selectAll(),
  'an encrypted column in a recursive common table': () =>
    db
      .withRecursive('c', (qb) =>
        qb
          .selectFrom('users')
          .select(['users.email'])
          .unionAll(qb.selectFrom('users').select(['users.email'])),
      )
      .selectFrom('c')
      .selectAll(),
  'a query within raw SQL': () =>
    compilable(sql`select json_agg(a) from (${users.select('users.email')}) as a`),
}

const allowed: Record<string, () => Compilable> = {
  'a query of other tables': () =>
    db
      .selectFrom('orders')
      .select('email')
      .distinct()
      .where('email', 'like', '%x')
      .orderBy('email'),
  'a name of the only encrypted table that has it': () =>
    db.selectFrom('orders').innerJoin('users', 'users.id', 'orders.user_id').select('phone'),
  'raw SQL that names no encrypted column': () =>
    users.select(sql`now()`.as('now')).where(sql<boolean>`users.name = ${'a'}`),
  'raw SQL as a whole': () => compilable(sql`select lower(email) from users where email = ${'a'}`),
  'FOR UPDATE OF': () => users.select('email').forUpdate('users'),
  'the columns of a subquery in FROM that stands beside': () =>
    db
      .selectFrom('users')
      .innerJoin(
        (eb) => eb.selectFrom('orders').select(['email', 'user_id']).as('o'),
        (join) => join.onRef('o.user_id', '=', 'users.id'),
      )
      .select('o.email'),
  'a second part of a UNION': () =>
    users.select('name').union(
      db
        .selectFrom('orders')
        .select((eb) => eb.ref('email').$notNull().as('name'))
        .where('email', '=', 'a'),
    ),
  'count of rows': () => db.selectFrom('users as u').select((eb) => eb.fn.countAll('u').as('n')),
  'an index of the database': () => db.schema.createIndex('i').on('users').column('email_index'),
  'a lateral join': () =>
    db
      .selectFrom('orders')
      .innerJoinLateral(
        (eb) =>
          eb
            .selectFrom('users')
            .select('users.email as mail')
            .whereRef('users.id', '=', 'orders.user_id')
            .as('u'),
        (join) => join.onTrue(),
      )
      .select('u.mail'),
}

describe('a query that is refused', () => {
  it.each(Object.entries(refused))('%s', (_name, query) => {
    const error = thrownBy(() => query().compile())
    expect(error).toBeInstanceOf(RefusedQueryError)
    expect((error as Error).message).not.toContain(secret)
  })
})

describe('a query that passes', () => {
  it.each(Object.entries(allowed))('%s', (_name, query) => {
    expect(query().compile().sql).not.toBe('')
  })
})

function compilable(query: ReturnType<typeof sql>): Compilable {
  return { compile: () => query.compile(db) }
}

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}
