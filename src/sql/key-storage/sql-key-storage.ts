import { EnvelopeError, InvalidArgumentError, errorName, reasonOf } from '../../errors.ts'
import type {
  BranchKeyChange,
  BranchKeyRecord,
  BranchKeyRecordType,
  KeyStorage,
} from '../../keyrings/hierarchical/storage/key-storage.ts'
import type { SqlDatabase, Statement, StatementResult } from '../database/database.ts'
import { SqlText } from '../database/sql-text.ts'
import { attributesText, checkRecordKey, columns, recordOf } from './sql-records.ts'

/** What the tables of the two databases differ in. */
export interface KeyTable {
  readonly createTable: string
  /** What says of the table how it was made. */
  readonly describe: Statement
  /** What is wrong with the table, by what `describe` returned; `'missing'` if there is none. */
  problemOf(description: StatementResult): string | undefined
  /** Whether a driver's error says that there is no such table. */
  isMissing(error: unknown): boolean
  /** Whether a driver's error says that there is one already. */
  isThere(error: unknown): boolean
  /** Text as its columns have it. */
  readonly text: (value: string) => unknown
}

/** The table as `createTable` found or made it. */
export interface EnsuredKeyTable {
  /** Whether this call has created it; otherwise it was there. */
  readonly created: boolean
}

/** What `PgKeyStorage` and `MySqlKeyStorage` are, once the database is known. */
export class SqlKeyStorage implements KeyStorage {
  readonly name: string
  readonly #database: SqlDatabase
  readonly #table: KeyTable
  readonly #quoted: string

  constructor(database: SqlDatabase, tableName: string, table: KeyTable) {
    this.name = tableName
    this.#database = database
    this.#table = table
    this.#quoted = database.dialect.quote(tableName)
  }

  async createTable(): Promise<EnsuredKeyTable> {
    let created = false
    try {
      if ((await this.#problem()) === 'missing') {
        created = await this.#create()
      }
    } catch (cause) {
      throw this.#failure('could not be created', cause)
    }
    const problem = await this.#problem()
    if (problem === undefined) return { created }
    throw new EnvelopeError(
      'ERR_KEY_STORAGE',
      `The table ${JSON.stringify(this.name)} is no table of branch keys: ${problem}`,
    )
  }

  async read(branchKeyId: string, type: BranchKeyRecordType): Promise<BranchKeyRecord | undefined> {
    checkRecordKey(branchKeyId, type)
    const [row] = await this.#select([
      [columns.branchKeyId, branchKeyId],
      [columns.type, type],
    ])
    return row && recordOf(branchKeyId, row, this.name)
  }

  async list(branchKeyId: string): Promise<readonly BranchKeyRecord[]> {
    checkRecordKey(branchKeyId, 'branch:ACTIVE')
    const rows = await this.#select([[columns.branchKeyId, branchKeyId]])
    return rows.map((row) => recordOf(branchKeyId, row, this.name))
  }

  /**
   * One transaction. A duplicate key, or a ciphertext that is not there any more, is a conflict; so is another
   * transaction that is in the way (a deadlock, or a failure to serialise), for nothing of this one was then written,
   * and who hears of a conflict reads again and sees how the other one ended.
   */
  async write(changes: readonly BranchKeyChange[]): Promise<'written' | 'conflict'> {
    for (const { record } of changes) checkRecordKey(record.branchKeyId, record.type)
    const { dialect } = this.#database
    try {
      await this.#database.transaction(async (transaction) => {
        for (const change of changes) await this.#make(transaction, change)
      })
      return 'written'
    } catch (cause) {
      if (cause instanceof Conflict) return 'conflict'
      if (dialect.isDuplicateKey(cause) || dialect.isContention(cause)) return 'conflict'
      throw this.#failure('could not be written', cause)
    }
  }

  async #make(transaction: SqlDatabase, { record, replaces }: BranchKeyChange): Promise<void> {
    const { branchKeyId, type, ciphertext, attributes } = columns
    const text = new SqlText(this.#database.dialect)
    const content = [
      [ciphertext, Buffer.from(record.ciphertext)],
      [attributes, this.#table.text(attributesText(record))],
    ] as const
    const key = [
      [branchKeyId, this.#table.text(record.branchKeyId)],
      [type, this.#table.text(record.type)],
    ] as const
    if (!replaces) {
      const all = [...key, ...content]
      const places = all.map(([name, value]) => text.value(value, name))
      await transaction.run(
        text.statement(
          `INSERT INTO ${this.#quoted} (${this.#list(all.map(([name]) => name))}) VALUES (${places.join(', ')})`,
        ),
      )
      return
    }
    const changes = this.#equalities(text, content).join(', ')
    const isThere = this.#equalities(text, [...key, [ciphertext, Buffer.from(replaces)]])
    const { affectedRows } = await transaction.run(
      text.statement(`UPDATE ${this.#quoted} SET ${changes} WHERE ${isThere.join(' AND ')}`),
    )
    if (affectedRows !== 1) throw new Conflict()
  }

  async #select(
    key: readonly (readonly [string, string])[],
  ): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const { type, ciphertext, attributes } = columns
    const text = new SqlText(this.#database.dialect)
    const isIt = this.#equalities(
      text,
      key.map(([name, value]) => [name, this.#table.text(value)]),
    )
    const statement = text.statement(
      `SELECT ${this.#list([type, ciphertext, attributes])} FROM ${this.#quoted} WHERE ${isIt.join(' AND ')}`,
    )
    try {
      return (await this.#database.read(statement)).rows
    } catch (cause) {
      throw this.#failure('could not be read', cause)
    }
  }

  /** What is wrong with the table that is there. */
  async #problem(): Promise<string | undefined> {
    try {
      return this.#table.problemOf(await this.#database.run(this.#table.describe))
    } catch (cause) {
      if (this.#table.isMissing(cause)) return 'missing'
      throw this.#failure('could not be described', cause)
    }
  }

  /** Returns false if somebody else has created it meanwhile. */
  async #create(): Promise<boolean> {
    try {
      await this.#database.run({ text: this.#table.createTable })
      return true
    } catch (cause) {
      // PostgreSQL says a duplicate key when two create it in the same moment.
      if (this.#table.isThere(cause) || this.#database.dialect.isDuplicateKey(cause)) return false
      throw cause
    }
  }

  #equalities(text: SqlText, pairs: readonly (readonly [string, unknown])[]): string[] {
    const { dialect } = this.#database
    return pairs.map(([name, value]) => `${dialect.quoteColumn(name)} = ${text.value(value, name)}`)
  }

  #list(names: readonly string[]): string {
    return names.map((name) => this.#database.dialect.quoteColumn(name)).join(', ')
  }

  #failure(what: string, cause: unknown): EnvelopeError {
    if (EnvelopeError.is(cause)) return cause
    const hint = this.#table.isMissing(cause)
      ? ' (there is no such table: check the name and the database, or create it by createTable())'
      : ''
    return new EnvelopeError(
      'ERR_KEY_STORAGE',
      `The table of branch keys ${JSON.stringify(this.name)} ${what}: ${errorName(cause)}: ${reasonOf(cause)}${hint}`,
      { cause },
    )
  }
}

/** Rolls back. */
class Conflict extends Error {}

export function checkTableName(tableName: unknown): void {
  if (typeof tableName === 'string' && tableName !== '') return
  throw new InvalidArgumentError('tableName', 'tableName must be the name of a table')
}
