import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SqlDatabase } from '../../../../src/sql/database/database.ts'
import { pgDatabase } from '../../../../src/sql/database/pg-database.ts'
import { type EmbeddedPostgres, startPglite } from '../../../support/sql/databases.ts'

let postgres: EmbeddedPostgres
beforeAll(async () => {
  postgres = await startPglite()
  await postgres.db.exec('CREATE TABLE things (id integer PRIMARY KEY, name text)')
}, 60_000)
afterAll(async () => postgres.close())
beforeEach(async () => {
  await postgres.db.exec('DELETE FROM things')
})

const ways: Record<string, (use: (database: SqlDatabase) => Promise<void>) => Promise<void>> = {
  'a pool': async (use) => use(pgDatabase(postgres.pool)),
  'a client': async (use) => {
    const client = await postgres.pool.connect()
    try {
      await use(pgDatabase(client))
    } finally {
      client.release()
    }
  },
  PGlite: async (use) => use(pgDatabase(postgres.db)),
}

const insert = (id: number) => ({ text: 'INSERT INTO things VALUES ($1, $2)', values: [id, null] })
const ids = async () => {
  const { rows } = await postgres.pool.query<{ id: number }>('SELECT id FROM things ORDER BY id')
  return rows.map(({ id }) => id)
}
const failure = new Error('what the work failed with')

describe.each(Object.entries(ways))('pgDatabase() of %s', (_name, withDatabase) => {
  it('runs statements, and says what they did', async () => {
    await withDatabase(async (database) => {
      expect(await database.run(insert(1))).toMatchObject({ rows: [], affectedRows: 1 })
      await database.run(insert(2))
      const update = await database.run({ text: "UPDATE things SET name = 'a'" })
      expect(update.affectedRows).toBe(2)
      const { rows } = await database.run({
        text: 'SELECT id, name FROM things WHERE id = $1',
        values: [2],
      })
      expect(rows).toEqual([{ id: 2, name: 'a' }])
    })
  })

  it('lets errors of the driver pass, and knows a duplicate key', async () => {
    await withDatabase(async (database) => {
      await database.run(insert(1))
      const error = await database.run(insert(1)).catch((cause: unknown) => cause)
      expect(database.dialect.isDuplicateKey(error)).toBe(true)
      expect(database.dialect.isContention(error)).toBe(false)
      const other = await database.run({ text: 'SELEC' }).catch((cause: unknown) => cause)
      expect(database.dialect.isDuplicateKey(other)).toBe(false)
    })
  })

  it('commits a transaction, and returns what the work returned', async () => {
    await withDatabase(async (database) => {
      const result = await database.transaction(async (transaction) => {
        await transaction.run(insert(1))
        await transaction.run(insert(2))
        return 'done'
      })
      expect(result).toBe('done')
    })
    expect(await ids()).toEqual([1, 2])
  })

  it('rolls back a transaction that throws, and throws the same', async () => {
    await withDatabase(async (database) => {
      const failing = database.transaction(async (transaction) => {
        await transaction.run(insert(1))
        throw failure
      })
      await expect(failing).rejects.toBe(failure)
      await database.run(insert(2))
    })
    expect(await ids()).toEqual([2])
  })

  it('undoes only the inner transaction that throws', async () => {
    await withDatabase(async (database) => {
      await database.transaction(async (outer) => {
        await outer.run(insert(1))
        const failing = outer.transaction(async (inner) => {
          await inner.run(insert(2))
          await inner.transaction(async (innermost) => innermost.run(insert(3)))
          await inner.run(insert(1))
        })
        await expect(failing).rejects.toThrow('duplicate key')
        await outer.transaction(async (inner) => inner.run(insert(4)))
      })
    })
    expect(await ids()).toEqual([1, 4])
  })

  it('keeps transactions that begin at once apart', async () => {
    await withDatabase(async (database) => {
      const transactions = [1, 2, 3, 4].map((id) =>
        database.transaction(async (transaction) => {
          await transaction.run(insert(id))
          await new Promise((resolve) => setImmediate(resolve))
          if (id % 2 === 0) throw failure
        }),
      )
      const outcomes = await Promise.allSettled(transactions)
      expect(outcomes.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'fulfilled',
        'rejected',
      ])
    })
    expect(await ids()).toEqual([1, 3])
  })
})

it('does not end the transaction that a client is in', async () => {
  const client = await postgres.pool.connect()
  try {
    await client.query('BEGIN')
    const database = pgDatabase(client)
    await database.transaction(async (transaction) => transaction.run(insert(1)))
    const failing = database.transaction(async (transaction) => {
      await transaction.run(insert(2))
      throw failure
    })
    await expect(failing).rejects.toBe(failure)
    const { rows } = await client.query('SELECT id FROM things')
    expect(rows).toEqual([{ id: 1 }])
    await client.query('ROLLBACK')
  } finally {
    client.release()
  }
  expect(await ids()).toEqual([])
})
