import assert from 'node:assert/strict'
import { PrismaMariaDb } from '@prisma/adapter-mariadb'
import { PrismaPg } from '@prisma/adapter-pg'
import { EnvelopeError, RawAesKeyring } from '../../../src/index.ts'
import { encryptedFields } from '../../../src/sql/prisma/index.ts'
import { FieldCipher, defineTable } from '../../../src/sql.ts'
import { PrismaClient as MySqlClient } from './prisma/clients/mysql/client.ts'
import { PrismaClient } from './prisma/clients/postgresql/client.ts'

export const users = defineTable('users', {
  primaryKey: { id: 'string' },
  storedAs: 'base64',
  columns: {
    email: {
      type: 'string',
      index: { column: 'emailIndex', bits: 128, normalize: 'lowercase' },
    },
    phone: { type: 'string', index: { column: 'phoneIndex', bits: 1, normalize: 'digits' } },
    profile: 'json',
    birthday: 'date',
    balance: 'bigint',
    photo: { type: 'bytes', storedAs: 'bytes' },
  },
})

export const posts = defineTable('posts', {
  primaryKey: { id: 'integer' },
  storedAs: 'base64',
  columns: { title: { type: 'string', index: { column: 'titleIndex', bits: 128 } } },
})

const memberships = defineTable('memberships', {
  primaryKey: { userId: 'string', teamId: 'string' },
  storedAs: 'base64',
  columns: { note: 'string' },
})

export const models = { User: users, Post: posts, Membership: memberships }

export function newCipher(): FieldCipher {
  const keyring = new RawAesKeyring({
    keyNamespace: 'tests',
    keyName: 'prisma',
    wrappingKey: new Uint8Array(32).fill(7),
  })
  const indexKey = { key: new Uint8Array(32).fill(9) }
  return new FieldCipher({ keyring, tables: Object.values(models), indexKey })
}

/** What `$extends` makes of a client. */
export function extend(plain: PrismaClient, cipher: FieldCipher) {
  return plain.$extends(encryptedFields({ cipher, models }))
}

/** A client with encrypted fields and one without, of one database that has the tables. */
export interface PrismaSetup {
  readonly prisma: ReturnType<typeof extend>
  readonly plain: PrismaClient
  readonly cipher: FieldCipher
  readonly provider: 'postgresql' | 'mysql'
  close(): Promise<void>
}

/** On a PostgreSQL that has none of the tables. */
export async function openPrismaOnPostgres(url: string): Promise<PrismaSetup> {
  const plain = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) })
  return await setUp(plain, 'postgresql', { json: 'jsonb', bytes: 'bytea', quote: '"' })
}

/** On a MariaDB or MySQL that has none of the tables. The types are those of PostgreSQL, which has more operations. */
export async function openPrismaOnMariaDb(url: string): Promise<PrismaSetup> {
  const plain = new MySqlClient({ adapter: new PrismaMariaDb(url.replace(/^mysql:/, 'mariadb:')) })
  const types = { json: 'json', bytes: 'longblob', quote: '`' }
  return await setUp(plain as unknown as PrismaClient, 'mysql', types)
}

async function setUp(
  plain: PrismaClient,
  provider: PrismaSetup['provider'],
  types: { json: string; bytes: string; quote: string },
): Promise<PrismaSetup> {
  for (const statement of statements(types)) await plain.$executeRawUnsafe(statement)
  const cipher = newCipher()
  return {
    prisma: extend(plain, cipher),
    plain,
    cipher,
    provider,
    close: async () => plain.$disconnect(),
  }
}

function statements({ json, bytes, quote }: { json: string; bytes: string; quote: string }) {
  const id = 'varchar(100) not null'
  return [
    `create table "Team" ("id" ${id} primary key, "name" text not null)`,
    `create table "User" ("id" ${id} primary key, "handle" varchar(100) not null unique, "email" text,
      "emailIndex" varchar(100), "phone" text, "phoneIndex" varchar(100), "profile" ${json}, "birthday" ${json},
      "balance" ${json}, "photo" ${bytes}, "teamId" varchar(100))`,
    `create table "Post" ("id" integer primary key, "title" text, "titleIndex" varchar(100),
      "likes" integer not null default 0, "authorId" ${id})`,
    `create table "Membership" ("userId" ${id}, "teamId" ${id}, "note" text, primary key ("userId", "teamId"))`,
  ].map((statement) => statement.replaceAll('"', quote))
}

/** Deletes all rows. */
export async function empty({ plain }: PrismaSetup): Promise<void> {
  await plain.membership.deleteMany()
  await plain.post.deleteMany()
  await plain.user.deleteMany()
  await plain.team.deleteMany()
}

/** One thing that encrypted fields have to do in any database. Throws if it doesn't. */
export interface PrismaCase {
  readonly name: string
  /** Where it can be run, if not everywhere: MySQL has no RETURNING. */
  readonly provider?: 'postgresql'
  readonly run: (setup: PrismaSetup) => Promise<void>
}

/** The call has to fail with this code, of ours or of Prisma's. */
export async function rejects(call: PromiseLike<unknown>, code: string, label = ''): Promise<void> {
  try {
    await call
  } catch (error) {
    const found = EnvelopeError.is(error) ? error.code : (error as { code?: unknown }).code
    assert.equal(found, code, `${label}: ${String(error)}`)
    return
  }
  assert.fail(`${label}: it did not fail with ${code}`)
}
