import type { CodecName, CodecValues } from './codecs/codecs.ts'
import type { Codec } from './codecs/codec.ts'
import type { Normalization } from './blind-index/normalize.ts'
import { checkTable } from './check-table.ts'

/**
 * What a part of a primary key is, so that its text is the same whenever and by whomever it is read:
 *
 * - `string`: text, as it is stored. Not `citext`, no `char(n)`, and in MySQL none of a collation without regard to
 *   case: whoever named the row `ada` there would bind a value to that, and the row says `Ada`.
 * - `integer`: a number without fraction, a bigint or decimal text. `7`, `7n` and `'7'` are the same.
 * - `uuid`: text with its four dashes, in any case, or its 16 bytes.
 * - `bytes`: binary. Not `binary(n)` with fewer bytes than n, which MySQL fills up.
 */
export type PrimaryKeyType = 'string' | 'integer' | 'uuid' | 'bytes'

/** The columns of the primary key, in any order, with the type of each. */
export type PrimaryKeyOption = Readonly<Record<string, PrimaryKeyType>>

/** What the database has in an encrypted column: binary, or base64 in a column of text or JSON. */
export type StoredAs = 'bytes' | 'base64'

/** What can stand for the type of a column: the name of a codec, or one of the application's own. */
export type ColumnType = CodecName | AnyCodec

/** A codec of values of any type. */
export interface AnyCodec {
  readonly name: string
  encode(value: never): Uint8Array
  decode(bytes: Uint8Array): unknown
}

/** A blind index: a column in which rows are found by the exact value of an encrypted one. */
export interface BlindIndexOptions {
  /** The column that has the index, of the same form as the encrypted one. */
  readonly column: string
  /**
   * How many bits of the HMAC are kept, 1 to 256. Fewer leak less: about `values / 2^bits` different values
   * share an index. From 128 on no two do, and the index can be used wherever an equality can. The guide says how to
   * choose.
   */
  readonly bits: number
  /** For text: what is done before it is indexed or compared. Default: Unicode's form NFC alone. */
  readonly normalize?: Normalization
}

/** An encrypted column. */
export interface ColumnOptions<Type extends ColumnType = ColumnType> {
  readonly type: Type
  /** Default: that of the table. */
  readonly storedAs?: StoredAs
  /** The name that values are bound to, for a column that was renamed. Default: its name. */
  readonly boundAs?: string
  /** Default: none; rows can then not be found by this column. */
  readonly index?: BlindIndexOptions
}

/** The encrypted columns of a table by name. */
export type ColumnsOption = Readonly<Record<string, ColumnType | ColumnOptions>>

/** What {@link defineTable} is told of a table. */
export interface TableOptions<Key extends PrimaryKeyOption, Columns extends ColumnsOption> {
  /** The primary key, which all values of a row are bound to. It is not encrypted, and must never change. */
  readonly primaryKey: Key
  /** The encrypted columns. All others pass as they are. */
  readonly columns: Columns
  /** Default: `bytes`. */
  readonly storedAs?: StoredAs
  /**
   * The name that values are bound to, for a table that was renamed. Default: its name. Give tables of the same name
   * in several databases one each, if they have one keyring: their values could be exchanged otherwise.
   */
  readonly boundAs?: string
  /**
   * Whether table, column and primary key are stored in each value, for readers that cannot be given them, such as
   * AWS's SDK for JavaScript. They are checked in any case. Default: `false`.
   */
  readonly storeContext?: boolean
}

/** A blind index, checked. */
export interface BlindIndex {
  readonly column: string
  readonly bits: number
  readonly normalize: Normalization | undefined
}

/** An encrypted column, checked and completed. */
export interface EncryptedColumn {
  readonly name: string
  readonly boundAs: string
  readonly codec: Codec<unknown>
  readonly storedAs: StoredAs
  readonly index: BlindIndex | undefined
}

declare const types: unique symbol

/** A table with encrypted columns, as {@link defineTable} returns it. */
export interface EncryptedTable<
  Key extends PrimaryKeyOption = PrimaryKeyOption,
  Columns extends ColumnsOption = ColumnsOption,
> {
  readonly name: string
  readonly boundAs: string
  readonly primaryKey: Readonly<Record<string, PrimaryKeyType>>
  readonly columns: Readonly<Record<string, EncryptedColumn>>
  readonly storeContext: boolean
  /** For TypeScript alone; there is no such property. */
  readonly [types]?: { readonly key: Key; readonly columns: Columns }
}

/** Any table, whatever its columns are. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the one way to say "for all of them"
export type AnyTable = EncryptedTable<any, any>

/** The values of a primary key by the type of its column. */
export interface KeyValues {
  string: string
  integer: number | bigint | string
  uuid: string | Uint8Array
  bytes: Uint8Array
}

/** A value of the primary key. */
export type KeyValue = KeyValues[PrimaryKeyType]

/** The primary key of a row: a value for each of its columns. Of {@link AnyTable} it is not known before it is read. */
export type RowKey<Table extends AnyTable> =
  Table extends EncryptedTable<infer Key>
    ? string extends keyof Key
      ? Readonly<Record<string, unknown>>
      : { readonly [Name in keyof Key]: KeyValues[Key[Name]] }
    : never

type ColumnsOf<Table extends AnyTable> =
  Table extends EncryptedTable<PrimaryKeyOption, infer Columns> ? Columns : never

/** The names of a table's encrypted columns. */
export type ColumnName<Table extends AnyTable> = keyof ColumnsOf<Table> & string

type TypeOf<Option> = Option extends { readonly type: infer Type } ? Type : Option

type ValueOfType<Type> = Type extends keyof CodecValues
  ? CodecValues[Type]
  : Type extends `${infer Element extends keyof CodecValues}[]`
    ? readonly CodecValues[Element][]
    : Type extends { decode(bytes: Uint8Array): infer Value }
      ? Value
      : never

/** The values of an encrypted column. */
export type ColumnValue<Table extends AnyTable, Name extends ColumnName<Table>> = ValueOfType<
  TypeOf<ColumnsOf<Table>[Name]>
>

/** The values of all encrypted columns of a table: `null` in the database is `null` here. */
export type PlainColumns<Table extends AnyTable> = {
  [Name in ColumnName<Table>]: ColumnValue<Table, Name> | null
}

/** What a row has to be so that it can be encrypted: its primary key, and some of the encrypted columns. */
export type PlainRow<Table extends AnyTable> = RowKey<Table> & {
  readonly [Name in ColumnName<Table>]?: ColumnValue<Table, Name> | null | undefined
}

/** What an encrypted column has in the database. */
export type StoredValue = Uint8Array | string

type IndexOf<Option> = Option extends { readonly index: { readonly column: infer Column } }
  ? Column & string
  : never

/** The blind index columns of a table's encrypted columns, or of those named. */
export type IndexColumn<Table extends AnyTable, Names extends PropertyKey = ColumnName<Table>> = {
  [Name in ColumnName<Table> & Names]: IndexOf<ColumnsOf<Table>[Name]>
}[ColumnName<Table> & Names]

type NullIn<Value> = Extract<Value, null | undefined>

/** A row as it goes to the database: encrypted columns, and with them their indexes. */
export type StoredRow<Table extends AnyTable, Row> = {
  [Name in keyof Row]: Name extends ColumnName<Table> ? StoredValue | NullIn<Row[Name]> : Row[Name]
} & {
  [Name in keyof Row as IndexColumn<Table, Name>]: StoredValue | NullIn<Row[Name]>
}

/** A row as it comes out of the database, decrypted. Blind indexes are left out. */
export type DecryptedRow<Table extends AnyTable, Row> = {
  [Name in keyof Row as Exclude<Name, IndexColumn<Table>>]: Name extends ColumnName<Table>
    ? ColumnValue<Table, Name> | NullIn<Row[Name]>
    : Row[Name]
}

/**
 * Says which columns of a table are encrypted, and how. Its result goes to `FieldCipher` and to the adapters.
 *
 * Each value is bound to the table, the column and the primary key: it opens nowhere else. So these names and the
 * primary key must stay as they are; `boundAs` keeps a name that the database has given up.
 *
 * @throws InvalidArgumentError if an option is not as described.
 *
 * @example
 * ```ts
 * const users = defineTable('users', {
 *   primaryKey: { id: 'uuid' },
 *   columns: {
 *     email: { type: 'string', index: { column: 'email_index', bits: 20, normalize: 'lowercase' } },
 *     birthday: 'date',
 *   },
 * })
 * ```
 */
export function defineTable<
  const Key extends PrimaryKeyOption,
  const Columns extends ColumnsOption,
>(name: string, options: TableOptions<Key, Columns>): EncryptedTable<Key, Columns> {
  // What the types say is in the options alone.
  return checkTable(name, options) as EncryptedTable<Key, Columns>
}
