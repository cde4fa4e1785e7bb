import { describe, expectTypeOf, it } from 'vitest'
import {
  type AnyTable,
  type Codec,
  type ColumnValue,
  type DecryptedRow,
  type EncryptedTable,
  type FieldCipher,
  type PlainRow,
  type RowKey,
  type StoredRow,
  type StoredValue,
  defineTable,
  json,
} from '../../src/sql.ts'

interface Address {
  readonly city: string
  readonly zip?: string
}
declare const money: Codec<{ readonly cents: bigint }>
declare const cipher: FieldCipher

const users = defineTable('users', {
  primaryKey: { tenant: 'string', id: 'integer' },
  columns: {
    email: { type: 'string', index: { column: 'email_index', bits: 20 } },
    age: 'number',
    born: 'date',
    address: json<Address>(),
    total: { type: money, storedAs: 'base64' },
    tags: 'string[]',
    anything: 'json',
  },
})
type Users = typeof users

describe('a table', () => {
  it('knows the values of its columns', () => {
    expectTypeOf<ColumnValue<Users, 'email'>>().toEqualTypeOf<string>()
    expectTypeOf<ColumnValue<Users, 'age'>>().toEqualTypeOf<number>()
    expectTypeOf<ColumnValue<Users, 'born'>>().toEqualTypeOf<Date>()
    expectTypeOf<ColumnValue<Users, 'address'>>().toEqualTypeOf<Address>()
    expectTypeOf<ColumnValue<Users, 'total'>>().toEqualTypeOf<{ readonly cents: bigint }>()
    expectTypeOf<ColumnValue<Users, 'tags'>>().toEqualTypeOf<readonly string[]>()
  })

  it('knows the values of its primary key', () => {
    expectTypeOf<RowKey<Users>>().toEqualTypeOf<{
      readonly tenant: string
      readonly id: number | bigint | string
    }>()
    expectTypeOf<RowKey<EncryptedTable<{ a: 'uuid'; b: 'bytes' }>>>().toEqualTypeOf<{
      readonly a: string | Uint8Array
      readonly b: Uint8Array
    }>()
  })

  it('is refused with what is no type, no option, no form', () => {
    // @ts-expect-error there is no such type
    defineTable('t', { primaryKey: { id: 'integer' }, columns: { a: 'text' } })
    // @ts-expect-error nor one of a key
    defineTable('t', { primaryKey: { id: 'number' }, columns: { a: 'string' } })
    // @ts-expect-error a key has a type
    defineTable('t', { primaryKey: 'id', columns: { a: 'string' } })
    defineTable('t', {
      primaryKey: { id: 'uuid' },
      // @ts-expect-error nor such a form
      columns: { a: { type: 'json', storedAs: 'hex' } },
    })
    defineTable('t', {
      primaryKey: { id: 'uuid' },
      // @ts-expect-error an index says how long it is
      columns: { a: { type: 'json', index: { column: 'b' } } },
    })
  })
})

describe('a row', () => {
  it('is refused with values and keys of other types', () => {
    void cipher.encryptRow(users, { tenant: 'a', id: 7n, email: 'a', age: null, born: undefined })
    // @ts-expect-error the key is not whole
    void cipher.encryptRow(users, { id: 7, email: 'a' })
    // @ts-expect-error a part of the key is text
    void cipher.encryptRow(users, { tenant: 5, id: 7, email: 'a' })
    // @ts-expect-error an age is a number
    void cipher.encryptRow(users, { tenant: 'a', id: 7, age: '5' })
    // @ts-expect-error an address has a city
    void cipher.encryptRow(users, { tenant: 'a', id: 7, address: { zip: '5' } })
    // @ts-expect-error tags are text
    void cipher.encryptRow(users, { tenant: 'a', id: 7, tags: [5] })
    // @ts-expect-error no tag is null
    void cipher.encryptRow(users, { tenant: 'a', id: 7, tags: [null] })
    // @ts-expect-error a function is no JSON
    void cipher.encryptRow(users, { tenant: 'a', id: 7, anything: () => 1 })
  })

  it('has its stored form, with indexes, and null only where it was', () => {
    interface Row {
      tenant: string
      id: number
      email: string
      age: number | null
      born?: Date
      other: boolean
    }
    type Stored = StoredRow<Users, Row>
    expectTypeOf<Stored['tenant']>().toEqualTypeOf<string>()
    expectTypeOf<Stored['other']>().toEqualTypeOf<boolean>()
    expectTypeOf<Stored['email']>().toEqualTypeOf<StoredValue>()
    expectTypeOf<Stored['email_index']>().toEqualTypeOf<StoredValue>()
    expectTypeOf<Stored['age']>().toEqualTypeOf<StoredValue | null>()
    expectTypeOf<Stored['born']>().toEqualTypeOf<StoredValue | undefined>()
    type Nullable = StoredRow<Users, { email: string | null }>
    expectTypeOf<Nullable['email_index']>().toEqualTypeOf<StoredValue | null>()
    type Without = StoredRow<Users, { age: number }>
    expectTypeOf<keyof Without>().toEqualTypeOf<'age'>()
  })

  it('has its decrypted form, without indexes', () => {
    interface Row {
      tenant: string
      id: number
      email: Buffer
      email_index: Buffer
      address: Buffer | null
      tags?: Buffer
      other: boolean
    }
    type Plain = DecryptedRow<Users, Row>
    expectTypeOf<Plain>().toEqualTypeOf<{
      tenant: string
      id: number
      email: string
      address: Address | null
      tags?: readonly string[]
      other: boolean
    }>()
  })

  it('comes back as it went', async () => {
    const stored = await cipher.encryptRow(users, { tenant: 'a', id: 7, email: 'a', age: null })
    const [plain] = await cipher.decryptRows(users, [stored])
    expectTypeOf(plain?.email).toEqualTypeOf<string | undefined>()
    expectTypeOf(plain?.age).toEqualTypeOf<number | null | undefined>()
  })
})

describe('a value', () => {
  const key = { tenant: 'a', id: 7 }

  it('is of a column that there is, and of its type', () => {
    expectTypeOf(
      cipher.encryptValue(users, 'email', key, 'a'),
    ).resolves.toEqualTypeOf<StoredValue>()
    expectTypeOf(cipher.decryptValue(users, 'born', key, 'x')).resolves.toEqualTypeOf<Date>()
    // @ts-expect-error there is no such column
    void cipher.encryptValue(users, 'emial', key, 'a')
    // @ts-expect-error the column is text
    void cipher.encryptValue(users, 'email', key, 5)
    // @ts-expect-error null is stored as it is
    void cipher.encryptValue(users, 'email', key, null)
    // @ts-expect-error the key is not whole
    void cipher.encryptValue(users, 'email', { id: 7 }, 'a')
    // @ts-expect-error the key is not whole here either
    void cipher.decryptValue(users, 'email', {}, 'x')
  })

  it('that is searched for is of the type of the column', () => {
    expectTypeOf(cipher.indexValue(users, 'email', 'a')).resolves.toEqualTypeOf<StoredValue>()
    expectTypeOf(cipher.isMatch(users, 'email', null, 'a')).toEqualTypeOf<boolean>()
    // @ts-expect-error the column is text
    void cipher.indexValue(users, 'email', 5)
    // @ts-expect-error null is not searched for
    void cipher.isMatch(users, 'email', 'a', null)
  })
})

describe('any table', () => {
  it('takes rows whose columns nobody knows, as adapters have them', () => {
    const table = users as AnyTable
    const rows: Record<string, unknown>[] = []
    void cipher.encryptRows(table, rows)
    void cipher.decryptRows(table, rows)
    expectTypeOf<Record<string, unknown>>().toExtend<PlainRow<AnyTable>>()
  })
})
