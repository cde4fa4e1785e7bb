import { inspect } from 'node:util'
import { CamelCasePlugin, Kysely, PostgresDialect, sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { RawAesKeyring } from '../../../../src/index.ts'
import { EncryptedDialect } from '../../../../src/sql/kysely/index.ts'
import { FieldCipher, defineTable } from '../../../../src/sql.ts'
import { type EmbeddedPostgres, startPglite } from '../../../support/sql/databases.ts'

interface Database {
  userProfiles: { userId: number; fullName: string; details: { firstSeen: string } | null }
}

const profiles = defineTable('user_profiles', {
  primaryKey: { user_id: 'integer' },
  columns: {
    full_name: { type: 'string', index: { column: 'full_name_index', bits: 256 } },
    details: 'json',
  },
})

let postgres: EmbeddedPostgres
let dialect: EncryptedDialect
beforeAll(async () => {
  postgres = await startPglite()
  const keyring = new RawAesKeyring({
    keyNamespace: 'tests',
    keyName: 'plugins',
    wrappingKey: new Uint8Array(32).fill(1),
  })
  const cipher = new FieldCipher({
    keyring,
    indexKey: { key: new Uint8Array(32).fill(2) },
    tables: [profiles],
  })
  dialect = new EncryptedDialect({
    dialect: new PostgresDialect({ pool: postgres.pool }),
    cipher,
  })
  for (const schema of ['public', 'tenant']) {
    await postgres.db.exec(`create schema if not exists ${schema};
      create table ${schema}.user_profiles (user_id integer primary key, full_name bytea,
        full_name_index bytea, details bytea)`)
  }
}, 60_000)
afterAll(async () => postgres.close())
beforeEach(async () => {
  await postgres.db.exec('delete from public.user_profiles; delete from tenant.user_profiles')
})

const ada = { userId: 1, fullName: 'Ada', details: { firstSeen: 'today' } }
const camelCase = () => new CamelCasePlugin({ maintainNestedObjectKeys: true })

const ways: Record<string, () => Kysely<Database>> = {
  'CamelCasePlugin in the configuration': () => new Kysely({ dialect, plugins: [camelCase()] }),
  'CamelCasePlugin by withPlugin': () => new Kysely<Database>({ dialect }).withPlugin(camelCase()),
  'withSchema before it': () =>
    new Kysely<Database>({ dialect }).withSchema('tenant').withPlugin(camelCase()),
  'withSchema after it': () =>
    new Kysely<Database>({ dialect, plugins: [camelCase()] }).withSchema('tenant'),
}

describe.each(Object.entries(ways))('%s', (_name, connect) => {
  it('encrypts, finds, updates and decrypts', async () => {
    const db = connect()
    await db.insertInto('userProfiles').values(ada).execute()
    const found = db.selectFrom('userProfiles').where('fullName', '=', 'Ada')
    expect(await found.selectAll().execute()).toEqual([ada])
    expect(await found.select('userProfiles.fullName as called').execute()).toEqual([
      { called: 'Ada' },
    ])
    await db.updateTable('userProfiles').set({ fullName: 'Bob' }).where('userId', '=', 1).execute()
    expect(await found.selectAll().execute()).toEqual([])
    const { rows } = await postgres.pool.query<{ full_name: Buffer }>(
      'select full_name from public.user_profiles union all select full_name from tenant.user_profiles',
    )
    expect(rows[0]?.full_name.includes('Bob')).toBe(false)
  })
})

it('encrypts when all plugins are taken away', async () => {
  const db = new Kysely<{ user_profiles: { user_id: number; full_name: string } }>({ dialect })
  const bare = db.withoutPlugins()
  await bare.insertInto('user_profiles').values({ user_id: 1, full_name: 'Ada' }).execute()
  expect(await bare.selectFrom('user_profiles').select('full_name').execute()).toEqual([
    { full_name: 'Ada' },
  ])
})

it('reads a table by its schema', async () => {
  const db = new Kysely<{
    'tenant.user_profiles': { user_id: number; full_name: string }
    user_profiles: { user_id: number; full_name: string }
  }>({ dialect })
  await db.insertInto('tenant.user_profiles').values({ user_id: 1, full_name: 'Ada' }).execute()
  const query = db
    .selectFrom('tenant.user_profiles')
    .select('tenant.user_profiles.full_name')
    .where('tenant.user_profiles.full_name', '=', 'Ada')
  expect(await query.execute()).toEqual([{ full_name: 'Ada' }])
  expect(await db.selectFrom('user_profiles').selectAll().execute()).toEqual([])
})

it('logs queries without plaintext', async () => {
  const lines: string[] = []
  const db = new Kysely<Database>({
    dialect,
    plugins: [camelCase()],
    log: (event) => {
      lines.push(inspect(event, { depth: 9 }))
    },
  })
  await db.insertInto('userProfiles').values(ada).execute()
  await db.selectFrom('userProfiles').select('userId').where('fullName', '=', 'Ada').execute()
  await sql`select 1`.execute(db)
  expect(lines).toHaveLength(3)
  expect(lines.join()).toContain('<encrypted user_profiles.full_name>')
  expect(lines.join()).not.toContain('Ada')
  expect(lines.join()).not.toContain('today')
})

it('runs savepoints and introspection', async () => {
  const db = new Kysely<Database>({ dialect, plugins: [camelCase()] })
  const outer = await db.startTransaction().execute()
  await outer.insertInto('userProfiles').values(ada).execute()
  const inner = await outer.savepoint('one').execute()
  await inner.updateTable('userProfiles').set({ fullName: 'Eve' }).where('userId', '=', 1).execute()
  await (await inner.rollbackToSavepoint('one').execute()).commit().execute()
  expect(await db.selectFrom('userProfiles').select('fullName').execute()).toEqual([
    { fullName: 'Ada' },
  ])
  const tables = await db.introspection.getTables()
  expect(tables.map(({ name }) => name)).toContain('user_profiles')
})
