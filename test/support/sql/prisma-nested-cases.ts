import assert from 'node:assert/strict'
import { type PrismaCase, type PrismaSetup, rejects } from './prisma-setup.ts'

const ada = {
  id: 'u1',
  handle: 'ada',
  email: 'ada@example.com',
  teamId: 't1',
}

/** A team with two users, one of whom has posts, and is a member. */
async function fill({ prisma }: PrismaSetup): Promise<void> {
  await prisma.team.create({
    data: {
      id: 't1',
      name: 'a team',
      users: {
        create: [
          {
            id: 'u1',
            handle: 'ada',
            email: 'ada@example.com',
            posts: { createMany: { data: [post(1), post(2), post(3)] } },
          },
          { id: 'u2', handle: 'bob', email: 'bob@example.com', posts: { create: post(4) } },
        ],
      },
    },
  })
  await prisma.membership.create({ data: { userId: 'u1', teamId: 't1', note: 'a note' } })
}

function post(id: number) {
  return { id, title: `title ${id}` }
}

export const nestedCases: readonly PrismaCase[] = [
  {
    name: 'writes nested rows encrypted, and reads them at any depth',
    async run(setup) {
      await fill(setup)
      const { prisma, plain } = setup
      const team = await prisma.team.findUniqueOrThrow({
        where: { id: 't1' },
        include: {
          users: {
            orderBy: { id: 'asc' },
            include: {
              posts: { select: { title: true }, orderBy: { id: 'asc' } },
              memberships: {
                include: { team: { select: { users: { select: { email: true } } } } },
              },
            },
          },
        },
      })
      assert.deepEqual(
        team.users.map(({ email, posts }) => [email, posts]),
        [
          ['ada@example.com', [{ title: 'title 1' }, { title: 'title 2' }, { title: 'title 3' }]],
          ['bob@example.com', [{ title: 'title 4' }]],
        ],
      )
      const [membership] = team.users[0]?.memberships ?? []
      assert.equal(membership?.note, 'a note')
      const emails = membership.team.users.map(({ email }) => email)
      assert.deepEqual(new Set(emails), new Set(['ada@example.com', 'bob@example.com']))
      assert.ok(!JSON.stringify(await plain.post.findMany()).includes('title 1'))
    },
  },
  {
    name: 'reads relations to one row, also where there is none',
    async run(setup) {
      await fill(setup)
      const { prisma } = setup
      const found = await prisma.post.findUnique({
        where: { id: 4 },
        select: { author: { select: { email: true, team: { select: { name: true } } } } },
      })
      assert.deepEqual(found, { author: { email: 'bob@example.com', team: { name: 'a team' } } })
      await prisma.user.create({ data: { id: 'u3', handle: 'eve' } })
      const alone = await prisma.user.findUnique({ where: { id: 'u3' }, include: { team: true } })
      assert.equal(alone?.team, null)
    },
  },
  {
    name: 'reads through the fluent interface',
    async run(setup) {
      await fill(setup)
      const { prisma } = setup
      const posts = await prisma.user.findUnique({ where: { id: 'u2' } }).posts()
      assert.deepEqual(posts, [{ ...post(4), likes: 0, authorId: 'u2' }])
      const titles = await prisma.user
        .findUnique({ where: { id: 'u2' } })
        .posts({ select: { title: true } })
      assert.deepEqual(titles, [{ title: 'title 4' }])
      const author = await prisma.post.findUnique({ where: { id: 4 } }).author()
      assert.equal(author?.email, 'bob@example.com')
      const users = await prisma.post
        .findUnique({ where: { id: 4 } })
        .author()
        .team()
        .users()
      assert.deepEqual(
        new Set(users?.map(({ handle, email }) => `${handle} ${email}`)),
        new Set(['ada ada@example.com', 'bob bob@example.com']),
      )
      assert.equal(await prisma.user.findUnique({ where: { id: 'nobody' } }).team(), null)
    },
  },
  {
    name: 'filters nested rows, and rows by their relations',
    async run(setup) {
      await fill(setup)
      const { prisma } = setup
      const { posts } = await prisma.user.findUniqueOrThrow({
        where: { id: 'u1' },
        select: {
          posts: { where: { title: { in: ['title 2', 'title 4'] } }, select: { id: true } },
        },
      })
      assert.deepEqual(posts, [{ id: 2 }])
      const ids = async (where: Parameters<typeof prisma.user.count>[0]) => {
        const rows = await prisma.user.findMany({ ...where, select: { id: true } })
        return rows.map(({ id }) => id)
      }
      assert.deepEqual(await ids({ where: { posts: { some: { title: 'title 4' } } } }), ['u2'])
      assert.deepEqual(await ids({ where: { posts: { none: { title: 'title 4' } } } }), ['u1'])
      assert.deepEqual(await ids({ where: { posts: { every: { title: 'title 4' } } } }), ['u2'])
      const byAuthor = { author: { is: { email: 'ADA@example.com' } } }
      assert.equal(await prisma.post.count({ where: byAuthor }), 3)
      assert.equal(await prisma.post.count({ where: { author: byAuthor.author.is } }), 3)
      assert.equal(await prisma.post.count({ where: { author: { isNot: byAuthor.author.is } } }), 1)
      const counted = await prisma.user.findUnique({
        where: { id: 'u1' },
        select: { _count: { select: { posts: { where: { title: 'title 1' } } } } },
      })
      assert.deepEqual(counted, { _count: { posts: 1 } })
    },
  },
  {
    name: 'updates, upserts and deletes nested rows by their keys',
    async run(setup) {
      await fill(setup)
      const { prisma } = setup
      const user = await prisma.user.update({
        where: { id: 'u1' },
        data: {
          email: 'new@example.com',
          posts: {
            update: { where: { id: 1 }, data: { title: 'updated' } },
            updateMany: { where: { id: 2 }, data: { title: 'one of many' } },
            upsert: [
              { where: { id: 3 }, create: post(3), update: { title: 'upserted' } },
              { where: { id: 5 }, create: post(5), update: { title: 'not this' } },
            ],
            connectOrCreate: [
              { where: { id: 4 }, create: { id: 4, title: 'not this' } },
              { where: { id: 6 }, create: post(6) },
            ],
          },
        },
        select: {
          email: true,
          posts: { select: { id: true, title: true }, orderBy: { id: 'asc' } },
        },
      })
      const titles = ['updated', 'one of many', 'upserted', 'title 4', 'title 5', 'title 6']
      assert.deepEqual(user, {
        email: 'new@example.com',
        posts: titles.map((title, index) => ({ id: index + 1, title })),
      })
      await prisma.user.update({
        where: { id: 'u1' },
        data: { posts: { delete: { id: 1 }, deleteMany: { title: 'title 6' } } },
      })
      assert.equal(await prisma.post.count(), 4)
    },
  },
  {
    name: 'updates the one row of a relation where its key is fixed',
    async run(setup) {
      await fill(setup)
      const { prisma } = setup
      const author = { update: { where: { id: 'u2' }, data: { email: 'x@example.com' } } }
      await prisma.post.update({ where: { id: 4 }, data: { author } })
      const read = await prisma.user.findUnique({ where: { id: 'u2' }, select: { email: true } })
      assert.deepEqual(read, { email: 'x@example.com' })
      const open = { update: { data: { handle: 'robert' } } }
      await prisma.post.update({ where: { id: 4 }, data: { author: open } })
      await prisma.post.update({ where: { id: 4 }, data: { author: { update: { email: null } } } })
      const again = await prisma.user.findUnique({ where: { handle: 'robert' } })
      assert.equal(again?.email, null)
    },
  },
  {
    name: 'has keys of several fields',
    async run(setup) {
      await fill(setup)
      const { prisma } = setup
      const where = { userId_teamId: { userId: 'u1', teamId: 't1' } }
      assert.equal((await prisma.membership.update({ where, data: { note: 'new' } })).note, 'new')
      assert.equal((await prisma.membership.findUnique({ where }))?.note, 'new')
      const upsert = { where, create: { userId: 'u1', teamId: 't1' }, update: { note: 'again' } }
      assert.deepEqual(await prisma.membership.upsert({ ...upsert, select: { note: true } }), {
        note: 'again',
      })
      const many = { where: { userId: 'u1', teamId: 't1' }, data: { note: 'many' } }
      assert.deepEqual(await prisma.membership.updateMany(many), { count: 1 })
      await rejects(
        prisma.membership.updateMany({ where: { userId: 'u1' }, data: { note: 'x' } }),
        'ERR_REFUSED_QUERY',
      )
      assert.deepEqual(await prisma.membership.findMany({ select: { note: true } }), [
        { note: 'many' },
      ])
    },
  },
  {
    name: 'moves no row to another key through a relation',
    async run(setup) {
      await fill(setup)
      const { prisma } = setup
      await prisma.team.create({ data: { id: 't2', name: 'another' } })
      const key = { userId: 'u1', teamId: 't1' }
      const where = { userId_teamId: key }
      const moves = [
        prisma.membership.update({ where, data: { team: { connect: { id: 't2' } } } }),
        prisma.membership.update({ where, data: { team: { create: { id: 't3', name: '' } } } }),
        prisma.membership.update({ where, data: { teamId: 't2' } }),
        prisma.team.update({ where: { id: 't2' }, data: { memberships: { connect: where } } }),
        prisma.team.update({ where: { id: 't2' }, data: { memberships: { set: [where] } } }),
        prisma.team.create({ data: { id: 't3', name: '', memberships: { connect: where } } }),
        prisma.user.update({ where: { id: 'u1' }, data: { id: 'u9' } }),
        prisma.membership.create({
          data: { note: 'x', user: { connect: { id: 'u2' } }, team: { connect: { id: 't1' } } },
        }),
      ]
      for (const move of moves) await rejects(move, 'ERR_REFUSED_QUERY')
      const rename = { team: { update: { name: 'renamed' } } }
      await prisma.membership.update({ where, data: rename })
      assert.equal((await prisma.membership.findUnique({ where }))?.note, 'a note')
      // A relation that is of no key may change.
      await prisma.user.update({ where: { id: 'u1' }, data: { team: { connect: { id: 't2' } } } })
      const read = await prisma.user.findUnique({
        where: { id: 'u1' },
        select: { email: true, teamId: true },
      })
      assert.deepEqual(read, { email: ada.email, teamId: 't2' })
    },
  },
]
