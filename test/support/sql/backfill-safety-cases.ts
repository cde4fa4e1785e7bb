import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { backfillDatabase, reindexDatabase } from '../../../src/sql/backfill/backfill.ts'
import type { SqlDatabase } from '../../../src/sql/database/database.ts'
import { FieldCipher, defineTable } from '../../../src/sql.ts'
import type { BackfillCase } from './backfill-cases.ts'
import {
  bytesType,
  failure,
  indexKey,
  keyring,
  peopleTable,
  person,
  watched,
} from './backfill-table.ts'

const people = [1, 2, 3].map(person)
const fates = ['keep', 'clear', 'drop'] as const

/** That no row is hidden from a backfill, no plaintext lost when it drops, and that it locks before it looks. */
export const safetyCases: readonly BackfillCase[] = [
  {
    name: 'refuses a client that is in a transaction, and leaves that one to its owner',
    async run(database) {
      const { options, insert, rows } = await peopleTable(database, [person(1)])
      const { cipher, table } = options
      const before = await rows()
      await database.transaction(async (inner) => {
        await inner.run({
          text: `INSERT INTO ${inner.dialect.quote(table.name)} (id) VALUES (7)`,
        })
        for (const plaintext of fates) {
          const { code, message } = await failure(
            backfillDatabase(inner, { ...options, plaintext }),
          )
          assert.equal(code, 'ERR_INVALID_ARGUMENT')
          assert.match(message, /client is in a transaction/)
        }
        const { message } = await failure(reindexDatabase(inner, { cipher, table }))
        assert.match(message, /client is in a transaction/)
      })
      const { message } = await failure(
        database.transaction(async (inner) => {
          await inner.run({ text: `DELETE FROM ${inner.dialect.quote(table.name)}` })
          await backfillDatabase(inner, { ...options, plaintext: 'drop' })
        }),
      )
      assert.match(message, /client is in a transaction/)
      const after = await rows()
      assert.deepEqual(
        after.map(({ id }) => id),
        [1, 7],
      )
      assert.deepEqual(after[0], before[0])
      await insert(person(2))
    },
  },
  {
    name: 'refuses what is no table, or one whose rows it cannot lock',
    async run(database) {
      const { name } = await peopleTable(database, people)
      const { dialect } = database
      const schema = dialect.name === 'mysql' ? 'DATABASE()' : 'current_schema()'
      const [row] = (await database.run({ text: `SELECT ${schema} AS name` })).rows
      // By a name that says the schema as well.
      const other = defineTable(`${String(row?.['name'])}.${name}_other`, {
        primaryKey: { id: 'integer' },
        columns: { note: { type: 'string', storedAs: 'base64' } },
      })
      const quoted = dialect.quote(other.name)
      const cipher = new FieldCipher({ keyring, tables: [other] })
      const backfill = () =>
        backfillDatabase(database, { cipher, table: other, from: { note: 'note_plain' } })
      await database.run({
        text: `CREATE VIEW ${quoted} AS SELECT * FROM ${dialect.quote(name)} WHERE id < 2`,
      })
      assert.match((await failure(backfill())).message, /is no table/)
      await database.run({ text: `DROP VIEW ${quoted}` })
      const engine = dialect.name === 'mysql' ? 'ENGINE=MyISAM ' : ''
      await database.run({
        text: `CREATE TABLE ${quoted} ${engine}AS SELECT * FROM ${dialect.quote(name)}`,
      })
      if (dialect.name === 'mysql') {
        assert.match((await failure(backfill())).message, /is no table of InnoDB/)
        await database.run({ text: `ALTER TABLE ${quoted} ENGINE=InnoDB` })
      }
      assert.equal((await backfill()).encrypted, people.length)
    },
  },
  {
    name: 'takes a dot for a part of the name of a column',
    async run(database) {
      const { dialect } = database
      const table = defineTable(`dotted_${randomBytes(6).toString('hex')}`, {
        primaryKey: { 'the.id': 'integer' },
        columns: { 'e.mail': { type: 'string', index: { column: 'e.mail.index', bits: 64 } } },
      })
      const [id, plain, email, index] = ['the.id', 'e.mail.plain', 'e.mail', 'e.mail.index'].map(
        (name) => dialect.quoteColumn(name),
      )
      const [quoted, bytes] = [dialect.quote(table.name), bytesType(database)]
      await database.run({
        text:
          `CREATE TABLE ${quoted} (${id} INTEGER PRIMARY KEY, ${plain} VARCHAR(200), ` +
          `${email} ${bytes}, ${index} ${bytes})`,
      })
      const text = `INSERT INTO ${quoted} (${id}, ${plain}) VALUES (1, 'a@secret.example')`
      await database.run({ text })
      const cipher = new FieldCipher({ keyring, indexKey, tables: [table] })
      const total = await backfillDatabase(database, {
        ...{ cipher, table, from: { 'e.mail': 'e.mail.plain' } },
        plaintext: 'drop',
      })
      assert.equal(total.cleared, 1)
      assert.equal((await reindexDatabase(database, { cipher, table })).indexed, 0)
      const { rows } = await database.run({ text: `SELECT * FROM ${quoted}` })
      const [row] = await cipher.decryptRows(table, rows)
      assert.deepEqual(row, { 'the.id': 1, 'e.mail': 'a@secret.example' })
    },
  },
  {
    name: 'locks rows when it reads them, and the table before it looks for the last time and drops',
    async run(database) {
      const { options } = await peopleTable(database, people)
      const sent: string[] = []
      const recorded = watched(database, { before: ({ text }) => void sent.push(text) })
      await backfillDatabase(recorded, { ...options, plaintext: 'drop' })
      const isRead = (text: string) => /^SELECT (?:(?! FROM ).)*email_plain/.test(text)
      const first = sent.find(isRead) ?? ''
      assert.match(first, / FOR UPDATE$/)
      assert.ok(sent.indexOf(first) < sent.findIndex((text) => text.startsWith('UPDATE')))
      const last = sent.slice(sent.findIndex((text) => text.startsWith('LOCK TABLE')) - 1)
      const steps = last.filter((text) => /^(SET|LOCK|ALTER) |^SELECT 1 /.test(text))
      const isPg = database.dialect.name === 'postgresql'
      assert.deepEqual(
        steps.map((text) => text.replace(/(\w+) ["`].*/, '$1')),
        [
          ...(isPg
            ? ['SET TRANSACTION ISOLATION LEVEL READ COMMITTED', 'LOCK TABLE']
            : ['LOCK TABLES']),
          'SELECT 1 AS one FROM',
          'ALTER TABLE',
        ],
      )
    },
  },
  {
    name: 'has nobody write between the last look and the drop',
    async run(database) {
      const { options, insert, read } = await peopleTable(database, people)
      let written: Promise<unknown> | undefined
      const writing = watched(database, {
        async before({ text }) {
          if (!text.startsWith('ALTER')) return
          written = insert(person(4)).catch((error: unknown) => error)
          await Promise.race([written, delay(200)])
        },
      })
      await backfillDatabase(writing, { ...options, plaintext: 'drop' })
      assert.ok((await written) instanceof Error, 'it has been written, and is lost')
      assert.deepEqual(await read(), people)
    },
  },
  {
    name: 'says that there is no such column when another run was the first to drop it',
    async run(database) {
      const { options, read } = await peopleTable(database, people)
      const drop = { ...options, plaintext: 'drop' } as const
      await backfillDatabase(database, { ...options, plaintext: 'clear' })
      const other = watched(database, {
        async after({ text }) {
          // The keys of its first batch, of which there are none: the next thing is the lock.
          if (/^SELECT ["`]id/.test(text)) await backfillDatabase(database, drop)
        },
      })
      const { code, message } = await failure(backfillDatabase(other, drop))
      assert.equal(code, 'ERR_INVALID_ARGUMENT')
      assert.match(message, /has no column email_plain\. If an earlier run has dropped it/)
      assert.deepEqual(await read(), people)
    },
  },
  {
    name: 'says so as well when the column is gone before a batch',
    async run(database) {
      const { options } = await peopleTable(database, people)
      const other = watched(database, {
        async before({ text }) {
          if (!/^SELECT ["`]id/.test(text) || text.endsWith('UPDATE')) return
          await backfillDatabase(database, { ...options, plaintext: 'drop' })
        },
      })
      const { message } = await failure(backfillDatabase(other, options))
      assert.match(message, /has no column email_plain\. If an earlier run has dropped it/)
    },
  },
  {
    name: 'drops nothing once its signal is raised, however late',
    async run(database) {
      for (const when of [/^SELECT ["`]id/, /^LOCK/, /^SELECT 1 /]) {
        const { options, insert, rows } = await peopleTable(database)
        const stop = new AbortController()
        const late = watched(database, {
          before: ({ text }) => when.test(text) && stop.abort(),
        })
        const { signal } = stop
        const work = backfillDatabase(late, { ...options, plaintext: 'drop', signal })
        assert.equal((await failure(work)).code, 'ERR_ABORTED')
        // Nor is the lock left.
        await insert(person(1))
        assert.equal((await rows())[0]?.['email_plain'], person(1).email)
      }
    },
  },
  {
    name: 'sends few statements of different texts, since drivers keep those that were prepared',
    async run(database) {
      const texts = new Set<string>()
      const counted = countedTexts(database, texts)
      const { options, insert } = await peopleTable(database)
      for (let id = 1; id <= 20; id++) {
        await insert(person(id))
        await backfillDatabase(counted, options)
      }
      const reads = [...texts].filter((text) => text.endsWith('FOR UPDATE'))
      // For 1, 2, 4, 8, 16 and 32 keys.
      assert.equal(reads.length, 6)
    },
  },
]

function countedTexts(database: SqlDatabase, texts: Set<string>): SqlDatabase {
  return watched(database, { before: ({ text }) => texts.add(text) })
}
