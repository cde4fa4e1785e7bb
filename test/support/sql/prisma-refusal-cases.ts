import assert from 'node:assert/strict'
import { toEncrypt } from '../../../src/sql/prisma/index.ts'
import type { Prisma } from './prisma/clients/postgresql/client.ts'
import { type PrismaCase, type PrismaSetup, extend, rejects, users } from './prisma-setup.ts'

/** A call that has to be refused before anything is sent. Some are none that TypeScript would let pass. */
type Call = [operation: string, args: object]

const x = 'x@example.com'
const id = 'u1'

/** By what is wrong, calls of the model User. */
const refused: Readonly<Record<string, readonly Call[]>> = {
  'ordering by an encrypted field': [
    ['findMany', { orderBy: { email: 'asc' } }],
    ['findMany', { orderBy: [{ id: 'asc' }, { email: { sort: 'asc', nulls: 'last' } }] }],
    ['findMany', { orderBy: { emailIndex: 'asc' } }],
    ['findFirst', { orderBy: { phone: 'desc' } }],
    ['findMany', { include: { posts: { orderBy: { title: 'asc' } } } }],
    ['findMany', { orderBy: { _relevance: { fields: ['email'], search: 'x', sort: 'asc' } } }],
    ['count', { orderBy: { email: 'asc' } }],
  ],
  'filters that only plaintext could answer': [
    ...['contains', 'startsWith', 'endsWith', 'lt', 'lte', 'gt', 'gte', 'search', 'has'].map(
      (name): Call => ['findMany', { where: { email: { [name]: 'x' } } }],
    ),
    ['findMany', { where: { email: { equals: x, mode: 'insensitive' } } }],
    ['findMany', { where: { profile: { path: ['likes'], equals: 1 } } }],
    ['findMany', { where: { OR: [{ NOT: { AND: [{ email: { contains: x } }] } }] } }],
    ['findMany', { where: { posts: { some: { title: { contains: 'x' } } } } }],
  ],
  'empty filters, as of a promise that nobody has awaited': [
    ['findMany', { where: { email: {} } }],
    ['findMany', { where: { OR: [{ email: { not: {} } }] } }],
    ['findMany', { where: { email: new Map() } }],
    ['deleteMany', { where: { email: Promise.resolve(x) } }],
    ['updateMany', { where: { email: Promise.resolve(x) }, data: { handle: 'x' } }],
  ],
  'looking up by a field that has no index': [
    ['findMany', { where: { profile: { equals: { a: 1 } } } }],
    ['findMany', { where: { photo: new Uint8Array(3) } }],
    ['findMany', { where: { balance: { not: 3 } } }],
  ],
  'a short index where its rows are not all filtered': [
    ['findFirst', { where: { phone: '1' } }],
    ['findFirstOrThrow', { where: { phone: '1' } }],
    ['findMany', { where: { phone: '1' }, take: 1 }],
    ['findMany', { where: { phone: '1' }, skip: 1 }],
    ['findMany', { where: { phone: '1' }, cursor: { id } }],
    ['findMany', { where: { phone: '1' }, distinct: ['handle'] }],
    ['findMany', { where: { OR: [{ phone: '1' }] } }],
    ['findMany', { where: { NOT: { phone: '1' } } }],
    ['findMany', { where: { phone: { not: '1' } } }],
    ['findMany', { where: { phone: { notIn: ['1'] } } }],
    ['count', { where: { phone: '1' } }],
    ['aggregate', { where: { phone: '1' }, _count: true }],
    ['updateMany', { where: { phone: '1' }, data: { handle: 'x' } }],
    ['deleteMany', { where: { phone: '1' } }],
    ['delete', { where: { id, phone: '1' } }],
  ],
  'null and other fields in a lookup': [
    ['findMany', { where: { email: { in: [x, null] } } }],
    ['findMany', { where: { email: { in: null } } }],
    ['findMany', { where: { email: { in: x } } }],
  ],
  'grouping and aggregating': [
    ['groupBy', { by: ['email'] }],
    ['groupBy', { by: 'emailIndex' }],
    ['groupBy', { by: ['handle'], having: { email: { equals: x } } }],
    ['groupBy', { by: ['handle'], having: { OR: [{ email: { equals: x } }] } }],
    ['groupBy', { by: ['handle'], orderBy: { _count: { email: 'asc' } } }],
    ['aggregate', { _min: { email: true } }],
    ['aggregate', { _max: { emailIndex: true } }],
    ['findMany', { distinct: ['email'] }],
    ['findMany', { distinct: 'phone' }],
    ['findMany', { cursor: { email: x } }],
  ],
  'rows whose key is not known': [
    ['create', { data: { handle: 'x', email: x } }],
    [
      'createMany',
      {
        data: [
          { id, handle: 'x', email: x },
          { handle: 'y', email: x },
        ],
      },
    ],
    ['updateMany', { data: { email: x } }],
    ['updateMany', { where: { handle: 'x' }, data: { email: x } }],
    ['updateMany', { where: { id: { in: [id] } }, data: { email: x } }],
    ['updateMany', { where: { OR: [{ id }] }, data: { email: x } }],
    ['updateMany', { where: { team: { id } }, data: { email: x } }],
    ['upsert', { where: { handle: 'x' }, create: { id, handle: 'x' }, update: { email: x } }],
    [
      'update',
      {
        where: { id },
        data: { team: { update: { users: { updateMany: { where: {}, data: { email: x } } } } } },
      },
    ],
    ['update', { where: { id }, data: { posts: { create: { title: 'x' } } } }],
  ],
  'values that are none': [
    ['update', { where: { id }, data: { email: { set: x, append: x } } }],
    ['update', { where: { id }, data: { email: { push: x } } }],
    ['update', { where: { id }, data: { email: {} } }],
    ['create', { data: { id, handle: 'x', emailIndex: 'x' } }],
    ['update', { where: { id }, data: { emailIndex: null } }],
    ['update', { where: { id }, data: { id: 'u2' } }],
  ],
  'what is not known': [
    ['findRaw', {}],
    ['findMany', { filter: { email: x } }],
    ['update', { where: { id }, data: { posts: { replace: { title: 'x' } } } }],
    ['findMany', { select: { emailIndex: true } }],
    ['findMany', { where: [{ email: x }] }],
    ['findMany', { where: { posts: [{ some: { title: 'x' } }] } }],
    ['update', { where: { id }, data: [{ email: x }] }],
    ['update', { where: { id }, data: { posts: [{ create: { id: 1, title: 'x' } }] } }],
    ['update', { where: { id }, data: { posts: { create: [[{ id: 1, title: 'x' }]] } } }],
    ['update', { where: { id }, data: { posts: { connectOrCreate: [[{ create: { id: 1 } }]] } } }],
  ],
}

export const refusalCases: readonly PrismaCase[] = [
  ...Object.entries(refused).map(([what, calls]) => ({
    name: `refuses ${what}, and sends nothing`,
    async run(setup: PrismaSetup) {
      await setup.prisma.user.create({ data: { id, handle: 'ada', email: 'ada@example.com' } })
      const before = await setup.plain.user.findMany()
      for (const [operation, args] of calls) {
        const label = `${operation} ${JSON.stringify(args)}`
        await rejects(run(setup, operation, args), 'ERR_REFUSED_QUERY', label)
      }
      assert.deepEqual(await setup.plain.user.findMany(), before)
    },
  })),
  {
    name: 'refuses to compare an encrypted field to another',
    async run({ prisma }) {
      const { fields } = prisma.user
      const conditions: Prisma.UserWhereInput[] = [
        { email: { equals: fields.handle } },
        { handle: { equals: fields.email } },
        { NOT: { handle: { in: [], gt: fields.email } } },
        { team: { users: { some: { handle: { equals: fields.email } } } } },
      ]
      for (const where of conditions) {
        await rejects(prisma.user.count({ where }), 'ERR_REFUSED_QUERY')
      }
    },
  },
  {
    name: 'refuses values of another type than the field has',
    async run({ prisma }) {
      const wrong: object[] = [
        { email: 1 },
        { email: new Date(0) },
        { birthday: 'yesterday' },
        { balance: 5 },
        { photo: 'text' },
        { profile: toEncrypt(new Map()) },
      ]
      for (const values of wrong) {
        const data = { id, handle: 'x', ...values }
        await rejects(
          prisma.user.create({ data }),
          'ERR_FIELD',
          JSON.stringify(Object.keys(values)),
        )
      }
      assert.equal(await prisma.user.count(), 0)
    },
  },
  {
    name: 'refuses JSON of which the copy of Prisma has lost what it was',
    async run({ prisma, plain, cipher }) {
      class Money {
        cents = 5
        toJSON() {
          return { amount: this.cents }
        }
      }
      // TypeScript refuses some of them.
      const lost = (value: unknown) => ({ profile: value as string })
      const user = { id, handle: 'x' }
      const values = [Promise.resolve({ a: 1 }), new Map([[1, 2]]), new Money()]
      for (const value of values.flatMap((one) => [one, { a: one }, [{ a: [one] }]])) {
        await rejects(prisma.user.create({ data: { ...user, ...lost(value) } }), 'ERR_FIELD')
        await rejects(prisma.user.createMany({ data: [{ ...user, ...lost(value) }] }), 'ERR_FIELD')
        const data = { users: { create: { ...user, ...lost(value) } } }
        await rejects(prisma.team.create({ data: { id, name: 'x', ...data } }), 'ERR_FIELD')
      }
      assert.equal(await plain.user.count(), 0)
      const profile = { a: {}, b: [{}] }
      assert.deepEqual((await prisma.user.create({ data: { ...user, profile } })).profile, profile)
      // Of an extension that was added before, there is but its copy.
      const before = plain.$extends({ query: { $allOperations: ({ args, query }) => query(args) } })
      const later = extend(before as typeof plain, cipher)
      for (const value of [Promise.resolve(1), { a: new Map() }, {}]) {
        await rejects(later.user.update({ where: { id }, data: lost(value) }), 'ERR_FIELD')
      }
      const data = { profile: toEncrypt({}) }
      assert.deepEqual((await later.user.update({ where: { id }, data })).profile, {})
    },
  },
  {
    name: 'says so if a row was written that only an edited index has found',
    async run({ prisma, plain, cipher }) {
      await prisma.user.create({ data: { id, handle: 'ada', email: 'ada@example.com' } })
      const emailIndex = String(await cipher.indexValue(users, 'email', x))
      await plain.user.update({ where: { id }, data: { emailIndex } })
      const where = { id, email: x }
      await rejects(prisma.user.update({ where, data: { handle: 'b' } }), 'ERR_FIELD')
      const renamed = await prisma.user.update({ where, data: { email: 'new@example.com' } })
      assert.equal(renamed.email, 'new@example.com')
      await plain.user.update({ where: { id }, data: { emailIndex } })
      await rejects(prisma.user.delete({ where, select: { handle: true } }), 'ERR_FIELD')
    },
  },
  {
    name: 'sends nothing of a transaction that has ended while values were encrypted',
    async run({ prisma, plain }) {
      let late: Promise<unknown> | undefined
      const failing = prisma.$transaction(async (tx) => {
        late = tx.user.create({ data: { id, handle: 'x', email: x } }).then(() => 'written')
        late.catch(() => undefined)
        await Promise.resolve()
        throw new Error('given up')
      })
      await assert.rejects(failing, /given up/)
      await late?.catch(() => undefined)
      assert.equal(await plain.user.count(), 0)
    },
  },
  {
    name: 'lets no value of toEncrypt pass where nothing is encrypted',
    async run({ prisma, plain }) {
      const user = { id, handle: 'x' }
      const data = { ...user, profile: toEncrypt(1n) }
      await rejects(plain.user.create({ data }), 'ERR_REFUSED_QUERY')
      const handle = toEncrypt('x') as unknown as string
      await rejects(prisma.user.create({ data: { ...user, handle } }), 'ERR_REFUSED_QUERY')
      assert.equal(await plain.user.count(), 0)
    },
  },
]

function run({ prisma }: PrismaSetup, operation: string, args: object): PromiseLike<unknown> {
  const model = prisma.user as unknown as Record<string, (args: object) => PromiseLike<unknown>>
  const call = model[operation]
  assert.ok(call, operation)
  return call(args)
}
