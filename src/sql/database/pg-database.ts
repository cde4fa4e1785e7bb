import { hasMethods } from '../../checks.ts'
import { InvalidArgumentError } from '../../errors.ts'
import type { SqlDatabase, Statement, StatementResult } from './database.ts'
import { isOutsideTransaction, postgresql } from './dialects.ts'
import { type Connection, Transaction, inTransaction, inTurn } from './transactions.ts'

// Of pg and PGlite only what is used, so that neither has to be there, nor be of one version.

/** What pg (`rowCount`) or PGlite (`affectedRows`) returns. */
export interface PgResult {
  rows: unknown[]
  rowCount?: number | null | undefined
  affectedRows?: number | undefined
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
 * A pool or a client of pg, or a PGlite. Of a client it takes care that one transaction is at work at a time; one
 * that the client is in already is not ended: what would be a transaction is then a savepoint.
 *
 * @throws InvalidArgumentError if it is none of them.
 */
export function pgDatabase(client: PgPool | PgClient | PgLite): SqlDatabase {
  if (!hasMethods(client, ['query'])) {
    throw new InvalidArgumentError('client', 'client must be a pool or a client of pg, or a PGlite')
  }
  return {
    ...connectionOf(client),
    transaction: async (work) => {
      if (isPgLite(client)) return await inPgLite(client, work)
      if (isPool(client)) return await inPool(client, work)
      return await inTurn(client, () => inClient(client, work))
    },
  }
}

type Work<Result> = (database: SqlDatabase) => Promise<Result>

async function inPgLite<Result>(client: PgLite, work: Work<Result>): Promise<Result> {
  return await client.transaction(async (inner) => {
    const transaction = new Transaction(connectionOf(inner))
    const result = await work(transaction)
    transaction.checkNotLost()
    return result
  })
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
  return await new Transaction(connection).within(savepoint, work)
}

function connectionOf(client: PgClient): Connection {
  return { dialect: postgresql, run: async (statement) => await run(client, statement) }
}

async function run(client: PgClient, { text, values }: Statement): Promise<StatementResult> {
  const result = await (values ? client.query(text, [...values]) : client.query(text))
  return {
    rows: result.rows as Record<string, unknown>[],
    affectedRows: result.rowCount ?? result.affectedRows ?? 0,
  }
}

function isPgLite(client: PgClient): client is PgLite {
  return hasMethods(client, ['transaction'])
}

/** A client of pg can connect as well, but counts no clients. */
function isPool(client: PgClient): client is PgPool {
  return hasMethods(client, ['connect']) && typeof Reflect.get(client, 'totalCount') === 'number'
}
