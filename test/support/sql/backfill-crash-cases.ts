import assert from 'node:assert/strict'
import { backfillDatabase } from '../../../src/sql/backfill/backfill.ts'
import type { BackfillOptions } from '../../../src/sql/backfill/options.ts'
import type { AnyTable } from '../../../src/sql/table.ts'
import type { SqlDatabase } from '../../../src/sql/database/database.ts'
import type { BackfillCase } from './backfill-cases.ts'
import { failure, peopleTable, person, watched } from './backfill-table.ts'

const people = [1, 2, 3].map(person)

/** What becomes of a backfill whose statements fail, or do other things than they should. */
export const crashCases: readonly BackfillCase[] = (['keep', 'clear', 'drop'] as const)
  .map((plaintext): BackfillCase => ({
    name: `ends right (${plaintext}) when it is started again, wherever it has died`,
    async run(database) {
      const steps = await countSteps(database, plaintext)
      assert.ok(steps > 20, `${steps} steps`)
      for (let step = 1; step <= steps; step++) {
        const { options, read, rows } = await peopleTable(database, people)
        const whole = { ...options, batchSize: 2, plaintext }
        await assert.rejects(backfillDatabase(dying(database, step), whole), /died|did not write/)
        await again(database, whole)
        assert.deepEqual(await read(), people, `after step ${step}`)
        const hasPlaintext = plaintext === 'keep'
        for (const row of await rows()) {
          assert.equal((row['email_plain'] ?? null) !== null, hasPlaintext, `after step ${step}`)
          assert.equal('email_plain' in row, plaintext !== 'drop', `after step ${step}`)
        }
      }
    },
  }))
  .concat([
    {
      name: 'repeats a batch that another transaction was in the way of',
      async run(database) {
        const { options, read } = await peopleTable(database, people)
        let updates = 0
        const contended = watched(database, {
          before({ text }) {
            if (!text.startsWith('UPDATE') || ++updates !== 2) return
            throw Object.assign(new Error('deadlock'), {
              code: database.dialect.name === 'postgresql' ? '40P01' : 'ER_LOCK_DEADLOCK',
            })
          },
        })
        const total = await backfillDatabase(contended, options)
        assert.equal(total.encrypted, 6)
        assert.equal(updates, 5)
        assert.deepEqual(await read(), people)
      },
    },
    {
      name: 'names the row that the database does not take, without what it has',
      async run(database) {
        const { name, options, rows } = await peopleTable(database, people)
        await database.run({
          text: `ALTER TABLE ${database.dialect.quote(name)} ADD CHECK (id <> 2 OR note IS NULL)`,
        })
        const before = await rows()
        const { code, message } = await failure(backfillDatabase(database, options))
        assert.equal(code, 'ERR_BACKFILL')
        assert.match(message, /with id = "2": the database did not write it/)
        assert.deepEqual(await rows(), before)
      },
    },
    {
      name: 'clears nothing of a row that does not keep what is written, be it value or index',
      async run(database) {
        for (const kept of ['email', 'email_index', 'note']) {
          const { options, rows } = await peopleTable(database, people)
          const before = await rows()
          const work = backfillDatabase(forgetful(database, kept), {
            ...options,
            plaintext: 'clear',
          })
          assert.match((await failure(work)).message, /id = "1"/)
          assert.deepEqual(await rows(), before)
        }
      },
    },
  ])

async function countSteps(database: SqlDatabase, plaintext: 'keep' | 'clear' | 'drop') {
  const { options } = await peopleTable(database, people)
  let steps = 0
  const count = () => {
    steps++
  }
  await backfillDatabase(watched(database, { before: count, after: count }), {
    ...options,
    batchSize: 2,
    plaintext,
  })
  return steps
}

/** A database that is gone from this step on: before a statement, or after it, so that only the answer is lost. */
function dying(database: SqlDatabase, at: number): SqlDatabase {
  let step = 0
  const die = () => {
    if (++step >= at) throw new Error('it has died')
  }
  return watched(database, { before: die, after: die })
}

/** A column that has other bytes than were written to it. */
function forgetful(database: SqlDatabase, column: string): SqlDatabase {
  return {
    ...database,
    run: async (statement) => {
      if (!statement.text.startsWith('UPDATE')) return await database.run(statement)
      const place = statement.text.split(',').findIndex((part) => {
        return new RegExp(`[ "\`]${column}["\`] =`).test(part)
      })
      const values = (statement.values ?? []).map((value, at) =>
        at !== place ? value : value instanceof Uint8Array ? value.subarray(1) : null,
      )
      return await database.run({ ...statement, values })
    },
    transaction: (work, last) =>
      database.transaction((inner) => work(forgetful(inner, column)), last),
  }
}

/** A run after one that died in its very last step finds the column gone. */
async function again(database: SqlDatabase, options: BackfillOptions<AnyTable>): Promise<void> {
  try {
    await backfillDatabase(database, options)
  } catch (error) {
    assert.match(String(error), /nothing is left to do/)
  }
}
