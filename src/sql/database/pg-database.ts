import { hasMethods } from '../../checks.ts'
import { InvalidArgumentError } from '../../errors.ts'
import type { SqlDatabase, Statement } from './database.ts'
import { isOutsideTransaction, postgresql } from './dialects.ts'
import { type Connection, Transaction, inOwnersTransaction, inTransaction } from './transactions.ts'
import { queueOf } from './queue.ts'

// Of pg and PGlite only what is used, so that neither has to be there, nor be of one version.

/** What pg (`rowCount`) or PGlite (`affectedRows`) returns. */
export interface PgResult {
  rows: unknown[]
  rowCount?: number | null | undefined
  affectedRows?: number | undefined
  /** pg: what was done. */
  command?: string | undefined
}

/** A client of pg, connected. */
export interface PgClient {
  query(text: string, values?: unknown[]): Promise<PgResult>
}

/** A client that a pool of pg has lent. */
export interface PgPoolClient extends PgClient {
  release(destroy?: boolean): void
  on?(event: 'error', listener: () => void): unknown
  off?(event: 'error', listener: () => void): unknown
}

/** A pool of pg. */
export interface PgPool extends PgClient {
  connect(): Promise<PgPoolClient>
  readonly totalCount: number
}

/** A PGlite. */
export interface PgLite extends PgClient {
  transaction<Result>(work: (transaction: PgClient) => Promise<Result>): Promise<Result>
}

/**
 * A pool or a client of pg, or a PGlite. Of a client or a PGlite it takes care that nothing else is done while a
 * transaction is at work; one that the client is in already is not ended: what would be a transaction is then a
 * savepoint.
 *
 * @throws InvalidArgumentError if it is none of them.
 */
export function pgDatabase(client: PgPool | PgClient | PgLite): SqlDatabase {
  if (!hasMethods(client, ['query'])) {
    throw new InvalidArgumentError('client', 'client must be a pool or a client of pg, or a PGlite')
  }
  const connection = connectionOf(client)
  if (!isPgLite(client) && isPool(client)) {
    return {
      ...connection,
      read: async (statement) => connection.run(statement),
      transaction: (work) => inPool(client, work),
    }
  }
  const queue = queueOf(client)
  const run = (statement: Statement) => queue.take(() => connection.run(statement))
  if (isPgLite(client)) {
    // It has a queue of its own, too, which a transaction cannot be passed by.
    const transaction = <Result>(work: Work<Result>) => queue.hold(() => inPgLite(client, work))
    return { dialect: postgresql, run, read: run, transaction }
  }
  return {
    dialect: postgresql,
    run,
    read: async (statement) => connection.run(statement),
    transaction: (work) => queue.hold(() => inClient(client, work)),
  }
}

type Work<Result> = (database: SqlDatabase) => Promise<Result>

async function inPgLite<Result>(client: PgLite, work: Work<Result>): Promise<Result> {
  return await client.transaction(async (inner) =>
    new Transaction(connectionOf(inner)).complete(work),
  )
}

async function inPool<Result>(pool: PgPool, work: Work<Result>): Promise<Result> {
  const client = await pool.connect()
  // Nobody else listens while it is lent, and an error without a listener ends the process. The next query says it.
  const onError = () => undefined
  client.on?.('error', onError)
  let destroyed = false
  try {
    return await inTransaction(connectionOf(client), work, () => (destroyed = true))
  } finally {
    client.off?.('error', onError)
    client.release(destroyed)
  }
}

async function inClient<Result>(client: PgClient, work: Work<Result>): Promise<Result> {
  const connection = connectionOf(client)
  const savepoint = 'waxseal'
  try {
    await connection.run({ text: `SAVEPOINT ${savepoint}` })
  } catch (error) {
    if (!isOutsideTransaction(error)) throw error
    // The client is its owner's: whether to end it is not ours to say.
    return await inTransaction(connection, work, () => undefined)
  }
  return await inOwnersTransaction(connection, savepoint, work)
}

function connectionOf(client: PgClient): Connection {
  return { dialect: postgresql, run: async (statement) => await run(client, statement) }
}

async function run(client: PgClient, { text, values }: Statement) {
  const result = await (values ? client.query(text, [...values]) : client.query(text))
  return {
    rows: result.rows as Record<string, unknown>[],
    affectedRows: result.rowCount ?? result.affectedRows ?? 0,
    command: result.command,
  }
}

function isPgLite(client: PgClient): client is PgLite {
  return hasMethods(client, ['transaction'])
}

/** A client of pg can connect as well, but counts no clients. */
function isPool(client: PgClient): client is PgPool {
  return hasMethods(client, ['connect']) && typeof Reflect.get(client, 'totalCount') === 'number'
}
