import { hasMethods } from '../../checks.ts'
import { InvalidArgumentError } from '../../errors.ts'
import type { SqlDatabase, Statement, StatementResult } from './database.ts'
import { isMissingSavepoint, mysql } from './dialects.ts'
import { type Connection, inOwnersTransaction, inTransaction } from './transactions.ts'
import { queueOf } from './queue.ts'

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
 * A pool or a connection of mysql2/promise. Of a connection it takes care that nothing else is done while a
 * transaction is at work; one that the connection is in already is not ended: what would be a transaction is then a
 * savepoint.
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
  const connection = connectionOf(client)
  if (isPool(client)) {
    const transaction: SqlDatabase['transaction'] = (work, last) => inPool(client, work, last)
    return { ...connection, read: async (statement) => connection.run(statement), transaction }
  }
  const queue = queueOf(client)
  return {
    dialect: mysql,
    run: (statement) => queue.take(() => connection.run(statement)),
    read: async (statement) => connection.run(statement),
    transaction: (work, last) => queue.hold(() => inConnection(client, work, last)),
  }
}

type Work<Result> = (database: SqlDatabase) => Promise<Result>

async function inPool<Result>(
  pool: MySqlPool,
  work: Work<Result>,
  last?: Statement,
): Promise<Result> {
  const connection = await pool.getConnection()
  let giveBack = () => connection.release()
  const destroy = () => {
    giveBack = () => connection.destroy()
  }
  try {
    return await inTransaction(connectionOf(connection), work, destroy)
  } finally {
    if (last) await run(connection, last).catch(destroy)
    giveBack()
  }
}

async function inConnection<Result>(
  client: MySqlConnection,
  work: Work<Result>,
  last?: Statement,
): Promise<Result> {
  const connection = connectionOf(client)
  const savepoint = 'waxseal'
  try {
    // Outside of a transaction a savepoint is gone at once. BEGIN would commit one that is under way.
    await connection.run({ text: `SAVEPOINT ${savepoint}` })
    await connection.run({ text: `ROLLBACK TO SAVEPOINT ${savepoint}` })
  } catch (error) {
    if (!isMissingSavepoint(error)) throw error
    try {
      // The connection is its owner's: whether to end it is not ours to say.
      return await inTransaction(connection, work, () => undefined)
    } finally {
      if (last) await run(client, last).catch(() => undefined)
    }
  }
  return await inOwnersTransaction(connection, savepoint, work)
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
