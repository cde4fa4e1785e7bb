import { describe, expect, it } from 'vitest'
import { InvalidArgumentError, RawAesKeyring } from '../../../../src/index.ts'
import { backfill, reindex } from '../../../../src/sql/pg/index.ts'
import {
  backfill as backfillMySql,
  reindex as reindexMySql,
} from '../../../../src/sql/mysql2/index.ts'
import { FieldCipher, defineTable } from '../../../../src/sql.ts'

const table = defineTable('people', {
  primaryKey: { id: 'integer' },
  columns: {
    email: { type: 'string', index: { column: 'email_index', bits: 32 } },
    note: 'string',
  },
})
const keyring = new RawAesKeyring({
  keyNamespace: 'tests',
  keyName: 'key',
  wrappingKey: new Uint8Array(32),
})
const cipher = new FieldCipher({
  keyring,
  indexKey: { key: new Uint8Array(32) },
  tables: [table],
})

/** A client that fails the test if anything is asked of it. */
const client = {
  query: () => Promise.reject(new Error('a query was sent')),
  execute: () => Promise.reject(new Error('a query was sent')),
}

const wrongBackfills: [string, object, string][] = [
  ['an option that there is not', { dryRun: true }, 'dryRun'],
  ['no cipher', { cipher: undefined }, 'cipher'],
  [
    'a table of another cipher',
    {
      table: defineTable('people', { primaryKey: { id: 'integer' }, columns: { email: 'string' } }),
    },
    'table',
  ],
  ['no columns', { from: {} }, 'from'],
  ['no from', { from: undefined }, 'from'],
  ['a column that is not encrypted', { from: { name: 'name_plain' } }, 'from'],
  ['a name of Object.prototype', { from: { constructor: 'name_plain' } }, 'from'],
  ['the encrypted column as its own plaintext', { from: { email: 'email' } }, 'from'],
  ['another encrypted column as plaintext', { from: { email: 'note' } }, 'from'],
  ['an index as plaintext', { from: { email: 'email_index' } }, 'from'],
  ['the primary key as plaintext', { from: { email: 'id' } }, 'from'],
  ['one plaintext for two columns', { from: { email: 'plain', note: 'plain' } }, 'from'],
  ['a plaintext that is no name', { from: { email: 7 } }, 'from'],
  ['an empty name', { from: { email: '' } }, 'from'],
  ['batches of nothing', { batchSize: 0 }, 'batchSize'],
  ['batches that are too large', { batchSize: 1001 }, 'batchSize'],
  ['another fate of the plaintext', { plaintext: 'delete' }, 'plaintext'],
  ['another answer to a difference', { onDifference: 'keep-plaintext' }, 'onDifference'],
  ['a conversion of a column that is not filled', { convert: { note: String } }, 'convert'],
  ['a conversion that is no function', { convert: { email: 'trim' } }, 'convert'],
  ['a report that is no function', { onProgress: 'log' }, 'onProgress'],
  ['a signal that is none', { signal: new AbortController() }, 'signal'],
]

const wrongReindexes: [string, object, string][] = [
  ['an option of backfill', { from: { email: 'email_plain' } }, 'from'],
  ['no columns', { columns: [] }, 'columns'],
  ['a column without an index', { columns: ['note'] }, 'columns'],
]

describe.each([
  { driver: 'pg', backfill, reindex },
  { driver: 'mysql2', backfill: backfillMySql, reindex: reindexMySql },
])('through $driver', (functions) => {
  it.each(wrongBackfills)('a backfill refuses %s', async (_, wrong, field) => {
    const options = { cipher, table, from: { email: 'email_plain' }, ...wrong }
    const work = functions.backfill({ client, ...options })
    await expect(work).rejects.toThrow(InvalidArgumentError)
    await expect(work).rejects.toMatchObject({ field })
  })

  it.each(wrongReindexes)('a reindex refuses %s', async (_, wrong, field) => {
    const options = { cipher, table, ...wrong }
    const work = functions.reindex({ client, ...options })
    await expect(work).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field })
  })

  it('refuses what is no client, and no options at all', async () => {
    const options = { cipher, table, from: { email: 'email_plain' } } as const
    await expect(functions.backfill({ client: {} as never, ...options })).rejects.toMatchObject({
      field: 'client',
    })
    await expect(functions.backfill(undefined as never)).rejects.toMatchObject({ field: 'options' })
    await expect(functions.reindex(undefined as never)).rejects.toMatchObject({ field: 'options' })
  })

  it('asks the database nothing once its signal is raised', async () => {
    const signal = AbortSignal.abort()
    const work = functions.backfill({
      client,
      cipher,
      table,
      from: { email: 'email_plain' },
      signal,
    })
    await expect(work).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  })
})
