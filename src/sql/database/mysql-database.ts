import { hasMethods } from '../../checks.ts'
import { InvalidArgumentError } from '../../errors.ts'
import type { SqlDatabase, Statement, StatementResult } from './database.ts'
import { isMissingSavepoint, mysql } from './dialects.ts'
import { type Connection, Transaction, inTransaction, inTurn } from './transactions.ts'

// Of mysql2/promise only what is used.

/** A connection of mysql2/promise. */
export interface MySqlConnection {
  /** Sends text, without values. */
  query(sql: string): Promise<[unknown, unknown]>
  /** Prepares the statement and sends the values by themselves. */
  execute(sql: string, values?: never[]): Promise<[unknown, unknown]>
}

/** A connection that a pool of mysql2/promise has lent. */
export interface MySqlPoolConnection extends MySqlConnection {
  release(): void
  destroy(): void
}

/** A pool of mysql2/promise. */
export interface MySqlPool extends MySqlConnection {
  getConnection(): Promise<MySqlPoolConnection>
}

/**
 * A pool or a connection of mysql2/promise. Of a connection it takes care that one transaction is at work at a time;
 * one that the connection is in already is not ended: what would be a transaction is then a savepoint.
 *
 * @throws InvalidArgumentError if it is none of them.
 */
export function mysqlDatabase(client: MySqlPool | MySqlConnection): SqlDatabase {
  if (!hasMethods(client, ['query', 'execute'])) {
    throw new InvalidArgumentError('client', 'client must be a pool or a connection of mysql2')
  }
  if (hasMethods(client, ['promise'])) {
    throw new InvalidArgumentError(
      'client',
      'client must be of mysql2/promise; this one has callbacks: pass client.promise()',
    )
  }
  return {
    ...connectionOf(client),
    transaction: async (work) => {
      if (isPool(client)) return await inPool(client, work)
      return await inTurn(client, () => inConnection(client, work))
    },
  }
}

type Work<Result> = (database: SqlDatabase) => Promise<Result>

async function inPool<Result>(pool: MySqlPool, work: Work<Result>): Promise<Result> {
  const connection = await pool.getConnection()
  let giveBack = () => connection.release()
  try {
    return await inTransaction(connectionOf(connection), work, () => {
      giveBack = () => connection.destroy()
    })
  } finally {
    giveBack()
  }
}

async function inConnection<Result>(client: MySqlConnection, work: Work<Result>): Promise<Result> {
  const connection = connectionOf(client)
  const savepoint = 'waxseal'
  try {
    // Outside of a transaction a savepoint is gone at once. BEGIN would commit one that is under way.
    await connection.run({ text: `SAVEPOINT ${savepoint}` })
    await connection.run({ text: `ROLLBACK TO SAVEPOINT ${savepoint}` })
  } catch (error) {
    if (!isMissingSavepoint(error)) throw error
    // The connection is its owner's: whether to end it is not ours to say.
    return await inTransaction(connection, work, () => undefined)
  }
  return await new Transaction(connection).within(savepoint, work)
}

function connectionOf(client: MySqlConnection): Connection {
  return { dialect: mysql, run: async (statement) => await run(client, statement) }
}

async function run(client: MySqlConnection, { text, values }: Statement): Promise<StatementResult> {
  // Values go prepared: query() would write them into the text, and an object as several.
  const [result] = await (values
    ? client.execute(text, [...values] as never[])
    : client.query(text))
  if (Array.isArray(result)) {
    return { rows: result as Record<string, unknown>[], affectedRows: result.length }
  }
  const { affectedRows, insertId } = result as { affectedRows?: number; insertId?: unknown }
  return { rows: [], affectedRows: affectedRows ?? 0, insertId }
}

function isPool(client: MySqlConnection): client is MySqlPool {
  return hasMethods(client, ['getConnection'])
}
