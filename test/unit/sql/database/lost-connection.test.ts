import mysql from 'mysql2/promise'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import type { SqlDatabase } from '../../../../src/sql/database/database.ts'
import { mysqlDatabase } from '../../../../src/sql/database/mysql-database.ts'
import { pgDatabase } from '../../../../src/sql/database/pg-database.ts'
import { mariadbUrl, postgresUrl } from '../../../support/sql/databases.ts'

// Only where real servers run: an embedded one ends no connection.

const moment = async () => new Promise((resolve) => setTimeout(resolve, 100))

/** A transaction whose connection somebody ends while it waits, for example for KMS. */
async function lose(database: SqlDatabase, whoAmI: string, end: (id: unknown) => Promise<unknown>) {
  const losing = database.transaction(async (transaction) => {
    const { rows } = await transaction.run({ text: whoAmI })
    await end(rows[0]?.['id'])
    await moment()
    await transaction.run({ text: 'SELECT 2 AS id' })
  })
  await expect(losing).rejects.toThrow()
  const { rows } = await database.transaction(async (transaction) =>
    transaction.run({ text: 'SELECT 2 AS id' }),
  )
  expect(rows).toMatchObject([{ id: 2 }])
}

describe.skipIf(postgresUrl() === undefined)('PostgreSQL', () => {
  const pool = new pg.Pool({ connectionString: postgresUrl(), max: 2 })
  afterAll(async () => pool.end())

  it('goes on after a connection was lost in a transaction', async () => {
    await lose(pgDatabase(pool), 'SELECT pg_backend_pid() AS id', async (id) =>
      pool.query('SELECT pg_terminate_backend($1)', [id]),
    )
  })
})

describe.skipIf(mariadbUrl() === undefined)('MariaDB', () => {
  const pool = mysql.createPool({ uri: mariadbUrl() ?? 'mysql://127.0.0.1', connectionLimit: 2 })
  afterAll(async () => pool.end())

  it('goes on after a connection was lost in a transaction', async () => {
    await lose(mysqlDatabase(pool), 'SELECT CONNECTION_ID() AS id', async (id) =>
      pool.query(`KILL ${String(id)}`),
    )
  })

  it('says what another transaction is in the way of, and undoes all of this one', async () => {
    const database = mysqlDatabase(pool)
    await pool.query(
      'CREATE OR REPLACE TABLE waxseal_locks (id integer PRIMARY KEY, by_whom integer)',
    )
    await pool.query('INSERT INTO waxseal_locks VALUES (1, 0), (2, 0)')
    const update = (id: number, by: number) => ({
      text: 'UPDATE waxseal_locks SET by_whom = ? WHERE id = ?',
      values: [by, id],
    })
    const both = (first: number, second: number) =>
      database.transaction(async (transaction) => {
        await transaction.run(update(first, first))
        await moment()
        // What the work catches does not help: MySQL has undone the first update, too.
        await transaction.run(update(second, first)).catch(() => undefined)
      })
    const outcomes = await Promise.allSettled([both(1, 2), both(2, 1)])
    const failed = outcomes.filter(({ status }) => status === 'rejected')
    expect(failed).toHaveLength(1)
    expect(
      failed.every((one) => 'reason' in one && database.dialect.isContention(one.reason)),
    ).toBe(true)
    const [rows] = await pool.query<mysql.RowDataPacket[]>(
      'SELECT DISTINCT by_whom FROM waxseal_locks',
    )
    expect(rows).toHaveLength(1)
    await pool.query('DROP TABLE waxseal_locks')
  })
})
