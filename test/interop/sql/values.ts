import type { Keyring } from '../../../src/index.ts'
import { type ColumnValue, defineTable, FieldCipher } from '../../../src/sql.ts'

const options = {
  primaryKey: { tenant: 'string', id: 'integer' },
  columns: {
    text: 'string',
    empty: 'string',
    number: 'number',
    bigint: 'bigint',
    boolean: 'boolean',
    date: 'date',
    json: 'json',
    bytes: 'bytes',
    texts: 'string[]',
  },
} as const

/** Two tables with columns of every type, which differ in whether their values store what they are bound to. */
export const tables = {
  'pairs given': defineTable('interop', options),
  'pairs stored': defineTable('interop stored', { ...options, storeContext: true }),
}
export type Stores = keyof typeof tables
type Column = keyof typeof options.columns

/** The row that the values are of, and one that they are not of. */
export const key = { tenant: 'größe \u{1f511}', id: 42n }
export const otherKey = { ...key, id: 43n }

/** What an AWS SDK has to be given for the value of a row. */
export function bindingOf(stores: Stores, column: string, { tenant, id }: typeof key) {
  return { table: tables[stores].name, column, 'key.tenant': tenant, 'key.id': String(id) }
}

interface Case {
  readonly column: Column
  readonly value: ColumnValue<(typeof tables)['pairs given'], Column>
  /** What an AWS SDK gets, written down here without the codecs. */
  readonly bytes: Buffer
}

export const cases: readonly Case[] = [
  { column: 'text', value: 'naïve \u{1f511}', bytes: Buffer.from('naïve \u{1f511}') },
  { column: 'empty', value: '', bytes: Buffer.alloc(0) },
  { column: 'number', value: -0.1, bytes: Buffer.from('bfb999999999999a', 'hex') },
  { column: 'bigint', value: -(2n ** 70n), bytes: Buffer.from('-1180591620717411303424') },
  { column: 'boolean', value: true, bytes: Buffer.from('t') },
  {
    column: 'date',
    value: new Date(Date.UTC(2024, 1, 29, 12, 30, 45, 678)),
    bytes: Buffer.from('2024-02-29T12:30:45.678Z'),
  },
  { column: 'json', value: { a: [1, null, 'b'] }, bytes: Buffer.from('{"a":[1,null,"b"]}') },
  { column: 'bytes', value: Uint8Array.of(0, 255, 128), bytes: Buffer.from('00ff80', 'hex') },
  { column: 'texts', value: ['a', ''], bytes: Buffer.from('000000016100000000', 'hex') },
]

export function cipherWith(keyring: Keyring): FieldCipher {
  return new FieldCipher({ keyring, tables: Object.values(tables) })
}
