import type { SqlDatabase, SqlDialect, Statement, StatementResult } from './database.ts'

/** One connection: a statement without values is sent as text, since not all can be prepared. */
export interface Connection {
  readonly dialect: SqlDialect
  run(statement: Statement): Promise<StatementResult>
}

/** A transaction that has begun. What is to become of it, its caller says. */
export class Transaction implements SqlDatabase {
  readonly dialect: SqlDialect
  readonly #connection: Connection
  readonly #depth: number
  readonly #parent: Transaction | undefined
  #lost: { readonly cause: unknown } | undefined

  constructor(connection: Connection, depth = 0, parent?: Transaction) {
    this.dialect = connection.dialect
    this.#connection = connection
    this.#depth = depth
    this.#parent = parent
  }

  async run(statement: Statement): Promise<StatementResult> {
    this.checkNotLost()
    try {
      return await this.#connection.run(statement)
    } catch (error) {
      // MySQL has then rolled back the transaction, and would run what follows outside of any.
      if (this.dialect.name === 'mysql' && this.dialect.isContention(error)) this.#lose(error)
      throw error
    }
  }

  async transaction<Result>(work: (database: SqlDatabase) => Promise<Result>): Promise<Result> {
    const savepoint = `waxseal_${this.#depth}`
    await this.run({ text: `SAVEPOINT ${savepoint}` })
    return await this.within(savepoint, work)
  }

  /** `work` after a savepoint, which is released or rolled back to. */
  async within<Result>(
    savepoint: string,
    work: (database: SqlDatabase) => Promise<Result>,
  ): Promise<Result> {
    const inner = new Transaction(this.#connection, this.#depth + 1, this)
    try {
      const result = await work(inner)
      inner.checkNotLost()
      await this.run({ text: `RELEASE SAVEPOINT ${savepoint}` })
      return result
    } catch (error) {
      try {
        if (!this.#lost) await this.run({ text: `ROLLBACK TO SAVEPOINT ${savepoint}` })
      } catch {
        // What was to be undone may still be there: no part of the transaction may be committed.
        this.#lose(error)
      }
      throw error
    }
  }

  /** Throws what the transaction was lost by, so that nothing more is written, and nothing is committed. */
  checkNotLost(): void {
    if (this.#lost) throw this.#lost.cause
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
  work: (database: SqlDatabase) => Promise<Result>,
  destroy: () => void,
): Promise<Result> {
  const transaction = new Transaction(connection)
  try {
    await connection.run({ text: 'BEGIN' })
    const result = await work(transaction)
    transaction.checkNotLost()
    await connection.run({ text: 'COMMIT' })
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

const turns = new WeakMap<object, Promise<unknown>>()

/** `task` once all others of the same connection are done: it can have one transaction at a time. */
export async function inTurn<Result>(
  connection: object,
  task: () => Promise<Result>,
): Promise<Result> {
  const before = turns.get(connection) ?? Promise.resolve()
  const turn = before.then(task, task)
  turns.set(connection, turn)
  return await turn
}
