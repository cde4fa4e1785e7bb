import assert from 'node:assert/strict'
import { toEncrypt } from '../../../src/sql/prisma/index.ts'
import { nestedCases } from './prisma-nested-cases.ts'
import { refusalCases } from './prisma-refusal-cases.ts'
import {
  type PrismaCase,
  type PrismaSetup,
  empty,
  extend,
  posts,
  rejects,
  users,
} from './prisma-setup.ts'
import { Prisma } from './prisma/clients/postgresql/client.ts'

const ada = {
  id: 'u1',
  handle: 'ada',
  email: 'Ada@Example.com',
  phone: '020 123',
  profile: { likes: ['cats', 1, null], deep: { yes: true } },
  birthday: new Date('1815-12-10T00:00:00.000Z'),
  photo: new Uint8Array([0, 1, 254, 255]),
}
const adaStored = { ...ada, balance: toEncrypt(-12345678901234567890n) }
const adaRead = { ...ada, balance: -12345678901234567890n, teamId: null }
const bob = { id: 'u2', handle: 'bob', email: 'bob@example.com', phone: '030 456' }
const nothing = { profile: null, birthday: null, balance: null, photo: null, teamId: null }
const bobRead = { ...bob, ...nothing }

// Prisma takes undefined for not given.
const notGiven: object = { phone: undefined }

const ownCases: readonly PrismaCase[] = [
  {
    name: 'creates a row, returns it decrypted, and the database has ciphertext',
    async run({ prisma, plain, cipher }) {
      assert.deepEqual(await prisma.user.create({ data: adaStored }), adaRead)
      const stored = await plain.user.findUniqueOrThrow({ where: { id: 'u1' } })
      const text = JSON.stringify(stored) + Buffer.from(stored.photo ?? []).toString('latin1')
      for (const secret of ['xample', '020', 'cats', '1815', '12345678901234567890']) {
        assert.ok(!text.includes(secret), secret)
      }
      assert.equal(stored.emailIndex, await cipher.indexValue(users, 'email', 'ada@example.com'))
      assert.ok(typeof stored.email === 'string' && typeof stored.profile === 'string')
      assert.equal(await cipher.decryptValue(users, 'email', { id: 'u1' }, stored.email), ada.email)
    },
  },
  {
    name: 'reads a row by each of the operations that find one',
    async run({ prisma }) {
      await prisma.user.create({ data: adaStored })
      assert.deepEqual(await prisma.user.findUnique({ where: { id: 'u1' } }), adaRead)
      assert.deepEqual(await prisma.user.findUniqueOrThrow({ where: { handle: 'ada' } }), adaRead)
      assert.deepEqual(await prisma.user.findFirst({ where: { handle: 'ada' } }), adaRead)
      assert.deepEqual(await prisma.user.findFirstOrThrow(), adaRead)
      assert.deepEqual(await prisma.user.findMany(), [adaRead])
      assert.equal(await prisma.user.findUnique({ where: { id: 'nobody' } }), null)
      assert.deepEqual(await prisma.user.findMany({ where: { id: 'nobody' } }), [])
    },
  },
  {
    name: 'returns what is selected and no more',
    async run({ prisma }) {
      await prisma.user.create({ data: adaStored })
      const where = { id: 'u1' }
      assert.deepEqual(await prisma.user.findUnique({ where, select: { email: true } }), {
        email: ada.email,
      })
      assert.deepEqual(await prisma.user.findUnique({ where, select: { handle: true } }), {
        handle: 'ada',
      })
      const byEmail = await prisma.user.findMany({
        where: { email: 'ada@example.com' },
        select: { handle: true, email: false },
      })
      assert.deepEqual(byEmail, [{ handle: 'ada' }])
      const omitted = await prisma.user.findUnique({ where, omit: { id: true, email: true } })
      const rest = Object.fromEntries(
        Object.entries(adaRead).filter(([name]) => name !== 'id' && name !== 'email'),
      )
      assert.deepEqual(omitted, rest)
      const found = await prisma.user.findFirst({
        where: { email: 'ada@example.com' },
        omit: { email: true, id: true },
      })
      assert.deepEqual(found, rest)
    },
  },
  {
    name: 'creates many rows',
    async run({ prisma, plain }) {
      const rows = Array.from({ length: 30 }, (_, id) => ({
        id: `u${id}`,
        handle: `handle ${id}`,
        email: `${id}@example.com`,
      }))
      assert.deepEqual(await prisma.user.createMany({ data: rows }), { count: 30 })
      const read = await prisma.user.findMany({ select: { id: true, handle: true, email: true } })
      assert.deepEqual(new Set(read.map((row) => JSON.stringify(row))).size, 30)
      for (const row of rows) {
        assert.deepEqual(
          read.find(({ id }) => id === row.id),
          row,
        )
      }
      const emails = (await plain.user.findMany()).map(({ email }) => email)
      assert.equal(new Set(emails).size, 30)
    },
  },
  {
    name: 'creates and updates many rows and returns them',
    provider: 'postgresql',
    async run({ prisma }) {
      const created = await prisma.user.createManyAndReturn({ data: [adaStored, bob] })
      assert.deepEqual(created, [adaRead, bobRead])
      const selected = await prisma.user.updateManyAndReturn({
        where: { id: 'u2' },
        data: { email: 'robert@example.com' },
        select: { email: true },
      })
      assert.deepEqual(selected, [{ email: 'robert@example.com' }])
    },
  },
  {
    name: 'updates by the primary key, also to null, and with the operator set',
    async run({ prisma, plain }) {
      await prisma.user.create({ data: adaStored })
      const where = { id: 'u1' }
      const updated = await prisma.user.update({ where, data: { email: 'new@example.com' } })
      assert.deepEqual(updated, { ...adaRead, email: 'new@example.com' })
      await prisma.user.update({ where, data: { email: { set: 'set@example.com' } } })
      assert.equal((await prisma.user.findFirst({ where: { email: 'SET@example.com' } }))?.id, 'u1')
      const none = { email: null, profile: Prisma.DbNull, photo: { set: null } }
      await prisma.user.update({ where, data: { ...none, ...notGiven } })
      const expected = { ...adaRead, email: null, profile: null, photo: null }
      assert.deepEqual(await prisma.user.findUnique({ where }), expected)
      assert.equal((await plain.user.findUnique({ where }))?.emailIndex, null)
    },
  },
  {
    name: 'updates by another unique key, and only the row that has it',
    async run({ prisma }) {
      await prisma.user.createMany({ data: [{ ...ada, balance: toEncrypt(1n) }, bob] })
      const { email } = await prisma.user.update({
        where: { handle: 'ada', AND: { email: 'ada@example.com' } },
        data: { email: 'ada@example.org' },
      })
      assert.equal(email, 'ada@example.org')
      assert.deepEqual(await prisma.user.findUnique({ where: { id: 'u2' } }), bobRead)
      await rejects(prisma.user.update({ where: { handle: 'eve' }, data: { email: 'x' } }), 'P2025')
      const wrong = { handle: 'ada', email: 'eve@example.com' }
      await rejects(prisma.user.update({ where: wrong, data: { email: 'x' } }), 'P2025')
    },
  },
  {
    name: 'updates many rows where the key is fixed, or nothing is encrypted',
    async run({ prisma }) {
      await prisma.user.createMany({ data: [{ ...ada, balance: toEncrypt(1n) }, bob] })
      const one = { where: { AND: [{ id: { equals: 'u1' } }] }, data: { email: 'a@example.com' } }
      assert.deepEqual(await prisma.user.updateMany(one), { count: 1 })
      assert.equal((await prisma.user.findFirst({ where: { email: 'a@example.com' } }))?.id, 'u1')
      assert.deepEqual(await prisma.user.updateMany({ data: { phone: null } }), { count: 2 })
      const phones = await prisma.user.findMany({ select: { phone: true } })
      assert.deepEqual(phones, [{ phone: null }, { phone: null }])
    },
  },
  {
    name: 'upserts by the primary key: a new row, and one that is there',
    async run({ prisma }) {
      const upsert = { where: { id: 'u2' }, create: bob, update: { email: 'again@example.com' } }
      assert.deepEqual(await prisma.user.upsert(upsert), bobRead)
      const again = { ...bobRead, email: 'again@example.com' }
      assert.deepEqual(await prisma.user.upsert(upsert), again)
      assert.deepEqual(await prisma.user.findMany(), [again])
      const byHandle = { where: { handle: 'bob' }, create: bob, update: { email: null } }
      assert.equal((await prisma.user.upsert(byHandle)).email, null)
    },
  },
  {
    name: 'deletes by a value of an exact index, and returns what it deletes',
    async run({ prisma }) {
      await prisma.user.createMany({ data: [{ ...ada, balance: toEncrypt(1n) }, bob] })
      const where = { id: 'u1', email: 'ada@example.com' }
      assert.equal((await prisma.user.delete({ where })).email, ada.email)
      const many = { where: { email: { in: ['x', 'BOB@example.com'] } } }
      assert.deepEqual(await prisma.user.deleteMany(many), { count: 1 })
    },
  },
  {
    name: 'looks rows up by an exact index wherever an equality can stand',
    async run({ prisma }) {
      await prisma.user.createMany({ data: [ada, bob, { id: 'u3', handle: 'eve' }] })
      const ids = async (where: Prisma.UserWhereInput) =>
        (await prisma.user.findMany({ where, select: { id: true }, orderBy: { id: 'asc' } })).map(
          ({ id }) => id,
        )
      const email = 'ADA@example.com'
      assert.deepEqual(await ids({ email }), ['u1'])
      assert.deepEqual(await ids({ email: { equals: email } }), ['u1'])
      assert.deepEqual(await ids({ email: { in: [email, bob.email, 'x'] } }), ['u1', 'u2'])
      assert.deepEqual(await ids({ email: { in: [] } }), [])
      assert.deepEqual(await ids({ OR: [{ email }, { id: 'u3' }] }), ['u1', 'u3'])
      assert.deepEqual(await ids({ NOT: { email } }), ['u2'])
      assert.deepEqual(await ids({ NOT: [{ email }, { email: bob.email }] }), [])
      assert.deepEqual(await ids({ email: { not: email } }), ['u2'])
      assert.deepEqual(await ids({ email: { not: { in: [email] } } }), ['u2'])
      assert.deepEqual(await ids({ email: { notIn: [email] } }), ['u2'])
      assert.deepEqual(await ids({ email: null }), ['u3'])
      assert.deepEqual(await ids({ email: { not: null } }), ['u1', 'u2'])
      assert.deepEqual(await ids({ profile: { equals: Prisma.DbNull } }), ['u2', 'u3'])
      assert.deepEqual(await ids({ AND: [{ email }, { handle: 'bob' }] }), [])
      assert.deepEqual(await ids({ id: 'u3', ...notGiven }), ['u3'])
      assert.equal(await prisma.user.count({ where: { email } }), 1)
      assert.deepEqual(await prisma.user.count({ select: { email: true, _all: true } }), {
        email: 2,
        _all: 3,
      })
      assert.equal((await prisma.user.findFirst({ where: { email }, skip: 0 }))?.id, 'u1')
    },
  },
  {
    name: 'filters what a short index finds',
    async run({ prisma, plain }) {
      const rows = Array.from({ length: 16 }, (_, id) => ({
        id: `u${id}`,
        handle: `handle ${id}`,
        phone: `+31 20 ${id}`,
      }))
      await prisma.user.createMany({ data: rows })
      const found = await prisma.user.findMany({
        where: { phone: '+31-207' },
        select: { id: true },
      })
      assert.deepEqual(found, [{ id: 'u7' }])
      const row = await plain.user.findUniqueOrThrow({ where: { id: 'u7' } })
      const same = await plain.user.count({ where: { phoneIndex: row.phoneIndex } })
      assert.ok(same > 1, 'the index has found but one row, so that nothing was filtered')
      const unique = { id: 'u7', phone: '31207' }
      assert.equal((await prisma.user.findUnique({ where: unique }))?.id, 'u7')
    },
  },
  {
    name: 'finds no row by an index that was edited, and says so where it must throw',
    async run({ prisma, plain, cipher }) {
      await prisma.user.createMany({ data: [ada, bob] })
      const emailIndex = String(await cipher.indexValue(users, 'email', 'eve@example.com'))
      await plain.user.update({ where: { id: 'u1' }, data: { emailIndex } })
      const where = { email: 'eve@example.com' }
      assert.deepEqual(await prisma.user.findMany({ where }), [])
      assert.equal(await prisma.user.findFirst({ where }), null)
      await rejects(prisma.user.findFirstOrThrow({ where }), 'ERR_FIELD')
    },
  },
  {
    name: 'opens no value that was moved: to another row, another column or another table',
    async run({ prisma, plain }) {
      await prisma.user.createMany({ data: [ada, bob] })
      await prisma.post.create({ data: { id: 1, title: 'a title', authorId: 'u1' } })
      const row = await plain.user.findUniqueOrThrow({ where: { id: 'u1' } })
      const open = async () => prisma.user.findUnique({ where: { id: 'u2' } })
      for (const email of [row.email, row.phone]) {
        await plain.user.update({ where: { id: 'u2' }, data: { email } })
        await rejects(open(), 'ERR_UNWRAP_FAILED')
      }
      await plain.post.update({ where: { id: 1 }, data: { title: row.email } })
      await rejects(prisma.post.findMany(), 'ERR_UNWRAP_FAILED')
      await rejects(prisma.user.findMany({ include: { posts: true } }), 'ERR_UNWRAP_FAILED')
      await plain.user.update({ where: { id: 'u2' }, data: { email: 'in plaintext' } })
      await rejects(open(), 'ERR_FIELD')
    },
  },
  {
    name: 'commits and rolls back interactive transactions, with the reads of an update within',
    async run({ prisma }) {
      await prisma.$transaction(async (tx) => {
        await tx.user.create({ data: bob })
        // The row is visible in the transaction alone.
        await tx.user.update({ where: { handle: 'bob' }, data: { email: 'b@example.com' } })
        assert.equal((await tx.user.findFirst({ where: { email: 'b@example.com' } }))?.id, 'u2')
      })
      assert.equal((await prisma.user.findUnique({ where: { id: 'u2' } }))?.email, 'b@example.com')
      const failing = prisma.$transaction(async (tx) => {
        await tx.user.update({ where: { handle: 'bob' }, data: { email: 'c@example.com' } })
        throw new Error('given up')
      })
      await assert.rejects(failing, /given up/)
      assert.equal((await prisma.user.findUnique({ where: { id: 'u2' } }))?.email, 'b@example.com')
    },
  },
  {
    name: 'sends batches, whole or not at all',
    async run({ prisma }) {
      const [created, , read, count] = await prisma.$transaction([
        prisma.user.create({ data: bob }),
        prisma.user.update({ where: { id: 'u2' }, data: { phone: '1' } }),
        prisma.user.findMany({ where: { email: bob.email } }),
        prisma.user.count(),
      ])
      assert.deepEqual([created, read, count], [bobRead, [{ ...bobRead, phone: '1' }], 1])
      const failing = prisma.$transaction([
        prisma.user.update({ where: { id: 'u2' }, data: { phone: '2' } }),
        prisma.user.create({ data: bob }),
      ])
      await rejects(failing, 'P2002')
      assert.equal((await prisma.user.findUnique({ where: { id: 'u2' } }))?.phone, '1')
      const refused = prisma.$transaction([
        prisma.user.update({ where: { id: 'u2' }, data: { phone: '3' } }),
        prisma.user.update({ where: { handle: 'bob' }, data: { email: 'x' } }),
      ])
      await rejects(refused, 'ERR_REFUSED_QUERY')
      assert.equal((await prisma.user.findUnique({ where: { id: 'u2' } }))?.phone, '1')
    },
  },
  {
    name: 'lets raw queries see ciphertext alone',
    async run({ prisma, provider }) {
      await prisma.user.create({ data: bob })
      const quote = provider === 'mysql' ? '`' : '"'
      const rows = await prisma.$queryRawUnsafe<Record<string, string>[]>(
        `select * from "User"`.replaceAll('"', quote),
      )
      assert.equal(rows[0]?.['handle'], 'bob')
      assert.ok((rows[0]['email'] ?? '').length > 200)
      assert.ok(!JSON.stringify(rows).includes('bob@'))
    },
  },
  {
    name: 'takes what results computes by encrypted fields, and other extensions',
    async run({ prisma }) {
      const more = prisma.$extends({
        result: {
          user: {
            domain: {
              needs: { email: true },
              compute: ({ email }) => email?.split('@')[1],
            },
          },
        },
      })
      await more.user.create({ data: bob })
      assert.equal((await more.user.findFirst())?.domain, 'example.com')
      assert.equal((await more.user.findFirst({ select: { domain: true } }))?.domain, 'example.com')
    },
  },
  {
    name: 'runs between the extensions that were added before it, and those added after',
    async run({ plain, cipher }) {
      const seen: string[] = []
      const watch = (name: string) =>
        Prisma.defineExtension({
          query: {
            user: {
              async create({ args, query }) {
                const result = await query(args)
                const parts = [args.data.email, result.email]
                seen.push(...parts.map((part) => `${name} ${part === bob.email}`))
                return result
              },
            },
          },
        })
      const between = extend(plain.$extends(watch('before')) as typeof plain, cipher)
      const row = await between.$extends(watch('after')).user.create({ data: bob })
      assert.deepEqual(seen, ['after false', 'after false', 'before true', 'before true'])
      assert.equal(row.email, bob.email)
    },
  },
  {
    name: 'takes instances of classes as arguments, and changes none',
    async run({ prisma }) {
      class NewUser {
        id = 'u9'
        handle = 'class'
        email = 'class@example.com'
        profile = { kept: [1] }
      }
      const user = new NewUser()
      const args = Object.freeze({ data: user, select: Object.freeze({ email: true }) })
      assert.deepEqual(await prisma.user.create(args), { email: 'class@example.com' })
      assert.deepEqual(user, new NewUser())
      const where = Object.freeze({ email: 'class@example.com' })
      assert.equal((await prisma.user.findFirst({ where }))?.id, 'u9')
    },
  },
  {
    name: 'keeps integers as keys, whatever their sign',
    async run({ prisma, plain, cipher }) {
      for (const id of [0, -1, 2_147_483_647]) {
        await prisma.post.create({ data: { id, title: `title ${id}`, authorId: 'u1' } })
        assert.equal((await prisma.post.findUnique({ where: { id } }))?.title, `title ${id}`)
        const { title } = await plain.post.findUniqueOrThrow({ where: { id } })
        assert.equal(await cipher.decryptValue(posts, 'title', { id }, title ?? ''), `title ${id}`)
      }
    },
  },
]

/** All cases; each starts with empty tables. */
export const prismaCases: readonly PrismaCase[] = [
  ...ownCases,
  ...nestedCases,
  ...refusalCases,
].map((one) => ({
  ...one,
  run: async (setup: PrismaSetup) => {
    await empty(setup)
    await one.run(setup)
  },
}))
