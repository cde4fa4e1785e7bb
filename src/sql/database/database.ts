/** A statement with values for its placeholders, which are those of the dialect. */
export interface Statement {
  readonly text: string
  readonly values?: readonly unknown[]
}

/** What a database said to a statement. */
export interface StatementResult {
  /** The rows, if it has any, by column name. */
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  /** How many rows were inserted, changed, matched or deleted. */
  readonly affectedRows: number
  /** MySQL: the number that the database gave to the row, or to the first of several. */
  readonly insertId?: unknown
}

/** In what PostgreSQL and MySQL differ, as far as the adapters have to know. */
export interface SqlDialect {
  readonly name: 'postgresql' | 'mysql'
  /** A table's or column's name, quoted; a dot in it separates a schema. */
  quote(identifier: string): string
  /** A column's name, quoted; a dot is part of it. For names that an application may have got from elsewhere. */
  quoteColumn(column: string): string
  /** The placeholder of the value at this place, from 1 on. */
  placeholder(position: number): string
  /** Whether a driver's error says that there is a row with this key already. */
  isDuplicateKey(error: unknown): boolean
  /** Whether a driver's error says that another transaction was in the way, and all of this one is to be repeated. */
  isContention(error: unknown): boolean
}

/**
 * A database as the adapters use it: a pool or one connection of a driver. Errors of the driver pass as they are.
 */
export interface SqlDatabase {
  readonly dialect: SqlDialect
  run(statement: Statement): Promise<StatementResult>
  /**
   * As `run`, but does not wait for a transaction that is under way on the same connection: that one may wait for what
   * is read, as for a key.
   */
  read(statement: Statement): Promise<StatementResult>
  /**
   * Runs `work` in a transaction of one connection, which is committed when it returns and rolled back when it
   * throws. Within `work` only its own database is to be used. A transaction within one is a savepoint.
   *
   * MySQL, not of a savepoint: `last` is run when the transaction has ended, however it did, before anybody else gets
   * the connection. Locks of tables outlive a transaction.
   */
  transaction<Result>(
    work: (database: SqlDatabase) => Promise<Result>,
    last?: Statement,
  ): Promise<Result>
}
