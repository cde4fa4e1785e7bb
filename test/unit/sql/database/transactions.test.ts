import { describe, expect, it } from 'vitest'
import type { SqlDatabase } from '../../../../src/sql/database/database.ts'
import { mysqlDatabase } from '../../../../src/sql/database/mysql-database.ts'
import { pgDatabase } from '../../../../src/sql/database/pg-database.ts'

/** Pools that note what they are sent, and fail at what they are told to. */
class Notes {
  readonly sent: string[] = []
  readonly #failures: Readonly<Record<string, object>>

  constructor(failures: Readonly<Record<string, object>>) {
    this.#failures = failures
  }

  send(text: string): void {
    this.sent.push(text)
    const failure = Object.hasOwn(this.#failures, text) ? this.#failures[text] : undefined
    if (failure) throw Object.assign(new Error(`failed: ${text}`), failure)
  }

  pg(): SqlDatabase {
    const query = async (text: string) => {
      this.send(text)
      return { rows: [], rowCount: 0 }
    }
    const release = (destroy = false) => {
      this.sent.push(destroy ? 'destroyed' : 'released')
    }
    return pgDatabase({ query, totalCount: 1, connect: async () => ({ query, release }) })
  }

  mysql(): SqlDatabase {
    const query = async (text: string): Promise<[unknown, unknown]> => {
      this.send(text)
      return [{ affectedRows: 0 }, undefined]
    }
    const release = () => void this.sent.push('released')
    const destroy = () => void this.sent.push('destroyed')
    const getConnection = async () => ({ query, execute: query, release, destroy })
    return mysqlDatabase({ query, execute: query, getConnection })
  }
}

const failure = new Error('what the work failed with')
const fail = async () => {
  throw failure
}

describe.each(['pg', 'mysql'] as const)('a transaction of a pool of %s', (driver) => {
  it('gives the connection back when it is over', async () => {
    const notes = new Notes({})
    await notes[driver]().transaction(async (transaction) => transaction.run({ text: 'A' }))
    expect(notes.sent).toEqual(['BEGIN', 'A', 'COMMIT', 'released'])
  })

  it('rolls back, and gives the connection back', async () => {
    const notes = new Notes({})
    await expect(notes[driver]().transaction(fail)).rejects.toBe(failure)
    expect(notes.sent).toEqual(['BEGIN', 'ROLLBACK', 'released'])
  })

  it('destroys a connection that cannot roll back, and keeps the first error', async () => {
    const notes = new Notes({ ROLLBACK: {} })
    await expect(notes[driver]().transaction(fail)).rejects.toBe(failure)
    expect(notes.sent).toEqual(['BEGIN', 'ROLLBACK', 'destroyed'])
  })

  it('says that it could not be committed', async () => {
    const notes = new Notes({ COMMIT: {} })
    const committing = notes[driver]().transaction(async () => 'done')
    await expect(committing).rejects.toThrow('failed: COMMIT')
    expect(notes.sent).toEqual(['BEGIN', 'COMMIT', 'ROLLBACK', 'released'])
  })

  it('commits nothing once a savepoint could not be rolled back to, whatever the work catches', async () => {
    const notes = new Notes({ 'ROLLBACK TO SAVEPOINT waxseal_0': {} })
    const outer = notes[driver]().transaction(async (transaction) => {
      await transaction.transaction(fail).catch(() => undefined)
      await transaction.run({ text: 'B' }).catch(() => undefined)
    })
    await expect(outer).rejects.toBe(failure)
    expect(notes.sent).not.toContain('B')
    expect(notes.sent).not.toContain('COMMIT')
  })
})

it('runs nothing more in a transaction that MySQL has rolled back for a deadlock', async () => {
  const notes = new Notes({ A: { code: 'ER_LOCK_DEADLOCK' } })
  const outer = notes.mysql().transaction(async (transaction) => {
    const inner = transaction.transaction(async (database) => database.run({ text: 'A' }))
    await inner.catch(() => undefined)
    await transaction.run({ text: 'B' }).catch(() => undefined)
  })
  await expect(outer).rejects.toThrow('failed: A')
  expect(notes.sent).toEqual(['BEGIN', 'SAVEPOINT waxseal_0', 'A', 'ROLLBACK', 'released'])
})

it('commits nothing after a row was locked for too long: MySQL may have rolled it all back', async () => {
  const notes = new Notes({ A: { code: 'ER_LOCK_WAIT_TIMEOUT' } })
  const outer = notes.mysql().transaction(async (transaction) => {
    await transaction.run({ text: 'A' }).catch(() => undefined)
  })
  await expect(outer).rejects.toThrow('failed: A')
  expect(notes.sent).toEqual(['BEGIN', 'A', 'ROLLBACK', 'released'])
})

it('does not call it contention, to be repeated, if MySQL has rolled back what the owner had done', async () => {
  const notes = new Notes({ A: { code: 'ER_LOCK_DEADLOCK' } })
  const query = async (text: string): Promise<[unknown, unknown]> => {
    notes.send(text)
    return [{ affectedRows: 0 }, undefined]
  }
  const database = mysqlDatabase({ query, execute: query })
  const error: unknown = await database
    .transaction(async (transaction) => transaction.run({ text: 'A' }))
    .catch((cause: unknown) => cause)
  expect(String(error)).toContain('lost')
  expect(database.dialect.isContention(error)).toBe(false)
  expect(notes.sent.at(-1)).toBe('A')
})

it('says that PostgreSQL has answered a COMMIT by a ROLLBACK', async () => {
  const sent: string[] = []
  const query = async (text: string) => {
    sent.push(text)
    if (text === 'SAVEPOINT waxseal') throw Object.assign(new Error('none'), { code: '25P01' })
    return { rows: [], command: text === 'COMMIT' ? 'ROLLBACK' : text }
  }
  await expect(pgDatabase({ query }).transaction(async () => 1)).rejects.toThrow('rolled')
})

it('reads keys without waiting for the transaction that waits for them', async () => {
  const query = async () => ({ rows: [{ key: 1 }] })
  const database = pgDatabase({ query })
  const read = await database.transaction(async () => database.read({ text: 'SELECT key' }))
  expect(read.rows).toEqual([{ key: 1 }])
})

it('does not begin a second transaction where it cannot be known whether there is one', async () => {
  const text = 'SAVEPOINT waxseal'
  const notes = new Notes({ [text]: { code: '25P02' } })
  const query = async (sql: string) => {
    notes.send(sql)
    return { rows: [] }
  }
  await expect(pgDatabase({ query }).transaction(fail)).rejects.toThrow(text)
  expect(notes.sent).toEqual([text])
})

it.each([undefined, null, {}, 'postgres://', { query: 1 }])('refuses %j as a client', (client) => {
  expect(() => pgDatabase(client as never)).toThrow('client')
  expect(() => mysqlDatabase(client as never)).toThrow('client')
})

it('refuses a pool with callbacks', () => {
  const method = () => undefined
  const pool = { query: method, execute: method, promise: method }
  expect(() => mysqlDatabase(pool as never)).toThrow('client.promise()')
})
