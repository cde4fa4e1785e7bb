import { PrismaPg } from '@prisma/adapter-pg'
import { describe, expect, it } from 'vitest'
import { RawAesKeyring } from '../../../../src/index.ts'
import { dataModelOf, foreignKeys } from '../../../../src/sql/prisma/data-model.ts'
import { type ModelTables, encryptedFields } from '../../../../src/sql/prisma/index.ts'
import { type ColumnsOption, FieldCipher, defineTable } from '../../../../src/sql.ts'
import { models, newCipher } from '../../../support/sql/prisma-setup.ts'
import { PrismaClient } from '../../../support/sql/prisma/clients/postgresql/client.ts'

const client = new PrismaClient({ adapter: new PrismaPg('postgres://localhost/none') })
const invalid = (message: RegExp): unknown =>
  expect.objectContaining({
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringMatching(message),
  })

function table(columns: ColumnsOption, primaryKey: Record<string, 'string'> = { id: 'string' }) {
  return defineTable('users', { primaryKey, storedAs: 'base64', columns })
}

function extend(users: ReturnType<typeof table>, model = 'User') {
  const wrappingKey = new Uint8Array(32).fill(2)
  const keyring = new RawAesKeyring({ keyNamespace: 'tests', keyName: 'prisma', wrappingKey })
  const indexKey = { key: new Uint8Array(32).fill(1) }
  const cipher = new FieldCipher({ keyring, tables: [users], indexKey })
  return client.$extends(encryptedFields({ cipher, models: { [model]: users } }))
}

describe('encryptedFields', () => {
  it.each<[what: string, columns: ColumnsOption, problem: RegExp]>([
    ['a field that is not there', { emali: 'string' }, /has no field emali/],
    ['a relation', { posts: 'json' }, /has no field posts/],
    ['bytes in text', { email: { type: 'bytes', storedAs: 'bytes' } }, /email as String.* Bytes/],
    ['text in bytes', { photo: 'string' }, /photo as Bytes.* String or Json/],
    ['JSON in text, of which Prisma has operators', { email: 'json' }, /email as String; json/],
    [
      'an index of another form',
      { email: { type: 'string', index: { column: 'photo', bits: 8 } } },
      /photo, the index of email, as Bytes/,
    ],
    [
      'an index that is not there',
      { email: { type: 'string', index: { column: 'email_index', bits: 8 } } },
      /has no field email_index/,
    ],
  ])('refuses %s', (_what, columns, problem) => {
    expect(() => extend(table(columns))).toThrow(invalid(problem))
  })

  it('refuses a primary key that the model has not, and a model that is not there', () => {
    const columns = { email: 'string' } as const
    expect(() => extend(table(columns, { uid: 'string' }))).toThrow(invalid(/has no field uid/))
    expect(() => extend(table(columns), 'Users')).toThrow(invalid(/is no model of the schema/))
  })

  it('refuses a table of another cipher, and a cipher with a table that no model has', () => {
    const cipher = newCipher()
    const other = { ...models, User: table({ email: 'string' }) }
    expect(() => encryptedFields({ cipher, models: other })).toThrow(invalid(/models\.User must/))
    const { User, Post } = models
    const fewer: ModelTables = { User, Post }
    expect(() => encryptedFields({ cipher, models: fewer })).toThrow(invalid(/memberships/))
  })

  it('refuses one table for two models, whose values could then be exchanged', () => {
    const cipher = newCipher()
    const twice = { ...models, Team: models.User }
    expect(() => encryptedFields({ cipher, models: twice })).toThrow(
      invalid(/the same table users/),
    )
  })

  it('refuses a client that does not tell its models, unless they are given', () => {
    const cipher = newCipher()
    const silent = { $extends: (extension: object) => extension }
    expect(() => encryptedFields({ cipher, models })(silent)).toThrow(invalid(/dataModel/))
    const dataModel = dataModelOf(client)
    if (!dataModel) throw new Error('The client has no data model')
    expect(encryptedFields({ cipher, models, dataModel })(silent)).toHaveProperty('query')
    const wrong = { models: { User: {} } } as unknown as typeof dataModel
    expect(() => encryptedFields({ cipher, models, dataModel: wrong })).toThrow(invalid(/fields/))
  })
})

describe('the fields that hold a relation', () => {
  it('are read out of the schema that the client has', () => {
    const fields = dataModelOf(client)?.models['Membership']?.fields ?? []
    const held = fields.map(({ name, relationFromFields }) => [name, relationFromFields])
    expect(Object.fromEntries(held)).toMatchObject({ user: ['userId'], team: ['teamId'] })
  })

  it('are not taken of comments and texts', () => {
    const schema = `
      model A { // model B { x X @relation(fields: [no]) }
        id   Int    @id @default("}") // @relation(fields: [no], references: [no])
        /// b B @relation(fields: [no])
        b    B?     @relation("a) }", fields: [x, y], references: [x, y], map: "f(k)")
        many B[]    @relation("other")
        c    C @relation(
          references: [id],
          fields: [cId]
        )
        d    String @default("@relation(fields: [no])")
      }`
    const keys = Object.fromEntries(foreignKeys(schema))
    expect(keys).toEqual({ 'A.b': ['x', 'y'], 'A.c': ['cId'] })
  })
})
