import type { SqlDialect, Statement } from '../database/database.ts'
import { SqlText, padded } from '../database/sql-text.ts'
import type { Plan } from './plan.ts'

/** A row, or the part of one, as the driver returns it. */
export type Row = Readonly<Record<string, unknown>>

/** The statements of a plan in one dialect. No value is ever in their text, and no plaintext is in their values. */
export class Statements {
  readonly #plan: Plan
  readonly #dialect: SqlDialect
  readonly #collations: ReadonlyMap<string, string>
  readonly #table: string
  readonly #keyNames: readonly string[]

  /** `collations` are those of the parts of the primary key that need one said, as `keyCollations` has them. */
  constructor(plan: Plan, dialect: SqlDialect, collations: ReadonlyMap<string, string>) {
    this.#plan = plan
    this.#dialect = dialect
    this.#collations = collations
    this.#table = dialect.quote(plan.table.name)
    this.#keyNames = Object.keys(plan.table.primaryKey)
  }

  /** The keys of the next rows that there is something to do with, in the order of the primary key. */
  nextKeys(after: Row | undefined): Statement {
    const text = new SqlText(this.#dialect)
    const conditions = [this.#hasWork(), ...(after ? [this.#isAfter(after, text)] : [])]
    return text.statement(
      `SELECT ${this.#list(this.#keyNames)} FROM ${this.#table} WHERE ${conditions.join(' AND ')} ` +
        `ORDER BY ${this.#list(this.#keyNames)} LIMIT ${this.#plan.batchSize}`,
    )
  }

  /**
   * Reads rows, and keeps them from changing until the transaction ends. In one order, so that two of these do not
   * wait for each other. In MySQL this also reads what is there now, whatever the isolation level.
   */
  lockRows(keys: readonly Row[]): Statement {
    const text = new SqlText(this.#dialect)
    const names = this.#plan.columns.flatMap(({ column: { name, index }, plaintext }) => [
      name,
      ...(index ? [index.column] : []),
      ...(plaintext ? [plaintext.column] : []),
    ])
    return text.statement(
      `SELECT ${this.#list([...this.#keyNames, ...names])} FROM ${this.#table} ` +
        `WHERE ${this.#isOneOf(keys, text)} ORDER BY ${this.#list(this.#keyNames)} FOR UPDATE`,
    )
  }

  /** Sets columns of one row, if those of `stillNull` are NULL as they were. */
  setColumns(key: Row, changes: Row, stillNull: readonly string[]): Statement {
    const text = new SqlText(this.#dialect)
    const sets = Object.entries(changes).map(
      ([name, value]) => `${this.#dialect.quoteColumn(name)} = ${text.value(value, name)}`,
    )
    const conditions = [
      this.#isOneOf([key], text),
      ...stillNull.map((name) => `${this.#dialect.quoteColumn(name)} IS NULL`),
    ]
    return text.statement(
      `UPDATE ${this.#table} SET ${sets.join(', ')} WHERE ${conditions.join(' AND ')}`,
    )
  }

  clearPlaintexts(keys: readonly Row[]): Statement {
    const text = new SqlText(this.#dialect)
    const sets = this.plaintexts.map((name) => `${this.#dialect.quoteColumn(name)} = NULL`)
    return text.statement(
      `UPDATE ${this.#table} SET ${sets.join(', ')} WHERE ${this.#isOneOf(keys, text)}`,
    )
  }

  /** A row, if there is one that has plaintext left: if it is to be kept, only such that is not encrypted. */
  leftOver(): Statement {
    const conditions = this.#plan.columns.flatMap(({ column, plaintext }) => {
      if (!plaintext) return []
      const isLeft = `${this.#dialect.quoteColumn(plaintext.column)} IS NOT NULL`
      return this.#plan.clear
        ? isLeft
        : `(${isLeft} AND ${this.#dialect.quoteColumn(column.name)} IS NULL)`
    })
    return { text: `SELECT 1 AS one FROM ${this.#table} WHERE ${conditions.join(' OR ')} LIMIT 1` }
  }

  dropPlaintexts(): Statement {
    const drops = this.plaintexts.map((name) => `DROP COLUMN ${this.#dialect.quoteColumn(name)}`)
    return { text: `ALTER TABLE ${this.#table} ${drops.join(', ')}` }
  }

  /** Keeps everybody else from the table. In PostgreSQL for the transaction, in MySQL until it is unlocked. */
  lockTable(): readonly Statement[] {
    if (this.#dialect.name === 'mysql') return [{ text: `LOCK TABLES ${this.#table} WRITE` }]
    return [
      // So that what is read under the lock is what is there then, and not what was there before it.
      { text: 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED' },
      { text: `LOCK TABLE ${this.#table} IN ACCESS EXCLUSIVE MODE` },
    ]
  }

  /** What ends the lock, unless the end of the transaction does. */
  unlockTable(): Statement | undefined {
    return this.#dialect.name === 'mysql' ? { text: 'UNLOCK TABLES' } : undefined
  }

  get plaintexts(): string[] {
    return this.#plan.columns.flatMap(({ plaintext }) => (plaintext ? [plaintext.column] : []))
  }

  #hasWork(): string {
    const names = this.#plan.columns.flatMap(({ column: { name, index }, plaintext }) =>
      plaintext ? [plaintext.column] : [name, ...(index ? [index.column] : [])],
    )
    return `(${names.map((name) => `${this.#dialect.quoteColumn(name)} IS NOT NULL`).join(' OR ')})`
  }

  /** Written out: MySQL finds no place in an index by (a, b) > (1, 2), but does by the first comparison of these. */
  #isAfter(key: Row, text: SqlText): string {
    const compare = (name: string, operator: string) =>
      `${this.#dialect.quoteColumn(name)} ${operator} ${this.#bindKey(key, name, text)}`
    const [first = '', ...rest] = this.#keyNames
    if (rest.length === 0) return compare(first, '>')
    const atLeast = compare(first, '>=')
    const steps = this.#keyNames.map((name, position) =>
      [
        ...this.#keyNames.slice(0, position).map((before) => compare(before, '=')),
        compare(name, '>'),
      ].join(' AND '),
    )
    return `${atLeast} AND (${steps.map((step) => `(${step})`).join(' OR ')})`
  }

  #isOneOf(keys: readonly Row[], text: SqlText): string {
    const rows = padded(keys).map((key) => {
      const parts = this.#keyNames.map((name) => this.#bindKey(key, name, text)).join(', ')
      return this.#keyNames.length === 1 ? parts : `(${parts})`
    })
    const names = this.#list(this.#keyNames)
    return `${this.#keyNames.length === 1 ? names : `(${names})`} IN (${rows.join(', ')})`
  }

  #list(names: readonly string[]): string {
    return names.map((name) => this.#dialect.quoteColumn(name)).join(', ')
  }

  #bindKey(key: Row, name: string, text: SqlText): string {
    const placeholder = text.value(key[name], name)
    const collation = this.#collations.get(name)
    if (collation === undefined) return placeholder
    const [charset = ''] = collation.split('_')
    return `CONVERT(${placeholder} USING ${charset}) COLLATE ${collation}`
  }
}
