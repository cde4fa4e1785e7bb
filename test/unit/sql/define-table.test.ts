import { describe, expect, it } from 'vitest'
import { type Codec, type TableOptions, defineTable } from '../../../src/sql.ts'
import { isEncryptedTable } from '../../../src/sql/check-table.ts'
import { errorOf, untyped } from './harness.ts'

const primaryKey = { id: 'uuid' } as const
const columns = { a: 'string' } as const
const own: Codec<string> = {
  name: 'own',
  encode: (value) => new TextEncoder().encode(value),
  decode: (bytes) => new TextDecoder().decode(bytes),
}

describe('a table', () => {
  it('is completed, frozen, and known for one', () => {
    const table = defineTable('users', {
      primaryKey,
      columns: {
        email: { type: 'string', index: { column: 'email_index', bits: 20, normalize: 'trim' } },
        notes: { type: 'json', storedAs: 'bytes', boundAs: 'old_notes' },
        own,
      },
      storedAs: 'base64',
    })
    expect(table).toMatchObject({
      name: 'users',
      boundAs: 'users',
      primaryKey,
      storeContext: false,
      columns: {
        email: {
          name: 'email',
          boundAs: 'email',
          storedAs: 'base64',
          index: { column: 'email_index', bits: 20 },
        },
        notes: { name: 'notes', boundAs: 'old_notes', storedAs: 'bytes', index: undefined },
        own: { codec: own, storedAs: 'base64' },
      },
    })
    const parts = [table, table.primaryKey, table.columns, ...Object.values(table.columns)]
    expect(parts.filter((part) => !Object.isFrozen(part))).toEqual([])
    expect([
      isEncryptedTable(table),
      isEncryptedTable({ ...table }),
      isEncryptedTable(null),
    ]).toEqual([true, false, false])
  })

  it('does not change with its options', () => {
    const options = {
      primaryKey: { id: 'uuid' as const },
      columns: { a: { type: 'string' as const } },
    }
    const table = defineTable('t', options)
    Object.assign(options.primaryKey, { other: 'uuid' })
    Object.assign(options.columns.a, { boundAs: 'b' })
    expect(Object.keys(table.primaryKey)).toEqual(['id'])
    expect(table.columns['a']?.boundAs).toBe('a')
  })
})

describe('options', () => {
  const make = (options: object, name = 't') =>
    defineTable(name, untyped<TableOptions<typeof primaryKey, typeof columns>>(options))
  const column = (option: unknown) => ({ primaryKey, columns: { a: option } })
  const index = { column: 'b', bits: 8 }

  it.each<[string, string, unknown]>([
    ['none', 'options', undefined],
    ['one that there is not', 'key', { primaryKey, columns, key: 'id' }],
    ['no primary key', 'primaryKey', { columns }],
    ['a primary key of no columns', 'primaryKey', { primaryKey: {}, columns }],
    ['a primary key that is no object', 'primaryKey', { primaryKey: 'id', columns }],
    [
      'a primary key that is a Map',
      'primaryKey',
      { primaryKey: new Map([['id', 'uuid']]), columns },
    ],
    ['a type of key that there is not', 'primaryKey.id', { primaryKey: { id: 'int' }, columns }],
    ['no columns', 'columns', { primaryKey }],
    ['columns that are none', 'columns', { primaryKey, columns: {} }],
    ['a column without a name', 'columns', { primaryKey, columns: { '': 'string' } }],
    [
      'a column __proto__',
      'columns',
      { primaryKey, columns: JSON.parse('{"__proto__":"string"}') },
    ],
    ['a column of the primary key', 'columns', { primaryKey, columns: { id: 'string' } }],
    ['a type that there is not', 'columns.a.type', column('text')],
    ['a type of every object', 'columns.a.type', column('toString')],
    ['arrays of arrays', 'columns.a.type', column('string[][]')],
    ['no type', 'columns.a.type', column({})],
    ['a column that is nothing', 'columns.a', column(null)],
    ['half a codec', 'encode', column({ encode: () => 1 })],
    ['a codec without a name', 'columns.a.type.name', column({ ...own, name: undefined })],
    [
      'an option of a column that there is not',
      'nullable',
      column({ type: 'string', nullable: true }),
    ],
    ['a form that there is not', 'storedAs', { primaryKey, columns, storedAs: 'hex' }],
    [
      'a form of a column that there is not',
      'columns.a.storedAs',
      column({ type: own, storedAs: 'hex' }),
    ],
    ['a name to bind to that is empty', 'boundAs', { primaryKey, columns, boundAs: '' }],
    ['a column bound to what is no text', 'columns.a.boundAs', column({ type: own, boundAs: 5 })],
    ['storeContext that is no boolean', 'storeContext', { primaryKey, columns, storeContext: 1 }],
    [
      'two columns bound to one name',
      'columns',
      { primaryKey, columns: { a: own, b: { type: own, boundAs: 'a' } } },
    ],
    [
      'an index that is a column',
      'columns',
      { primaryKey, columns: { a: { type: 'string', index }, b: own } },
    ],
    [
      'an index that is the key',
      'columns',
      column({ type: 'string', index: { column: 'id', bits: 8 } }),
    ],
    [
      'an index without a column',
      'columns.a.index.column',
      column({ type: 'string', index: { bits: 8 } }),
    ],
    [
      'an index without a length',
      'columns.a.index.bits',
      column({ type: 'string', index: { column: 'b' } }),
    ],
    [
      'an index of no bits',
      'columns.a.index.bits',
      column({ type: 'string', index: { column: 'b', bits: 0 } }),
    ],
    [
      'an index of 257 bits',
      'columns.a.index.bits',
      column({ type: 'string', index: { column: 'b', bits: 257 } }),
    ],
    ['an index of JSON', 'columns.a.index', column({ type: 'json', index })],
    ['an index of booleans', 'columns.a.index', column({ type: 'boolean', index })],
    ['an index of a codec of its own', 'columns.a.index', column({ type: own, index })],
    [
      'an index of a codec with a known name',
      'columns.a.index',
      column({ type: { ...own, name: 'string' }, index }),
    ],
    [
      'an index of numbers as text',
      'columns.a.index.normalize',
      column({ type: 'number', index: { ...index, normalize: 'trim' } }),
    ],
    [
      'a step that there is not',
      'columns.a.index.normalize',
      column({ type: 'string', index: { ...index, normalize: 'upper' } }),
    ],
  ])('%s', async (_, field, options) => {
    const error = await errorOf(() => make(untyped<object>(options)))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field })
  })

  it.each([null, '', 5, '__proto__', '\ud800'])('a table has a name: %o', async (name) => {
    const error = await errorOf(() => make({ primaryKey, columns }, untyped<string>(name)))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field: 'name' })
  })
})
