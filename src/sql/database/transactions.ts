import { EnvelopeError, RefusedQueryError } from '../../errors.ts'
import type { SqlDatabase, SqlDialect, Statement, StatementResult } from './database.ts'
import { isLockTimeout } from './dialects.ts'
import { Queue } from './queue.ts'

/** One connection: a statement without values is sent as text, since not all can be prepared. */
export interface Connection {
  readonly dialect: SqlDialect
  run(statement: Statement): Promise<StatementResult & { readonly command?: unknown }>
}

type Work<Result> = (database: SqlDatabase) => Promise<Result>

/** A transaction that has begun. What is to become of it, its caller says. */
export class Transaction implements SqlDatabase {
  readonly dialect: SqlDialect
  readonly #connection: Connection
  readonly #depth: number
  readonly #parent: Transaction | undefined
  /** While a transaction is within it, statements wait: they would be rolled back with it. */
  readonly #queue = new Queue()
  #hasEnded = false
  #lost: { readonly cause: unknown } | undefined
  #firstError: { readonly cause: unknown } | undefined

  constructor(connection: Connection, depth = 0, parent?: Transaction) {
    this.dialect = connection.dialect
    this.#connection = connection
    this.#depth = depth
    this.#parent = parent
  }

  async run(statement: Statement): Promise<StatementResult> {
    return await this.#queue.take(() => this.#send(statement))
  }

  async read(statement: Statement): Promise<StatementResult> {
    return await this.run(statement)
  }

  async transaction<Result>(work: Work<Result>): Promise<Result> {
    return await this.#queue.hold(async () => {
      const savepoint = `waxseal_${this.#depth}`
      await this.#send({ text: `SAVEPOINT ${savepoint}` })
      return await this.within(savepoint, work)
    })
  }

  /** `work` after a savepoint, which is released or rolled back to. */
  async within<Result>(savepoint: string, work: Work<Result>): Promise<Result> {
    const inner = new Transaction(this.#connection, this.#depth + 1, this)
    try {
      const result = await inner.complete(work)
      await this.#send({ text: `RELEASE SAVEPOINT ${savepoint}` })
      return result
    } catch (error) {
      try {
        if (!this.#lost) await this.#connection.run({ text: `ROLLBACK TO SAVEPOINT ${savepoint}` })
      } catch {
        // What was to be undone may still be there: no part of the transaction may be committed.
        this.#lose(error)
      }
      throw error
    }
  }

  /**
   * The work of this transaction, after which it takes no more: the connection is then somebody else's.
   *
   * @throws what the transaction was lost by, so that nothing of it is committed, whatever the work has caught.
   */
  async complete<Result>(work: Work<Result>): Promise<Result> {
    let result: Result
    try {
      result = await work(this)
    } finally {
      this.#hasEnded = true
    }
    // A part of it would be committed, and the rest not.
    if (this.#queue.isBusy) throw endedEarly()
    if (this.#lost) throw this.#lost.cause
    await this.#checkNotAborted()
    return result
  }

  async #send(statement: Statement): Promise<StatementResult> {
    this.#checkNotEnded()
    if (this.#lost) throw this.#lost.cause
    try {
      return await this.#connection.run(statement)
    } catch (error) {
      this.#firstError ??= { cause: error }
      // MySQL has then rolled back the transaction (for a timeout, if it is so set), and would run what follows
      // outside of any.
      const { name } = this.dialect
      if (name === 'mysql' && (this.dialect.isContention(error) || isLockTimeout(error))) {
        this.#lose(error)
      }
      throw error
    }
  }

  #checkNotEnded(): void {
    if (this.#hasEnded) throw endedEarly()
    if (this.#parent) this.#parent.#checkNotEnded()
  }

  /** PostgreSQL aborts a transaction for any error, and then takes a COMMIT for a ROLLBACK, without an error. */
  async #checkNotAborted(): Promise<void> {
    if (!this.#firstError || this.dialect.name !== 'postgresql') return
    try {
      await this.#connection.run({ text: 'SELECT 1' })
    } catch {
      throw this.#firstError.cause
    }
  }

  get isLost(): boolean {
    return this.#lost !== undefined
  }

  #lose(cause: unknown): void {
    this.#lost ??= { cause }
    if (this.#parent) this.#parent.#lose(cause)
  }
}

/**
 * `work` in a transaction of a connection that has none. `destroy` is called when it cannot be said what became of
 * the transaction, so that nobody else gets this connection.
 */
export async function inTransaction<Result>(
  connection: Connection,
  work: Work<Result>,
  destroy: () => void,
): Promise<Result> {
  const transaction = new Transaction(connection)
  try {
    await connection.run({ text: 'BEGIN' })
    const result = await transaction.complete(work)
    const { command } = await connection.run({ text: 'COMMIT' })
    if (command === 'ROLLBACK') throw rolledBack()
    return result
  } catch (error) {
    try {
      await connection.run({ text: 'ROLLBACK' })
    } catch {
      // The first error is the one to report.
      destroy()
    }
    throw error
  }
}

/**
 * `work` after a savepoint in a transaction that the connection is in already. It is its owner's, so that `work` that
 * MySQL has rolled back with all of it must not be taken for work that can be repeated.
 */
export async function inOwnersTransaction<Result>(
  connection: Connection,
  savepoint: string,
  work: Work<Result>,
): Promise<Result> {
  const owners = new Transaction(connection)
  try {
    return await owners.within(savepoint, work)
  } catch (error) {
    if (!owners.isLost || connection.dialect.name !== 'mysql') throw error
    throw new EnvelopeError(
      'ERR_REFUSED_QUERY',
      'The transaction that the connection was in is lost, with all that was done in it: roll it back, and begin anew',
      { cause: error },
    )
  }
}

function endedEarly(): RefusedQueryError {
  return new RefusedQueryError(
    'This transaction has ended while something was still to be done in it: await all that is done in its work, and ' +
      'use its database only there',
    {},
  )
}

function rolledBack(): RefusedQueryError {
  return new RefusedQueryError(
    'PostgreSQL has rolled the transaction back when it was to be committed, for an error before',
    {},
  )
}
