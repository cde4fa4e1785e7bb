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

describe.each(Object.entries(ways))('a transaction of %s', (_name, withDatabase) => {
  it('is not said to be committed once PostgreSQL has aborted it, whatever the work catches', async () => {
    await withDatabase(async (database) => {
      const swallowing = database.transaction(async (transaction) => {
        await transaction.run(insert(1))
        await transaction.run(insert(1)).catch(() => undefined)
        return 'done'
      })
      await expect(swallowing).rejects.toThrow('duplicate key')
      await database.transaction(async (transaction) => {
        await transaction.run(insert(2))
        const inner = transaction.transaction(async (within) => {
          await within.run(insert(2)).catch(() => undefined)
        })
        await expect(inner).rejects.toThrow('duplicate key')
        await transaction.run(insert(3))
      })
    })
    expect(await ids()).toEqual([2, 3])
  })

  it('is over when it has ended: nothing more is done in it, on a connection that is others’', async () => {
    await withDatabase(async (database) => {
      let kept: SqlDatabase | undefined
      await database.transaction(async (transaction) => {
        kept = transaction
        await transaction.run(insert(1))
      })
      await expect(kept?.run(insert(2))).rejects.toThrow('has ended')
      await expect(kept?.transaction(async () => 1)).rejects.toThrow('has ended')
      let forgotten: Promise<unknown> | undefined
      const failing = database.transaction(async (transaction) => {
        forgotten = new Promise((resolve) => setImmediate(resolve)).then(async () =>
          transaction.run(insert(3)),
        )
        forgotten.catch(() => undefined)
        throw failure
      })
      await expect(failing).rejects.toBe(failure)
      await expect(forgotten).rejects.toThrow('has ended')
    })
    expect(await ids()).toEqual([1])
  })

  it('is rolled back if something in it was not awaited', async () => {
    await withDatabase(async (database) => {
      let forgotten: Promise<unknown> | undefined
      const committing = database.transaction(async (transaction) => {
        forgotten = transaction.transaction(async (inner) => {
          await inner.run(insert(1))
          await new Promise((resolve) => setTimeout(resolve, 20))
          await inner.run(insert(2))
        })
        forgotten.catch(() => undefined)
      })
      await expect(committing).rejects.toThrow('await')
      await expect(forgotten).rejects.toThrow('has ended')
    })
    expect(await ids()).toEqual([])
  })

  it('takes turns with others, and with statements, within it', async () => {
    await withDatabase(async (database) => {
      await database.transaction(async (transaction) => {
        const outcomes = await Promise.allSettled([
          transaction.transaction(async (inner) => {
            await inner.run(insert(1))
            await new Promise((resolve) => setTimeout(resolve, 20))
            throw failure
          }),
          transaction.transaction(async (inner) => inner.run(insert(2))),
          transaction.run(insert(3)),
        ])
        expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
      })
    })
    expect(await ids()).toEqual([2, 3])
  })

  it('says that it would wait for itself', async () => {
    await withDatabase(async (database) => {
      const outer = database.transaction(async (transaction) => {
        await transaction.transaction(async () => transaction.run(insert(1)))
      })
      await expect(outer).rejects.toMatchObject({ code: 'ERR_REFUSED_QUERY' })
      await database.run(insert(2))
    })
    expect(await ids()).toEqual([2])
  })
})

describe.each(Object.entries(ways).slice(1))('%s', (_name, withDatabase) => {
  it('does not let the statements of others fall into a transaction', async () => {
    await withDatabase(async (database) => {
      let hasBegun: (() => void) | undefined
      const begun = new Promise<void>((resolve) => (hasBegun = resolve))
      const failing = database.transaction(async (transaction) => {
        await transaction.run(insert(1))
        hasBegun?.()
        await new Promise((resolve) => setTimeout(resolve, 20))
        throw failure
      })
      failing.catch(() => undefined)
      await begun
      await database.run(insert(2))
      await expect(failing).rejects.toBe(failure)
    })
    expect(await ids()).toEqual([2])
  })

  it('is refused in the work of its own transaction, which would wait for ever', async () => {
    await withDatabase(async (database) => {
      const expected = { code: 'ERR_REFUSED_QUERY' }
      let later: Promise<unknown> | undefined
      await database.transaction(async () => {
        await expect(database.run(insert(1))).rejects.toMatchObject(expected)
        await expect(database.transaction(async () => 1)).rejects.toMatchObject(expected)
        later = new Promise((resolve) => setTimeout(resolve, 50)).then(async () =>
          database.run(insert(2)),
        )
      })
      // Begun in it, but when it is over.
      await later
    })
    expect(await ids()).toEqual([2])
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
