import assert from 'node:assert/strict'
import { backfillDatabase, reindexDatabase } from '../../../src/sql/backfill/backfill.ts'
import type { BackfillProgress } from '../../../src/sql/backfill/options.ts'
import type { SqlDatabase } from '../../../src/sql/database/database.ts'
import { FieldCipher, defineTable } from '../../../src/sql.ts'
import { conversionCases } from './backfill-conversion-cases.ts'
import { crashCases } from './backfill-crash-cases.ts'
import { safetyCases } from './backfill-safety-cases.ts'
import {
  type Person,
  failure,
  indexKey,
  keyring,
  peopleTable,
  person,
  placeholders,
  watched,
} from './backfill-table.ts'

/** One thing that a backfill has to do, in a database that others use too. Throws if it doesn't. */
export interface BackfillCase {
  readonly name: string
  readonly run: (database: SqlDatabase) => Promise<void>
}

const none = { rows: 0, encrypted: 0, verified: 0, differing: 0, indexed: 0, cleared: 0 }

const ownCases: readonly BackfillCase[] = [
  {
    name: 'encrypts what is there, keeps the plaintext, and finds it verified the next time',
    async run(database) {
      const people = [person(1), { id: 2, email: null, note: 'a note' }, person(3), nobody(4)]
      const { options, read, rows } = await peopleTable(database, people)
      const first = await backfillDatabase(database, options)
      assert.deepEqual(first, { ...none, rows: 3, encrypted: 5 })
      assert.deepEqual(await read(), people)
      const before = await rows()
      assert.deepEqual(plaintexts(before), people)
      const again = await backfillDatabase(database, options)
      assert.deepEqual(again, { ...none, rows: 3, verified: 5 })
      assert.deepEqual(await rows(), before)
    },
  },
  {
    name: 'takes every row once, whatever the size of a batch, and reports after each',
    async run(database) {
      const people = Array.from({ length: 7 }, (_, index) => person(index * index - 20))
      for (const batchSize of [1, 2, 3, 7, 8, 1000]) {
        const { options, read } = await peopleTable(database, people)
        const reported: BackfillProgress[] = []
        const total = await backfillDatabase(database, {
          ...options,
          batchSize,
          onProgress: (progress) => void reported.push(progress),
        })
        assert.deepEqual(total, { ...none, rows: 7, encrypted: 14 })
        assert.deepEqual(reported.at(-1), total)
        assert.equal(reported.length, Math.ceil(7 / batchSize))
        assert.deepEqual(await read(), people)
      }
    },
  },
  {
    name: 'clears what it has verified, and has nothing to do the next time',
    async run(database) {
      const people = [person(1), person(2), { id: 3, email: null, note: 'a note' }]
      const { options, read, rows } = await peopleTable(database, people)
      await backfillDatabase(database, { ...options, batchSize: 2 })
      const cleared = await backfillDatabase(database, { ...options, plaintext: 'clear' })
      assert.deepEqual(cleared, { ...none, rows: 3, verified: 5, cleared: 5 })
      assert.deepEqual(
        plaintexts(await rows()),
        people.map(({ id }) => nobody(id)),
      )
      assert.deepEqual(await read(), people)
      assert.deepEqual(await backfillDatabase(database, { ...options, plaintext: 'clear' }), none)
    },
  },
  {
    name: 'drops the columns at the end, and says so the next time',
    async run(database) {
      const people = [person(1), person(2)]
      const { options, read, rows } = await peopleTable(database, people)
      const total = await backfillDatabase(database, { ...options, plaintext: 'drop' })
      assert.deepEqual(total, { ...none, rows: 2, encrypted: 4, cleared: 4 })
      assert.deepEqual(Object.keys((await rows())[0] ?? {}).sort(), [
        'email',
        'email_index',
        'id',
        'note',
      ])
      assert.deepEqual(await read(), people)
      const again = await failure(backfillDatabase(database, { ...options, plaintext: 'drop' }))
      assert.match(
        again.message,
        /has no column email_plain\. If an earlier run has dropped it, nothing is left/,
      )
    },
  },
  {
    name: 'drops nothing while there is plaintext, though of one column alone',
    async run(database) {
      const { options, insert, read, rows } = await peopleTable(database, [person(5)])
      let written = false
      const onProgress = async () => {
        // Behind the place where the backfill is: an application that writes plaintext still.
        if (!written) await insert({ ...person(1), email: null })
        written = true
      }
      const drop = { ...options, plaintext: 'drop', onProgress } as const
      const { code, message } = await failure(backfillDatabase(database, drop))
      assert.equal(code, 'ERR_BACKFILL')
      assert.match(
        message,
        /plaintext again in email_plain or note_plain: .* No column was dropped/,
      )
      assert.deepEqual(plaintexts(await rows()), [{ ...person(1), email: null }, nobody(5)])
      await backfillDatabase(database, drop)
      assert.deepEqual(await read(), [{ ...person(1), email: null }, person(5)])
      // The lock of the run that failed is gone, and the connection of use.
      await insert(person(2)).then(
        () => assert.fail('the columns are still there'),
        () => undefined,
      )
    },
  },
  {
    name: 'does not say that all is done while an application writes plaintext alone',
    async run(database) {
      for (const plaintext of ['keep', 'clear'] as const) {
        const { options, insert, read } = await peopleTable(database, [person(5)])
        let written = false
        const onProgress = async () => {
          if (!written) await insert(person(1))
          written = true
        }
        const whole = { ...options, plaintext, onProgress }
        const { code, message } = await failure(backfillDatabase(database, whole))
        assert.equal(code, 'ERR_BACKFILL')
        assert.match(message, /has got plaintext again/)
        await backfillDatabase(database, whole)
        assert.deepEqual(await read(), [person(1), person(5)])
      }
    },
  },
  {
    name: 'leaves alone what the application writes meanwhile, to both columns or to the new one alone',
    async run(database) {
      const newer = { id: 2, email: 'newer@secret.example', note: 'newer' }
      const moved = { id: 3, email: 'moved@secret.example', note: 'moved' }
      const { options, set, encrypted, read, rows } = await peopleTable(
        database,
        [1, 2, 3, 4].map(person),
      )
      const onProgress = async ({ rows: done }: BackfillProgress) => {
        if (done !== 1) return
        await set(2, { ...plainColumns(newer), ...(await encrypted(newer)) })
        await set(3, { email_plain: null, note_plain: null, ...(await encrypted(moved)) })
        await set(4, { email_plain: null, note_plain: null })
      }
      const total = await backfillDatabase(database, { ...options, batchSize: 1, onProgress })
      assert.deepEqual(total, { ...none, rows: 2, encrypted: 2, verified: 2 })
      assert.deepEqual(await read(), [person(1), newer, moved, nobody(4)])
      assert.deepEqual(plaintexts(await rows()), [person(1), newer, nobody(3), nobody(4)])
    },
  },
  {
    name: 'waits for a transaction that writes a row, and sees what it wrote',
    async run(database) {
      const newer = { ...person(2), email: 'newer@secret.example' }
      const { options, set, encrypted, read } = await peopleTable(database, [1, 2, 3].map(person))
      const columns = { ...plainColumns(newer), ...(await encrypted(newer)) }
      let running: Promise<BackfillProgress> | undefined
      await database.transaction(async (inner) => {
        await set(2, columns, inner)
        running = backfillDatabase(database, { ...options, plaintext: 'clear' })
        await new Promise((resolve) => setTimeout(resolve, 100))
      })
      assert.deepEqual(await running, { ...none, rows: 3, encrypted: 4, verified: 2, cleared: 6 })
      assert.deepEqual(await read(), [person(1), newer, person(3)])
    },
  },
  {
    name: 'works beside another one on the same table',
    async run(database) {
      const people = Array.from({ length: 20 }, (_, index) => person(index))
      const { options, read } = await peopleTable(database, people)
      const batches = { ...options, batchSize: 3 }
      const [one, other] = await Promise.all([
        backfillDatabase(database, batches),
        backfillDatabase(database, batches),
      ])
      assert.equal(one.encrypted + other.encrypted, 40)
      assert.equal(one.verified + other.verified, 40)
      assert.deepEqual(await read(), people)
    },
  },
  {
    name: 'fails at an encrypted value that is not its plaintext, and names the row; or keeps the encrypted one',
    async run(database) {
      const newer = { id: 2, email: 'newer@secret.example', note: 'newer secret' }
      const { options, set, encrypted, read, rows } = await peopleTable(
        database,
        [1, 2, 3].map(person),
      )
      await set(2, await encrypted(newer))
      const before = await rows()
      const clear = { ...options, plaintext: 'clear' } as const
      const { code, message } = await failure(backfillDatabase(database, clear))
      assert.equal(code, 'ERR_BACKFILL')
      assert.match(message, /with id = "2": email is encrypted, and is not the plaintext beside it/)
      assert.deepEqual(await rows(), before)
      const total = await backfillDatabase(database, { ...clear, onDifference: 'keep-encrypted' })
      assert.deepEqual(total, { ...none, rows: 3, encrypted: 4, differing: 2, cleared: 6 })
      assert.deepEqual(await read(), [person(1), newer, person(3)])
    },
  },
  {
    name: 'does not take a value of another row for one of its own, and clears nothing then',
    async run(database) {
      const { options, set, rows } = await peopleTable(database, [1, 2].map(person))
      await backfillDatabase(database, options)
      await set(1, { email: (await rows())[1]?.['email'] })
      const before = await rows()
      const work = backfillDatabase(database, {
        ...options,
        plaintext: 'drop',
        onDifference: 'keep-encrypted',
      })
      const { code, message } = await failure(work)
      assert.equal(code, 'ERR_UNWRAP_FAILED')
      assert.match(message, /id = "1"/)
      assert.deepEqual(await rows(), before)
    },
  },
  {
    name: 'ends after the batch in which its signal is raised, and goes on when it is started again',
    async run(database) {
      const people = [1, 2, 3, 4, 5].map(person)
      const { options, read } = await peopleTable(database, people)
      const stop = new AbortController()
      let last: BackfillProgress = none
      const work = backfillDatabase(database, {
        ...options,
        batchSize: 2,
        signal: stop.signal,
        onProgress: (progress) => {
          last = progress
          stop.abort()
        },
      })
      assert.equal((await failure(work)).code, 'ERR_ABORTED')
      assert.deepEqual(last, { ...none, rows: 2, encrypted: 4 })
      const total = await backfillDatabase(database, options)
      assert.deepEqual(total, { ...none, rows: 5, encrypted: 6, verified: 4 })
      assert.deepEqual(await read(), people)
    },
  },
  {
    name: 'sends no plaintext to the database, which could log it',
    async run(database) {
      const { options, read } = await peopleTable(database, [1, 2].map(person))
      const statements: string[] = []
      const spied = watched(database, {
        before({ text, values = [] }) {
          const sent = values.map((value) =>
            value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value),
          )
          statements.push([text, ...sent].join('\n'))
        },
      })
      await backfillDatabase(spied, { ...options, plaintext: 'clear' })
      assert.ok(statements.length > 5)
      for (const statement of statements) assert.doesNotMatch(statement, /secret/i)
      assert.deepEqual(await read(), [1, 2].map(person))
    },
  },
  {
    name: 'refuses to clear what is NOT NULL, and columns that are not there, before anything is written',
    async run(database) {
      const { name, options, rows } = await peopleTable(database, [person(1)])
      const before = await rows()
      const missing = backfillDatabase(database, { ...options, from: { email: 'mail' } })
      assert.match((await failure(missing)).message, /has no column mail/)
      const table = database.dialect.quote(name)
      await database.run({
        text:
          database.dialect.name === 'postgresql'
            ? `ALTER TABLE ${table} ALTER COLUMN note_plain SET NOT NULL`
            : `ALTER TABLE ${table} MODIFY note_plain VARCHAR(200) NOT NULL`,
      })
      const clear = backfillDatabase(database, { ...options, plaintext: 'clear' })
      assert.match(
        (await failure(clear)).message,
        /note_plain cannot be cleared, since it is NOT NULL/,
      )
      assert.deepEqual(await rows(), before)
    },
  },
  {
    name: 'fills the index of values that were encrypted before they had one, and mends it',
    async run(database) {
      const people = [person(1), person(2), nobody(3), person(4)]
      const { options, set, read, rows } = await peopleTable(database, people)
      await backfillDatabase(database, options)
      const values = (await rows()).map((row) => row['email'])
      await set(1, { email_index: null })
      await set(2, { email_index: Buffer.from('of another key') })
      await set(3, { email_index: Buffer.from('of nothing') })
      const { cipher, table } = options
      const total = await reindexDatabase(database, { cipher, table, batchSize: 2 })
      assert.deepEqual(total, { ...none, rows: 4, indexed: 3 })
      assert.deepEqual(await read(), people)
      assert.deepEqual(
        (await rows()).map((row) => row['email']),
        values,
      )
      assert.deepEqual(await reindexDatabase(database, { cipher, table }), { ...none, rows: 3 })
      await set(4, { email_index: null })
      assert.deepEqual(await backfillDatabase(database, options), {
        ...none,
        rows: 3,
        verified: 6,
        indexed: 1,
      })
      assert.deepEqual(await read(), people)
    },
  },
  {
    name: 'goes by primary keys of several columns, of any type',
    async run(database) {
      const { name } = await peopleTable(database)
      const table = defineTable(`${name}_notes`, {
        primaryKey: { tenant: 'string', day: 'integer', part: 'uuid' },
        columns: { note: { type: 'string', storedAs: 'base64' } },
      })
      const quoted = database.dialect.quote(table.name)
      const isPg = database.dialect.name === 'postgresql'
      await database.run({
        text:
          `CREATE TABLE ${quoted} (tenant VARCHAR(40) NOT NULL, day BIGINT NOT NULL, ` +
          `part ${isPg ? 'UUID' : 'BINARY(16)'} NOT NULL, note TEXT, plain TEXT, PRIMARY KEY (tenant, day, part))${isPg ? '' : ' CHARACTER SET latin1'}`,
      })
      const uuids = ['00', '7f', 'ff'].map((byte) => byte.repeat(16))
      for (const tenant of ['acme', 'Zeta', 'ärger', 'zeta?']) {
        for (const day of [-7, 2, 10]) {
          for (const uuid of uuids) {
            await database.run({
              text: `INSERT INTO ${quoted} (tenant, day, part, plain) VALUES (${placeholders(database, 4)})`,
              values: [
                tenant,
                day,
                isPg ? uuid : Buffer.from(uuid, 'hex'),
                `${tenant} ${day} ${uuid}`,
              ],
            })
          }
        }
      }
      const cipher = new FieldCipher({ keyring, indexKey, tables: [table] })
      const batchSize = 5
      const total = await backfillDatabase(database, {
        cipher,
        table,
        from: { note: 'plain' },
        batchSize,
      })
      assert.deepEqual(total, { ...none, rows: 36, encrypted: 36 })
      const { rows } = await database.run({ text: `SELECT * FROM ${quoted}` })
      for (const row of await cipher.decryptRows(table, rows))
        assert.equal(row['note'], row['plain'])
      await database.run({ text: `DROP TABLE ${quoted}` })
    },
  },
]

/**
 * What a backfill has to do on every database. No case asks for an empty one: each makes tables of its own. They need
 * no test runner, so that they run on real servers too.
 */
export const backfillCases: readonly BackfillCase[] = [
  ...ownCases,
  ...crashCases,
  ...safetyCases,
  ...conversionCases,
]

function nobody(id: number): Person {
  return { id, email: null, note: null }
}

function plainColumns({ email, note }: Person) {
  return { email_plain: email, note_plain: note }
}

function plaintexts(rows: readonly Readonly<Record<string, unknown>>[]) {
  return rows.map((row) => ({ id: row['id'], email: row['email_plain'], note: row['note_plain'] }))
}
