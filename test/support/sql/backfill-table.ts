import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { EnvelopeError, RawAesKeyring } from '../../../src/index.ts'
import type { SqlDatabase, Statement } from '../../../src/sql/database/database.ts'
import { FieldCipher, defineTable } from '../../../src/sql.ts'

export const keyring = new RawAesKeyring({
  keyNamespace: 'tests',
  keyName: 'backfill',
  wrappingKey: randomBytes(32),
})
export const indexKey = { key: randomBytes(32) }

/** A row of the table before anything is encrypted. */
export interface Person {
  readonly id: number
  readonly email: string | null
  readonly note: string | null
}

/** A person with values that no other has. */
export function person(id: number): Person {
  return { id, email: `Person-${id}@secret.example`, note: `note ${id} 🔒 secret` }
}

/** Two columns of plaintext, with two encrypted ones to come. A part of these tests may have a table to itself. */
export async function peopleTable(database: SqlDatabase, people: readonly Person[] = []) {
  const name = `people_${randomBytes(6).toString('hex')}`
  const table = defineTable(name, {
    primaryKey: { id: 'integer' },
    columns: {
      email: {
        type: 'string',
        index: { column: 'email_index', bits: 64, normalize: 'lowercase' },
      },
      note: { type: 'string', storedAs: 'base64' },
    },
  })
  const { dialect } = database
  const quoted = dialect.quote(name)
  const bytes = bytesType(database)
  await database.run({
    text:
      `CREATE TABLE ${quoted} (id INTEGER PRIMARY KEY, email_plain VARCHAR(200), note_plain VARCHAR(200), ` +
      `email ${bytes}, email_index ${bytes}, note TEXT)${textOf(database)}`,
  })
  const insert = async ({ id, email, note }: Person) => {
    await database.run({
      text: `INSERT INTO ${quoted} (id, email_plain, note_plain) VALUES (${placeholders(database, 3)})`,
      values: [id, email, note],
    })
  }
  for (const one of people) await insert(one)
  const cipher = new FieldCipher({ keyring, indexKey, tables: [table] })
  const rows = async () =>
    (await database.run({ text: `SELECT * FROM ${quoted} ORDER BY id` })).rows
  /** The rows as a reader of the encrypted columns sees them, who finds each by its email, too. */
  const read = async (): Promise<Person[]> => {
    const found: Person[] = []
    for (const row of await rows()) {
      const { id, email, note } = await cipher.decryptRow(table, {
        id: Number(row['id']),
        email: row['email'] as Uint8Array | null,
        note: row['note'] as string | null,
      })
      const index = email === null ? null : await cipher.indexValue(table, 'email', email)
      assert.deepEqual(toBuffer(row['email_index']), toBuffer(index), `index of ${id}`)
      found.push({ id, email, note })
    }
    return found
  }
  /** Sets columns of one row, as an application would. */
  const set = async (id: number, columns: Record<string, unknown>, on: SqlDatabase = database) => {
    const names = Object.keys(columns)
    const sets = names.map(
      (column, at) => `${dialect.quote(column)} = ${dialect.placeholder(at + 1)}`,
    )
    await on.run({
      text: `UPDATE ${quoted} SET ${sets.join(', ')} WHERE id = ${dialect.placeholder(names.length + 1)}`,
      values: [...Object.values(columns), id],
    })
  }
  /** A person's encrypted columns, as an application that writes both columns would write them. */
  const encrypted = async (one: Person) => {
    const { email, email_index, note } = await cipher.encryptRow(table, one)
    return { email, email_index, note }
  }
  /** What every backfill of this table is told. */
  const options = { cipher, table, from: { email: 'email_plain', note: 'note_plain' } } as const
  return { name, options, insert, rows, read, set, encrypted }
}

/** So many of them, from the first on. */
export function placeholders({ dialect }: SqlDatabase, count: number): string {
  return Array.from({ length: count }, (_, at) => dialect.placeholder(at + 1)).join(', ')
}

/** What a table needs so that it takes every text. */
export function textOf({ dialect }: SqlDatabase): string {
  return dialect.name === 'postgresql' ? '' : ' CHARACTER SET utf8mb4'
}

export function bytesType({ dialect }: SqlDatabase): string {
  return dialect.name === 'postgresql' ? 'BYTEA' : 'VARBINARY(2000)'
}

function toBuffer(stored: unknown): unknown {
  return stored instanceof Uint8Array ? Buffer.from(stored) : stored
}

/** The error that `work` fails with; nothing that can be seen of it may have a secret. */
export async function failure(work: Promise<unknown>): Promise<EnvelopeError> {
  const error: unknown = await work.then(
    () => assert.fail('it has not failed'),
    (reason: unknown) => reason,
  )
  assert.ok(EnvelopeError.is(error), inspect(error))
  assert.doesNotMatch(inspect(error, { depth: Infinity, showHidden: true }), /secret/i)
  return error
}

/** What is done around each statement of a database; a transaction has two of its own, of no text. */
export interface Watch {
  before?(statement: Statement): unknown
  after?(statement: Statement): unknown
}

/** The same database, watched. What `before` or `after` throws fails the statement, and what it has begun. */
export function watched(database: SqlDatabase, watch: Watch): SqlDatabase {
  const around = async <Result>(statement: Statement, run: () => Promise<Result>) => {
    await watch.before?.(statement)
    const result = await run()
    await watch.after?.(statement)
    return result
  }
  return {
    ...database,
    run: (statement) => around(statement, () => database.run(statement)),
    transaction: (work, last) =>
      around({ text: '' }, () =>
        database.transaction(async (inner) => {
          const result = await work(watched(inner, watch))
          await watch.before?.({ text: '' })
          return result
        }, last),
      ),
  }
}
