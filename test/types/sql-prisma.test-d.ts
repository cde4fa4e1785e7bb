import { describe, expectTypeOf, it } from 'vitest'
import type { RawAesKeyring } from '../../src/index.ts'
import { encryptedFields, toEncrypt } from '../../src/sql/prisma/index.ts'
import { FieldCipher, type Json, defineTable } from '../../src/sql.ts'
import { Prisma, type PrismaClient } from '../support/sql/prisma/clients/postgresql/client.ts'

declare const keyring: RawAesKeyring
declare const client: PrismaClient

const users = defineTable('users', {
  primaryKey: { id: 'string' },
  storedAs: 'base64',
  columns: {
    email: { type: 'string', index: { column: 'emailIndex', bits: 128 } },
    profile: 'json',
    birthday: 'date',
    balance: 'bigint',
    photo: { type: 'bytes', storedAs: 'bytes' },
  },
})
const cipher = new FieldCipher({ keyring, tables: [users], indexKey: { key: new Uint8Array(32) } })
const prisma = client.$extends(encryptedFields({ cipher, models: { User: users } }))

describe('the extended client', () => {
  it('has the values of fields as they come decrypted', async () => {
    const user = await prisma.user.findUniqueOrThrow({ where: { id: '1' } })
    expectTypeOf(user.email).toEqualTypeOf<string | null>()
    expectTypeOf(user.profile).toEqualTypeOf<Json>()
    expectTypeOf(user.birthday).toEqualTypeOf<Date | null>()
    expectTypeOf(user.balance).toEqualTypeOf<bigint | null>()
    expectTypeOf(user.photo).toEqualTypeOf<Uint8Array<ArrayBuffer> | null>()
    expectTypeOf(user.emailIndex).toEqualTypeOf<undefined>()
    expectTypeOf(user.handle).toEqualTypeOf<string>()
  })

  it('has them within relations, selections and transactions', async () => {
    const post = await prisma.post.findFirst({ include: { author: true } })
    expectTypeOf(post?.author.birthday).toEqualTypeOf<Date | null | undefined>()
    const [row] = await prisma.user.findMany({ select: { balance: true } })
    expectTypeOf(row).toEqualTypeOf<{ balance: bigint | null } | undefined>()
    await prisma.$transaction(async (tx) => {
      const user = await tx.user.findFirstOrThrow()
      expectTypeOf(user.birthday).toEqualTypeOf<Date | null>()
    })
  })

  it('takes values as Prisma has them, a date in a field of Json, and others by toEncrypt', () => {
    const data = { id: '1', handle: 'ada', birthday: new Date(), balance: toEncrypt(1n) }
    void prisma.user.create({ data: { ...data, profile: { a: [1] }, email: 'x' } })
    void prisma.user.update({ where: { id: '1' }, data: { birthday: Prisma.DbNull } })
    // @ts-expect-error -- a bigint is not JSON
    void prisma.user.update({ where: { id: '1' }, data: { balance: 1n } })
    // @ts-expect-error -- a field that is no Json takes none
    void prisma.user.update({ where: { id: '1' }, data: { email: toEncrypt('x') } })
  })

  it('wants tables', () => {
    // @ts-expect-error -- a name is none
    void encryptedFields({ cipher, models: { User: 'users' } })
    // @ts-expect-error -- so that nothing passes in plaintext for a misspelt option
    void encryptedFields({ cipher, model: { User: users } })
  })
})
