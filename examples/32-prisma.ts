// Encrypted fields through Prisma: an extension of its client, on a PostgreSQL in this process. The client is generated
// of test/support/sql/prisma/schema.prisma; yours is where the generator of your schema puts it.
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { PrismaPg } from '@prisma/adapter-pg'
import { EnvelopeError, RawAesKeyring } from 'waxseal'
import { FieldCipher, defineTable } from 'waxseal/sql'
import { encryptedFields, toEncrypt } from 'waxseal/sql/prisma'
import { PrismaClient } from '../test/support/sql/prisma/clients/postgresql/client.ts'

const db = await PGlite.create() // production: your PostgreSQL, and its tables by `prisma migrate`
await db.exec(`
  create table "User" ("id" text primary key, "handle" text unique, "email" text, "emailIndex" text, "phone" text,
    "phoneIndex" text, "profile" jsonb, "birthday" jsonb, "balance" jsonb, "photo" bytea, "teamId" text);
  create table "Post" ("id" integer primary key, "title" text, "titleIndex" text, "likes" integer default 0,
    "authorId" text);`)
const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: 0, maxConnections: 10 })
await server.start()

// The names are those of the models and their fields, not those that the database has.
const users = defineTable('users', {
  primaryKey: { id: 'string' },
  storedAs: 'base64', // in fields of type String and Json
  columns: {
    email: { type: 'string', index: { column: 'emailIndex', bits: 128, normalize: 'lowercase' } },
    birthday: 'date',
    balance: 'bigint',
    photo: { type: 'bytes', storedAs: 'bytes' },
  },
})
const posts = defineTable('posts', {
  primaryKey: { id: 'integer' },
  storedAs: 'base64',
  columns: { title: 'string' },
})
const cipher = new FieldCipher({
  keyring: new RawAesKeyring({
    keyNamespace: 'example',
    keyName: 'k1',
    wrappingKey: crypto.getRandomValues(new Uint8Array(32)),
  }), // production: a HierarchicalKeyring
  indexKey: { key: crypto.getRandomValues(new Uint8Array(32)) },
  tables: [users, posts],
})
const adapter = new PrismaPg(`postgres://postgres@${server.getServerConn()}/postgres`)
const client = new PrismaClient({ adapter })
const prisma = client.$extends(encryptedFields({ cipher, models: { User: users, Post: posts } }))

// Nested writes are encrypted, too; each row has its key from the application.
await prisma.user.create({
  data: {
    id: crypto.randomUUID(),
    handle: 'ada',
    email: 'Ada@Example.com',
    birthday: new Date('1815-12-10'),
    balance: toEncrypt(12_000_000_000_000_000_001n), // no type that Prisma has in a field of Json
    posts: { create: [{ id: 1, title: 'On the engine' }] },
  },
})

const ada = await prisma.user.findFirstOrThrow({
  where: { email: 'ada@example.com' }, // by the blind index
  include: { posts: { select: { title: true } } },
})
console.log(`found: ${ada.email ?? ''}, born in ${ada.birthday?.getUTCFullYear() ?? 0}`)
console.log(`balance: ${ada.balance ?? 0}, posts: ${ada.posts.map(({ title }) => title).join()}`)

const stored = await client.user.findFirstOrThrow() // without the extension
console.log(`stored: ${stored.email?.slice(0, 12) ?? ''}…, ${stored.email?.length ?? 0} characters`)

await prisma.user.findMany({ where: { email: { startsWith: 'ada' } } }).catch((error: unknown) => {
  if (!EnvelopeError.is(error)) throw error
  console.log(`${error.code}: ${error.message}`)
})

await client.$disconnect()
await server.stop()
await db.close()
