import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { backfillDatabase } from '../../../src/sql/backfill/backfill.ts'
import type { SqlDatabase } from '../../../src/sql/database/database.ts'
import { type CodecValues, FieldCipher, type Json, defineTable } from '../../../src/sql.ts'
import type { BackfillCase } from './backfill-cases.ts'
import { bytesType, failure, keyring, peopleTable, person, textOf } from './backfill-table.ts'

/** A column of plaintext: its type in each database, what goes in, and what comes out of the encrypted one. */
interface Conversion {
  readonly type: keyof CodecValues
  readonly postgresql: string
  readonly mysql: string
  readonly stored: unknown
  readonly value: unknown
  readonly convert?: (value: unknown) => CodecValues[keyof CodecValues]
}

const toBigInt = (value: unknown) => BigInt(String(value))

// MySQL's driver parses it, and MariaDB's text it does not.
const toJson = (value: unknown) => (typeof value === 'string' ? JSON.parse(value) : value) as Json

const conversions: readonly Conversion[] = [
  { type: 'string', postgresql: 'TEXT', mysql: 'TEXT', stored: ' Ω\u0301 ', value: ' Ω\u0301 ' },
  { type: 'string', postgresql: 'TEXT', mysql: 'TEXT', stored: '', value: '' },
  {
    type: 'string',
    postgresql: 'NUMERIC(40, 10)',
    mysql: 'DECIMAL(40, 10)',
    stored: '12345678901234567890.0123456789',
    value: '12345678901234567890.0123456789',
  },
  {
    type: 'number',
    postgresql: 'DOUBLE PRECISION',
    mysql: 'DOUBLE',
    stored: 0.1,
    value: 0.1,
  },
  {
    type: 'bigint',
    postgresql: 'BIGINT',
    mysql: 'VARCHAR(30)',
    stored: '-9007199254740993',
    value: -9007199254740993n,
    convert: toBigInt,
  },
  {
    type: 'boolean',
    postgresql: 'BOOLEAN',
    mysql: 'BOOLEAN',
    stored: false,
    value: false,
    convert: (value) => value === true || value === 1,
  },
  {
    type: 'date',
    postgresql: 'TIMESTAMPTZ(3)',
    mysql: 'DATETIME(3)',
    stored: new Date('2026-02-03T04:05:06.789Z'),
    value: new Date('2026-02-03T04:05:06.789Z'),
  },
  {
    type: 'json',
    postgresql: 'JSONB',
    mysql: 'JSON',
    stored: '{"b": [1, null, "x"], "a": {"c": 1.5}}',
    value: { a: { c: 1.5 }, b: [1, null, 'x'] },
    convert: toJson,
  },
  {
    type: 'bytes',
    postgresql: 'BYTEA',
    mysql: 'BLOB',
    stored: Buffer.of(0, 255, 128, 0),
    value: Uint8Array.of(0, 255, 128, 0),
  },
]

/** What the driver returns is often not of the type that the encrypted column has. */
export const conversionCases: readonly BackfillCase[] = [
  ...conversions.map((conversion): BackfillCase => ({
    name: `takes ${conversion.postgresql} for ${conversion.type}, exactly`,
    run: (database) => checkConversion(database, conversion),
  })),
  {
    name: 'takes an object for the same, in whatever order its members are',
    async run(database) {
      const { table, cipher, setEncrypted, backfill } = await oneColumn(database, {
        type: 'json',
        postgresql: 'JSONB',
        mysql: 'JSON',
        stored: '{"bb": 1, "a": [true, {"d": 1, "c": 2}]}',
        value: undefined,
        convert: toJson,
      })
      const value = { a: [true, { c: 2, d: 1 }], bb: 1 }
      await setEncrypted(await cipher.encryptValue(table, 'value', { id: 1 }, value))
      assert.equal((await backfill()).verified, 1)
      const other = { a: [true, { c: 2, d: 3 }], bb: 1 }
      await setEncrypted(await cipher.encryptValue(table, 'value', { id: 1 }, other))
      assert.match((await failure(backfill())).message, /is not the plaintext beside it/)
    },
  },
  {
    name: 'says which row has plaintext of another type, and what to do',
    async run(database) {
      const { options, rows } = await peopleTable(database, [person(1), person(2)])
      const before = await rows()
      const table = defineTable(options.table.name, {
        primaryKey: { id: 'integer' },
        columns: { note: { type: 'number', storedAs: 'base64' } },
      })
      const cipher = new FieldCipher({ keyring, tables: [table] })
      const from = { note: 'note_plain' }
      const { code, message } = await failure(backfillDatabase(database, { cipher, table, from }))
      assert.equal(code, 'ERR_BACKFILL')
      assert.match(
        message,
        /id = "1": the plaintext of note is no value of the type number.*convert\.note/,
      )
      const thrown = backfillDatabase(database, {
        ...{ cipher, table, from },
        convert: {
          note(value) {
            throw new Error(`no number: ${String(value)}`)
          },
        },
      })
      assert.match((await failure(thrown)).message, /id = "1": convert\.note has thrown an error/)
      assert.deepEqual(await rows(), before)
    },
  },
]

async function checkConversion(database: SqlDatabase, conversion: Conversion): Promise<void> {
  const { read, backfill } = await oneColumn(database, conversion)
  assert.equal((await backfill()).encrypted, 1)
  assert.deepEqual(await read(), conversion.value)
  assert.equal((await backfill()).verified, 1)
}

async function oneColumn(database: SqlDatabase, conversion: Conversion) {
  const { dialect } = database
  const table = defineTable(`converted_${randomBytes(6).toString('hex')}`, {
    primaryKey: { id: 'integer' },
    columns: { value: conversion.type },
  })
  const quoted = dialect.quote(table.name)
  await database.run({
    text: `CREATE TABLE ${quoted} (id INTEGER PRIMARY KEY, plain ${conversion[dialect.name]}, value ${bytesType(database)})${textOf(database)}`,
  })
  await database.run({
    text: `INSERT INTO ${quoted} (id, plain) VALUES (1, ${dialect.placeholder(1)})`,
    values: [conversion.stored],
  })
  const cipher = new FieldCipher({ keyring, tables: [table] })
  const backfill = () =>
    backfillDatabase(database, {
      cipher,
      table,
      from: { value: 'plain' },
      ...(conversion.convert && { convert: { value: conversion.convert } }),
    })
  const read = async (): Promise<unknown> => {
    const { rows } = await database.run({ text: `SELECT id, value FROM ${quoted}` })
    const [row] = await cipher.decryptRows(table, rows)
    return row?.['value']
  }
  const setEncrypted = async (value: unknown) => {
    const text = `UPDATE ${quoted} SET value = ${dialect.placeholder(1)}`
    await database.run({ text, values: [value] })
  }
  return { table, cipher, backfill, read, setEncrypted }
}
