import { MySqlCustomColumnBuilder } from 'drizzle-orm/mysql-core'
import { PgCustomColumnBuilder } from 'drizzle-orm/pg-core'
import { isObject } from '../../checks.ts'
import { InvalidArgumentError, RefusedQueryError } from '../../errors.ts'
import type {
  AnyTable,
  ColumnName,
  ColumnValue,
  EncryptedColumn,
  IndexColumn,
  StoredValue,
} from '../table.ts'
import { encryptedColumn, indexedColumn } from '../lookup.ts'
import { SealedValue, storedOf } from './sealed-value.ts'

/** What Drizzle is told of a column: that of a custom type. */
export interface SealedColumnConfig<Type extends string, Name extends string, Value> {
  name: Name
  dataType: 'custom'
  columnType: Type
  data: Value
  driverParam: StoredValue
  enumValues: undefined
}

/** An encrypted column of a PostgreSQL table, before it is built. */
export type PgSealedColumn<Name extends string, Value> = PgCustomColumnBuilder<
  SealedColumnConfig<'PgCustomColumn', Name, Value>
>

/** An encrypted column of a MySQL table, before it is built. */
export type MySqlSealedColumn<Name extends string, Value> = MySqlCustomColumnBuilder<
  SealedColumnConfig<'MySqlCustomColumn', Name, Value>
>

/** Options of the columns. */
export interface SealedColumnOptions<Name extends string> {
  /** The column's name in the database. Default: that of the property, as Drizzle has it. */
  readonly name?: Name
  /** Its type in the database, for migrations. Default: as the function says. */
  readonly dataType?: string
}

/** Which column of ours a column of Drizzle is. */
export interface ColumnMark {
  readonly table: AnyTable
  readonly column: EncryptedColumn
  /** Whether it is the blind index of `column`. */
  readonly isIndex: boolean
}

const brand = Symbol.for('waxseal.drizzle.column')

/**
 * An encrypted column of a `pgTable`, `bytea` or, stored as base64, `text`. Its property must have the name that the
 * column has in `defineTable`.
 *
 * The column itself encrypts nothing, since what Drizzle lets a column do is synchronous: it takes and gives only
 * {@link SealedValue}s. Queries through `encryptedDrizzle` take and give plain ones.
 *
 * @throws InvalidArgumentError if the table has no such encrypted column.
 *
 * @example
 * ```ts
 * const users = defineTable('users', { primaryKey: { id: 'uuid' }, columns: { email: 'string' } })
 *
 * const usersTable = pgTable('users', {
 *   id: uuid().primaryKey(),
 *   email: pgEncrypted(users, 'email').notNull(),
 * })
 * ```
 */
export function pgEncrypted<
  Table extends AnyTable,
  Column extends ColumnName<Table>,
  Name extends string = '',
>(
  table: Table,
  column: Column,
  options: SealedColumnOptions<Name> = {},
): PgSealedColumn<Name, ColumnValue<Table, Column>> {
  return pgColumn(markOf(table, column, false), options)
}

/**
 * The blind index of an encrypted column of a `pgTable`, `bytea` or `text`. The adapter writes it, and finds rows by
 * it; it is never handed out, so its value is `null` in every row. Give it an index of the database, not a unique one
 * if it is short.
 *
 * @throws InvalidArgumentError if no encrypted column of the table has this index.
 */
export function pgBlindIndex<Table extends AnyTable, Name extends string = ''>(
  table: Table,
  column: IndexColumn<Table>,
  options: SealedColumnOptions<Name> = {},
): PgSealedColumn<Name, never> {
  return pgColumn(markOf(table, column, true), options)
}

/** {@link pgEncrypted} for a `mysqlTable`: `blob`, or `text` if it is stored as base64. */
export function mysqlEncrypted<
  Table extends AnyTable,
  Column extends ColumnName<Table>,
  Name extends string = '',
>(
  table: Table,
  column: Column,
  options: SealedColumnOptions<Name> = {},
): MySqlSealedColumn<Name, ColumnValue<Table, Column>> {
  const mark = markOf(table, column, false)
  const dataType = mark.column.storedAs === 'bytes' ? 'blob' : 'text'
  return mysqlColumn(mark, dataType, options)
}

/** {@link pgBlindIndex} for a `mysqlTable`: `varbinary` or, as base64, `varchar`, of the length that it needs. */
export function mysqlBlindIndex<Table extends AnyTable, Name extends string = ''>(
  table: Table,
  column: IndexColumn<Table>,
  options: SealedColumnOptions<Name> = {},
): MySqlSealedColumn<Name, never> {
  const mark = markOf(table, column, true)
  const bytes = Math.ceil((mark.column.index?.bits ?? 0) / 8)
  // Base64 tells upper case from lower case, which the usual collations do not.
  const dataType =
    mark.column.storedAs === 'bytes'
      ? `varbinary(${bytes})`
      : `varchar(${Math.ceil(bytes / 3) * 4}) character set ascii collate ascii_bin`
  return mysqlColumn(mark, dataType, options)
}

/** Which column of ours this is; `undefined` if it is none. Columns of an alias or of a subquery are known, too. */
export function columnMark(column: object): ColumnMark | undefined {
  const config: unknown = Reflect.get(column, 'config')
  const params = isObject(config) ? (Reflect.get(config, 'customTypeParams') as unknown) : undefined
  return isObject(params) ? (Reflect.get(params, brand) as ColumnMark | undefined) : undefined
}

function pgColumn<Name extends string, Value>(
  mark: ColumnMark,
  options: SealedColumnOptions<Name>,
): PgSealedColumn<Name, Value> {
  const dataType = mark.column.storedAs === 'bytes' ? 'bytea' : 'text'
  return new PgCustomColumnBuilder(nameOf(options), undefined, customType(mark, dataType, options))
}

function mysqlColumn<Name extends string, Value>(
  mark: ColumnMark,
  dataType: string,
  options: SealedColumnOptions<Name>,
): MySqlSealedColumn<Name, Value> {
  const type = customType(mark, dataType, options)
  return new MySqlCustomColumnBuilder(nameOf(options), undefined, type)
}

function customType(mark: ColumnMark, dataType: string, options: SealedColumnOptions<string>) {
  const name = fullName(mark)
  return {
    [brand]: mark,
    dataType: () => options.dataType ?? dataType,
    toDriver(value: unknown): StoredValue {
      // By far the most important line here: nothing that was not encrypted passes, no plaintext and no promise.
      if (!SealedValue.is(value)) throw notSealed(mark)
      return value.stored
    },
    fromDriver(value: unknown): SealedValue {
      const stored = storedOf(mark.column, value)
      if (stored !== undefined) return new SealedValue(name, stored)
      throw new RefusedQueryError(
        `${name} has in the database what is not ${mark.column.storedAs}, but of type ${typeof value}`,
        { table: mark.table.name, column: mark.column.name },
      )
    },
  }
}

function notSealed(mark: ColumnMark): RefusedQueryError {
  return new RefusedQueryError(
    `${fullName(mark)} takes only what is encrypted already, and this is not: use the database that ` +
      'encryptedDrizzle returns, and no value of this column in an expression or a prepared statement',
    { table: mark.table.name, column: mark.column.name },
  )
}

function markOf(table: AnyTable, name: string, isIndex: boolean): ColumnMark {
  const column = isIndex ? indexedColumn(table, name) : encryptedColumn(table, name)
  if (column) return Object.freeze({ table, column, isIndex })
  throw new InvalidArgumentError(
    'column',
    `${JSON.stringify(name)} is not ${isIndex ? 'a blind index' : 'an encrypted column'} of ${table.name}`,
  )
}

function fullName({ table, column, isIndex }: ColumnMark): string {
  return `${table.name}.${isIndex && column.index ? column.index.column : column.name}`
}

/** Without a name, Drizzle takes that of the property. */
function nameOf<Name extends string>(options: SealedColumnOptions<Name>): Name {
  return options.name ?? ('' as Name)
}
