import { checkObject, checkOptions, checkSignal, isPlainObject } from '../../checks.ts'
import { InvalidArgumentError, RefusedQueryError, checkNotAborted } from '../../errors.ts'
import { checkCipher } from '../check-cipher.ts'
import type { FieldCipher, FieldOptions } from '../field-cipher.ts'
import { encryptedColumn, refuseKeyChange } from '../lookup.ts'
import { boundKey, showKey } from '../row-key.ts'
import type { AnyTable, DecryptedRow, PlainRow, RowKey } from '../table.ts'
import { checkSpelling, refuseBlindIndex } from './column-names.ts'
import type { SqlDatabase, StatementResult } from './database.ts'
import { insertGenerated } from './generated-key.ts'
import { batchesOf } from './batches.ts'
import { type OnConflict, type StoredValues, checkPrimaryKey, insertBatch } from './insert.ts'
import type {
  GeneratedRow,
  InsertedRow,
  RowChanges,
  SelectOneOptions,
  SelectOptions,
  SelectedColumns,
  SelectedRow,
} from './row-types.ts'
import { type Selection, select } from './select.ts'
import { SqlText } from './sql-text.ts'
import type { Cipher } from './where.ts'

/** Options of `encryptedPg` and `encryptedMysql2`. */
export interface EncryptedDatabaseOptions {
  /** Has the tables, and encrypts and decrypts their values. */
  readonly cipher: FieldCipher
}

/** Options of `insert`. */
export interface InsertOptions extends FieldOptions {
  /**
   * What to do with a row whose primary key is there already: `update` sets the columns that are given, `nothing`
   * leaves it as it is (in MySQL also if another value that must be unique is there). Default: the database's error.
   */
  readonly onConflict?: OnConflict | undefined
}

/**
 * A database with encrypted columns: rows go in and come out as they are, and the database has messages of the AWS
 * Encryption SDK. Names of tables and columns are quoted, and values are always parameters.
 *
 * Whatever goes to an encrypted column is encrypted, or refused; errors of the driver pass as they are.
 */
export class EncryptedDatabase {
  readonly #database: SqlDatabase
  readonly #cipher: Cipher

  /** @internal */
  constructor(database: SqlDatabase, cipher: Cipher) {
    this.#database = database
    this.#cipher = cipher
  }

  /**
   * Inserts a row or many; those that one statement has no room for in a transaction. Each needs its primary key: of
   * rows whose key the database makes, see {@link EncryptedDatabase.insertGenerated}.
   *
   * @throws FieldError if a row cannot be encrypted; nothing was inserted then.
   */
  async insert<Table extends AnyTable>(
    table: Table,
    rows: InsertedRow<Table> | readonly InsertedRow<Table>[],
    options: InsertOptions = {},
  ): Promise<void> {
    this.#check(table, options, ['onConflict'])
    const { onConflict, signal } = options
    const how: string | undefined = onConflict
    if (how !== undefined && how !== 'update' && how !== 'nothing') {
      throw new InvalidArgumentError('onConflict', "onConflict must be 'update' or 'nothing'")
    }
    const given: readonly unknown[] = Array.isArray(rows) ? rows : [rows]
    const values = given.map((row) => this.#checkValues(table, row, 'row'))
    if (onConflict === 'update') checkNoTwins(table, values)
    const stored = await this.#encrypt(table, values, signal)
    const batches = batchesOf(this.#database.dialect, stored)
    const insertAll = async (database: SqlDatabase) => {
      if (onConflict === 'update') await checkPrimaryKey(database, table)
      for (const batch of batches) {
        checkNotAborted(signal)
        await insertBatch(database, table, batch, onConflict)
      }
    }
    // Of MySQL's upsert it is checked what became of it.
    const isOne = batches.length <= 1 && onConflict !== 'update'
    await (isOne ? insertAll(this.#database) : this.#database.transaction(insertAll))
  }

  /**
   * Inserts a row whose primary key the database makes, and returns the key: in one transaction the row without its
   * encrypted columns, and then these, since they are bound to the key. So they must be allowed to be NULL.
   *
   * @throws RefusedQueryError in MySQL if the key is not one number.
   */
  async insertGenerated<Table extends AnyTable>(
    table: Table,
    row: GeneratedRow<Table>,
    options: FieldOptions = {},
  ): Promise<RowKey<Table>> {
    this.#check(table, options)
    const values = this.#checkValues(table, row, 'row')
    const isEncrypted = ([column]: [string, unknown]) => encryptedColumn(table, column)
    const others = Object.entries(values).filter((entry) => !isEncrypted(entry))
    const encrypted = Object.fromEntries(Object.entries(values).filter(isEncrypted))
    return await this.#database.transaction(async (database) => {
      const key = await insertGenerated(database, table, Object.fromEntries(others))
      if (Object.keys(encrypted).length === 0) return key as RowKey<Table>
      const inner = new EncryptedDatabase(database, this.#cipher)
      const changes = encrypted as RowChanges<Table>
      if (await inner.update(table, key as RowKey<Table>, changes, options)) {
        return key as RowKey<Table>
      }
      throw new RefusedQueryError(
        `The database did not say the primary key of the new row of ${table.name}: make it in the application`,
        { table: table.name },
      )
    })
  }

  /**
   * Changes the row with this primary key; what is undefined stays as it is.
   *
   * @returns whether there is such a row.
   * @throws RefusedQueryError if the primary key is among the changes.
   */
  async update<Table extends AnyTable>(
    table: Table,
    key: RowKey<Table>,
    changes: RowChanges<Table>,
    options: FieldOptions = {},
  ): Promise<boolean> {
    this.#check(table, options)
    const values = this.#checkValues(table, changes, 'changes')
    for (const column of Object.keys(values)) {
      if (Object.hasOwn(table.primaryKey, column)) throw refuseKeyChange(table, column)
    }
    if (Object.keys(values).length === 0) {
      throw new InvalidArgumentError('changes', 'changes must have at least one column')
    }
    const keyValues = checkKey(table, key)
    const [stored = {}] = await this.#encrypt(table, [{ ...values, ...keyValues }], options.signal)
    checkNotAborted(options.signal)
    const { dialect } = this.#database
    const text = new SqlText(dialect)
    const assignments = Object.entries(stored)
      .filter(([column]) => !Object.hasOwn(table.primaryKey, column))
      .map(([column, value]) => `${dialect.quoteColumn(column)} = ${text.value(value, column)}`)
    const { affectedRows } = await this.#database.run(
      text.statement(
        `UPDATE ${dialect.quote(table.name)} SET ${assignments.join(', ')} WHERE ${text.key(table, keyValues)}`,
      ),
    )
    return affectedRows > 0
  }

  /**
   * Deletes the row with this primary key.
   *
   * @returns whether there was one.
   */
  async delete<Table extends AnyTable>(table: Table, key: RowKey<Table>): Promise<boolean> {
    this.#check(table, {})
    const { dialect } = this.#database
    const text = new SqlText(dialect)
    const { affectedRows } = await this.#database.run(
      text.statement(
        `DELETE FROM ${dialect.quote(table.name)} WHERE ${text.key(table, checkKey(table, key))}`,
      ),
    )
    return affectedRows > 0
  }

  /**
   * Reads rows and decrypts them.
   *
   * @throws FieldError if one of them cannot be decrypted.
   * @throws RefusedQueryError if an encrypted column is to be ordered by, or searched without an index.
   */
  async select<Table extends AnyTable, const Columns extends keyof SelectedRow<Table>>(
    table: Table,
    options: SelectOptions<Table, Columns> = {},
  ): Promise<SelectedColumns<Table, Columns>[]> {
    this.#checkTable(table)
    const selection: Selection = options
    const rows = await select(this.#database, this.#cipher, table, selection)
    return rows as SelectedColumns<Table, Columns>[]
  }

  /** The first row of `select`, if there is one. */
  async selectOne<Table extends AnyTable, const Columns extends keyof SelectedRow<Table>>(
    table: Table,
    options: SelectOneOptions<Table, Columns> = {},
  ): Promise<SelectedColumns<Table, Columns> | undefined> {
    this.#checkTable(table)
    checkObject(options, 'options')
    if ('limit' in options && options.limit !== undefined)
      throw new InvalidArgumentError('limit', 'selectOne has no limit')
    const selection: Selection = { ...options, limit: 1 }
    const [row] = await select(this.#database, this.#cipher, table, selection)
    return row as SelectedColumns<Table, Columns> | undefined
  }

  /** Decrypts rows that a query of your own has read from a table; they need its primary key under its own name. */
  async decrypt<Table extends AnyTable, Row extends object>(
    table: Table,
    rows: readonly Row[],
    options: FieldOptions = {},
  ): Promise<DecryptedRow<Table, Row>[]> {
    return await this.#cipher.decryptRows(table, rows, options)
  }

  /** Runs SQL of your own, as it is: encrypted columns are their ciphertext in it. */
  async query(text: string, values?: readonly unknown[]): Promise<StatementResult> {
    return await this.#database.run(values ? { text, values } : { text })
  }

  /**
   * Runs `work` in a transaction. It has been committed when this returns; if `work` throws, or the database cannot
   * commit what it did, it has been rolled back, and this throws. In PostgreSQL that is so after any error which
   * `work` has caught, unless a transaction within this one threw it: that is a savepoint, and undone alone.
   *
   * Only the database that `work` is given is part of it, and only until it ends. The one that it came from is
   * another connection of the pool, which `work` waits for in vain if there is none left.
   *
   * @throws RefusedQueryError if `work` uses a client, a connection or a PGlite by itself, which would wait for ever,
   * or if something in it was not awaited.
   */
  async transaction<Result>(
    work: (database: EncryptedDatabase) => Promise<Result>,
  ): Promise<Result> {
    return await this.#database.transaction(async (database) =>
      work(new EncryptedDatabase(database, this.#cipher)),
    )
  }

  async #encrypt(
    table: AnyTable,
    rows: readonly StoredValues[],
    signal: AbortSignal | undefined,
  ): Promise<StoredValues[]> {
    // What a row has is checked by the cipher.
    const plain = rows as readonly PlainRow<AnyTable>[]
    return await this.#cipher.encryptRows(table, plain, signal && { signal })
  }

  /** The values of a row that are set. */
  #checkValues(table: AnyTable, row: unknown, field: string): StoredValues {
    if (!isPlainObject(row)) {
      throw new InvalidArgumentError(field, `${field} must be an object of columns and values`)
    }
    const values = Object.entries(row).filter(([, value]) => value !== undefined)
    for (const [column] of values) {
      checkSpelling(this.#database.dialect, table, column)
      refuseBlindIndex(table, column)
    }
    return Object.fromEntries(values)
  }

  #check(table: AnyTable, options: FieldOptions, known: readonly string[] = []): void {
    this.#checkTable(table)
    checkOptions(options, ['signal', ...known])
    checkSignal(options.signal)
    checkNotAborted(options.signal)
  }

  #checkTable(table: AnyTable): void {
    if (this.#cipher.tables.includes(table)) return
    throw new InvalidArgumentError('table', 'table must be one of the tables of the cipher')
  }
}

/** @throws InvalidArgumentError if it is no `FieldCipher`. */
export function checkedCipher(options: EncryptedDatabaseOptions): Cipher {
  checkOptions(options, ['cipher'])
  checkCipher(options.cipher)
  return options.cipher
}

/** Refuses two rows of one key: which of them would be there in the end, the databases do not agree on. */
function checkNoTwins(table: AnyTable, rows: readonly StoredValues[]): void {
  const seen = new Set<string>()
  for (const row of rows) {
    const key = showKey(boundKey(table, row))
    if (seen.has(key)) {
      throw new InvalidArgumentError('rows', `Two of the rows of ${table.name} have the key ${key}`)
    }
    seen.add(key)
  }
}

/** The primary key, whole and of its types. */
function checkKey(table: AnyTable, key: object): StoredValues {
  checkObject(key, 'key')
  const entries = Object.keys(table.primaryKey).map((column): [string, unknown] => {
    const value: unknown = Object.hasOwn(key, column) ? Reflect.get(key, column) : undefined
    if (value != null) return [column, value]
    throw new RefusedQueryError(
      `A row of ${table.name} is named by its whole primary key, and ${column} is missing`,
      { table: table.name, column },
    )
  })
  // MySQL finds all texts by the number 0, and PostgreSQL's driver makes a text of any object.
  boundKey(table, key)
  return Object.fromEntries(entries)
}
