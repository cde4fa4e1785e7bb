import { checkInteger, checkObject, checkOptions, checkSignal, show } from '../checks.ts'
import type { EnvelopeClient } from '../client/client.ts'
import { type CryptoBackend, checkBackend } from '../crypto/backend.ts'
import { nodeBackend } from '../crypto/node.ts'
import { InvalidArgumentError } from '../errors.ts'
import type { Keyring } from '../keyrings/keyring.ts'
import type { AlgorithmSuiteName } from '../suites/suites.ts'
import { type IndexKeyOptions, IndexKeys } from './blind-index/index-key.ts'
import { isEncryptedTable } from './check-table.ts'
import { Fields } from './fields.ts'
import { encryptedColumn } from './lookup.ts'
import { boundKey } from './row-key.ts'
import { decryptRows, encryptRows } from './rows.ts'
import { areMatches, indexValues } from './search.ts'
import type {
  AnyTable,
  ColumnName,
  ColumnValue,
  DecryptedRow,
  PlainRow,
  RowKey,
  StoredRow,
  StoredValue,
} from './table.ts'

/** Options of {@link FieldCipher}. */
export interface FieldCipherOptions {
  /** Wraps the data keys. Give either this or `client`. */
  keyring?: Keyring
  /** Encrypts and decrypts the values, with its own keyring and policy. Give either this or `keyring`. */
  client?: EnvelopeClient
  /** All tables that have encrypted columns. */
  tables: readonly AnyTable[]
  /** The key of the blind indexes, if there are any. */
  indexKey?: IndexKeyOptions
  /** Default: the one that commits to the key and does not sign, 0x0478. A signature is larger than most values. */
  algorithmSuite?: AlgorithmSuiteName
  /**
   * The most encrypted data keys in a value, 1 to 65,535. Default: 16. Who can write to the database could otherwise
   * have this process ask KMS thousands of times. With `client` that of the client counts, too.
   */
  maxEncryptedDataKeys?: number
  /** How many values one call encrypts or decrypts at the same time, 1 to 1,000. Default: 10. */
  concurrency?: number
  /** The implementation of the primitives. Default: node:crypto. */
  backend?: CryptoBackend
}

/** Options of one call. */
export interface FieldOptions {
  /** Gives the operation up. */
  signal?: AbortSignal
}

const optionNames = [
  'keyring',
  'client',
  'tables',
  'indexKey',
  'algorithmSuite',
  'maxEncryptedDataKeys',
  'concurrency',
  'backend',
]

/**
 * Encrypts and decrypts the values of database columns. Each is a message of the AWS Encryption SDK, bound to its
 * table, column and primary key, so that it opens nowhere else.
 *
 * Make one and keep it: it has no state between calls but keys of blind indexes. The adapters for databases take it.
 *
 * @throws InvalidArgumentError if an option is not as described.
 *
 * @example
 * ```ts
 * const users = defineTable('users', { primaryKey: { id: 'integer' }, columns: { email: 'string' } })
 * const cipher = new FieldCipher({ keyring, tables: [users] })
 * const stored = await cipher.encryptRow(users, { id: 7, email: 'ada@example.com' })
 * const row = await cipher.decryptRow(users, stored)
 * ```
 */
export class FieldCipher {
  /** All tables that have encrypted columns. */
  readonly tables: readonly AnyTable[]
  readonly #fields: Fields

  constructor(options: FieldCipherOptions) {
    checkOptions(options, optionNames)
    const { keyring, client, algorithmSuite, indexKey } = options
    const { backend = nodeBackend, concurrency = 10, maxEncryptedDataKeys = 16 } = options
    this.tables = Object.freeze(checkTables(options.tables))
    const indexed = this.tables.find((table) =>
      Object.values(table.columns).some(({ index }) => index),
    )
    if (indexed && indexKey === undefined) {
      throw new InvalidArgumentError(
        'indexKey',
        `indexKey is missing: ${indexed.name} has a blind index`,
      )
    }
    this.#fields = new Fields({
      ...(keyring !== undefined && { keyring }),
      ...(client !== undefined && { client }),
      ...(algorithmSuite !== undefined && { algorithmSuite }),
      maxEncryptedDataKeys: checkInteger(maxEncryptedDataKeys, 'maxEncryptedDataKeys', 1, 0xffff),
      backend: checkBackend(backend),
      concurrency: checkInteger(concurrency, 'concurrency', 1, 1000),
      indexKeys: indexKey && new IndexKeys(indexKey, backend),
    })
  }

  /**
   * A row as it goes to the database: a copy of its own properties, with the encrypted columns encrypted and their
   * blind indexes added. `null` stays null; columns that it lacks, it lacks. All other columns pass as they are.
   *
   * Leave the row and its values as they are until the promise has settled.
   *
   * @throws FieldError with the column and the code of the failure.
   * @throws AbortedError if the signal was raised.
   */
  async encryptRow<Table extends AnyTable, Row extends PlainRow<Table>>(
    table: Table,
    row: Row,
    options: FieldOptions = {},
  ): Promise<StoredRow<Table, Row>> {
    const [stored] = await this.encryptRows(table, [row], options)
    return stored as StoredRow<Table, Row>
  }

  /** {@link FieldCipher.encryptRow} of many rows, some values at a time. One that fails fails all. */
  async encryptRows<Table extends AnyTable, Row extends PlainRow<Table>>(
    table: Table,
    rows: readonly Row[],
    options: FieldOptions = {},
  ): Promise<StoredRow<Table, Row>[]> {
    this.#checkCall(table, options)
    return (await encryptRows(this.#fields, table, checkRows(rows), options.signal)) as StoredRow<
      Table,
      Row
    >[]
  }

  /**
   * A row as it was before `encryptRow`. It has to have its primary key; of the encrypted columns it may lack some.
   * Blind indexes are left out.
   *
   * @throws FieldError with the column and the code of the failure, for example `ERR_AUTHENTICATION` or
   * `ERR_UNWRAP_FAILED` of a value that was changed, or belongs elsewhere.
   * @throws AbortedError if the signal was raised.
   */
  async decryptRow<Table extends AnyTable, Row extends object>(
    table: Table,
    row: Row,
    options: FieldOptions = {},
  ): Promise<DecryptedRow<Table, Row>> {
    const [plain] = await this.decryptRows(table, [row], options)
    return plain as DecryptedRow<Table, Row>
  }

  /** {@link FieldCipher.decryptRow} of many rows, some values at a time. One that fails fails all. */
  async decryptRows<Table extends AnyTable, Row extends object>(
    table: Table,
    rows: readonly Row[],
    options: FieldOptions = {},
  ): Promise<DecryptedRow<Table, Row>[]> {
    this.#checkCall(table, options)
    return (await decryptRows(
      this.#fields,
      table,
      checkRows(rows),
      options.signal,
    )) as DecryptedRow<Table, Row>[]
  }

  /**
   * The value of one column, encrypted for the row with this primary key. Null is stored as it is, and so is refused.
   *
   * @throws FieldError as `encryptRow`.
   */
  async encryptValue<Table extends AnyTable, Name extends ColumnName<Table>>(
    table: Table,
    column: Name,
    key: RowKey<Table>,
    value: ColumnValue<Table, Name>,
    options: FieldOptions = {},
  ): Promise<StoredValue> {
    this.#checkCall(table, options)
    const bound = boundKey(table, checkedRow(key, 'key'))
    return await this.#fields.encrypt(table, columnOf(table, column), bound, value, options.signal)
  }

  /**
   * The value of one column of the row with this primary key, decrypted.
   *
   * @throws FieldError as `decryptRow`.
   */
  async decryptValue<Table extends AnyTable, Name extends ColumnName<Table>>(
    table: Table,
    column: Name,
    key: RowKey<Table>,
    stored: StoredValue,
    options: FieldOptions = {},
  ): Promise<ColumnValue<Table, Name>> {
    this.#checkCall(table, options)
    const bound = boundKey(table, checkedRow(key, 'key'))
    const value = await this.#fields.decrypt(
      table,
      columnOf(table, column),
      bound,
      stored,
      options.signal,
    )
    return value as ColumnValue<Table, Name>
  }

  /**
   * What the blind index of a column has in the rows with this value, for queries of your own. Rows with other
   * values can have it too: compare their decrypted values by {@link FieldCipher.areMatches}.
   *
   * @throws FieldError with the code of the failure, for example `ERR_CACHE_TIMEOUT` if the key of the indexes did
   * not come in time.
   * @throws AbortedError if the signal was raised.
   */
  async indexValue<Table extends AnyTable, Name extends ColumnName<Table>>(
    table: Table,
    column: Name,
    value: ColumnValue<Table, Name>,
    options: FieldOptions = {},
  ): Promise<StoredValue> {
    const [index] = await this.indexValues(table, column, [value], options)
    return index as StoredValue
  }

  /** {@link FieldCipher.indexValue} of many values, some at a time. One that fails fails all. */
  async indexValues<Table extends AnyTable, Name extends ColumnName<Table>>(
    table: Table,
    column: Name,
    values: readonly ColumnValue<Table, Name>[],
    options: FieldOptions = {},
  ): Promise<StoredValue[]> {
    this.#checkCall(table, options)
    const { signal } = options
    const list = checkArray(values, 'values')
    return await indexValues(this.#fields, table, columnOf(table, column), list, signal)
  }

  /**
   * For each of the values of rows that a blind index has found, whether it is one of those searched for, once all are
   * normalised. Null is like none.
   *
   * @throws FieldError if a value is not of the column's type.
   * @throws AbortedError if the signal was raised.
   */
  async areMatches<Table extends AnyTable, Name extends ColumnName<Table>>(
    table: Table,
    column: Name,
    values: readonly (ColumnValue<Table, Name> | null | undefined)[],
    searched: readonly ColumnValue<Table, Name>[],
    options: FieldOptions = {},
  ): Promise<boolean[]> {
    this.#checkCall(table, options)
    const { signal } = options
    const given = checkArray(values, 'values')
    const wanted = checkArray(searched, 'searched')
    return await areMatches(this.#fields, table, columnOf(table, column), given, wanted, signal)
  }

  /** Whether two values of a column with a blind index are the same, once they are normalised. Null is like none. */
  isMatch<Table extends AnyTable, Name extends ColumnName<Table>>(
    table: Table,
    column: Name,
    value: ColumnValue<Table, Name> | null,
    searched: ColumnValue<Table, Name>,
  ): boolean {
    this.#checkCall(table, {})
    const form = (one: unknown) => this.#fields.normalForm(table, columnOf(table, column), one)
    return form(searched) === (value === null ? undefined : form(value))
  }

  #checkCall(table: AnyTable, options: FieldOptions): void {
    if (!this.tables.includes(table)) {
      throw new InvalidArgumentError(
        'table',
        'table must be one of the tables that this FieldCipher was made with',
      )
    }
    checkOptions(options, ['signal'])
    checkSignal(options.signal)
  }
}

function checkTables(tables: readonly AnyTable[]): readonly AnyTable[] {
  const given: unknown = tables
  if (!Array.isArray(given)) {
    throw new InvalidArgumentError('tables', 'tables must be an array of tables of defineTable')
  }
  const checked = Array.from<unknown>(given).map((table, index) => {
    if (isEncryptedTable(table)) return table
    const field = `tables[${index}]`
    throw new InvalidArgumentError(field, `${field} must be what defineTable has returned`)
  })
  for (const name of ['name', 'boundAs'] as const) {
    const names = checked.map((table) => table[name])
    const twice = names.find((one, index) => names.indexOf(one) !== index)
    // Two tables that are bound to one name could exchange their values.
    if (twice !== undefined) {
      throw new InvalidArgumentError('tables', `tables has two with the ${name} ${show(twice)}`)
    }
  }
  return checked
}

function checkRows(rows: readonly object[]): readonly object[] {
  return checkArray(rows, 'rows').map((row, index) => {
    if (Array.isArray(row)) {
      const field = `rows[${index}]`
      throw new InvalidArgumentError(
        field,
        `${field} is an array, not a row: of what mysql2 returns, [rows, fields], give the first`,
      )
    }
    if (typeof row !== 'object' || row === null) checkObject(row, `rows[${index}]`)
    return row
  })
}

/** A copy: a caller can change the array while it is gone through. */
function checkArray(values: unknown, field: string): unknown[] {
  if (Array.isArray(values)) return Array.from<unknown>(values)
  throw new InvalidArgumentError(field, `${field} must be an array`)
}

function checkedRow(row: unknown, field: string): object {
  checkObject(row, field)
  return row
}

function columnOf(table: AnyTable, name: string): AnyTable['columns'][string] {
  const column = encryptedColumn(table, name)
  if (column) return column
  throw new InvalidArgumentError(
    'column',
    `${show(name)} is not an encrypted column of ${table.name}`,
  )
}
