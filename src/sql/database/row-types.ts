import type {
  AnyTable,
  ColumnName,
  ColumnValue,
  IndexColumn,
  PlainColumns,
  PlainRow,
  RowKey,
} from '../table.ts'

declare const others: unique symbol

/**
 * A table of `defineTable` with the types of its other columns, as the driver returns them. For TypeScript alone:
 *
 * ```ts
 * const users: TypedTable<typeof encrypted, { id: string; name: string }> = encrypted
 * ```
 */
export type TypedTable<Table extends AnyTable, Columns extends object> = Table & {
  readonly [others]?: Columns
}

type IsTyped<Table> = typeof others extends keyof Table ? true : false

/** The columns that are not encrypted, and no blind index. */
type OtherColumns<Table extends AnyTable> = Table extends { readonly [others]?: infer Columns }
  ? Omit<Columns, ColumnName<Table> | IndexColumn<Table>>
  : never

/** A row as `select` returns it: all columns but the blind indexes. */
export type SelectedRow<Table extends AnyTable> =
  IsTyped<Table> extends true
    ? OtherColumns<Table> & PlainColumns<Table>
    : RowKey<Table> & PlainColumns<Table> & Record<string, unknown>

/** A row to insert: its primary key, and what else is to be set. */
export type InsertedRow<Table extends AnyTable> = PlainRow<Table> &
  (IsTyped<Table> extends true
    ? { readonly [Name in keyof OtherColumns<Table>]?: OtherColumns<Table>[Name] | undefined }
    : Readonly<Record<string, unknown>>)

/** A row to insert whose primary key the database is to make. */
export type GeneratedRow<Table extends AnyTable> = Omit<InsertedRow<Table>, keyof RowKey<Table>>

/** What is to be changed of a row. */
export type RowChanges<Table extends AnyTable> = {
  readonly [Name in ColumnName<Table>]?: ColumnValue<Table, Name> | null | undefined
} & (IsTyped<Table> extends true
  ? {
      readonly [Name in Exclude<keyof OtherColumns<Table>, keyof RowKey<Table>>]?:
        OtherColumns<Table>[Name] | undefined
    }
  : Readonly<Record<string, unknown>>)

/** A value, one of several, or `null` for NULL. */
type Condition<Value> = Value | readonly NonNullable<Value>[] | null

/** What rows are to be found by: all of it has to hold. */
export type RowConditions<Table extends AnyTable> = {
  readonly [Name in ColumnName<Table>]?: [IndexColumn<Table, Name>] extends [never]
    ? null
    : Condition<ColumnValue<Table, Name>>
} & (IsTyped<Table> extends true
  ? { readonly [Name in keyof OtherColumns<Table>]?: Condition<OtherColumns<Table>[Name]> }
  : Readonly<Record<string, unknown>>)

/** A column that rows can be ordered by: none that is encrypted. */
export type OrderColumn<Table extends AnyTable> =
  IsTyped<Table> extends true ? keyof OtherColumns<Table> & string : string

/** One column of an order. */
export type RowOrder<Table extends AnyTable> =
  OrderColumn<Table> | { readonly column: OrderColumn<Table>; readonly direction: 'asc' | 'desc' }

/** What `select` returns of a row: all of it, or the columns that were asked for. */
export type SelectedColumns<Table extends AnyTable, Columns extends keyof SelectedRow<Table>> =
  // Any name would do where the other columns are not known; mapped over it, the known ones would be lost.
  string extends Columns ? SelectedRow<Table> : { [Name in Columns]: SelectedRow<Table>[Name] }

/** Options of `selectOne`. */
export interface SelectOneOptions<
  Table extends AnyTable,
  Columns extends keyof SelectedRow<Table> = keyof SelectedRow<Table>,
> {
  /**
   * Columns and what they have to be: a value, an array for one of several, `null` for NULL. An encrypted column is
   * searched by its blind index, and the rows that it finds are compared once they are decrypted. Default: all rows.
   */
  readonly where?: RowConditions<Table> | undefined
  /** Default: all, but the blind indexes. */
  readonly columns?: readonly Columns[] | undefined
  /** Columns that are not encrypted, the first one first. */
  readonly orderBy?: RowOrder<Table> | readonly RowOrder<Table>[] | undefined
  /** So many rows less, from the first. As the limit of `select` with a short blind index. */
  readonly offset?: number | undefined
  /** Locks the rows until the transaction ends: with a short index, also those that share it. Default: `false`. */
  readonly forUpdate?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** Options of `select`. */
export interface SelectOptions<
  Table extends AnyTable,
  Columns extends keyof SelectedRow<Table> = keyof SelectedRow<Table>,
> extends SelectOneOptions<Table, Columns> {
  /**
   * At most so many rows. With a short blind index among the conditions it cannot be left to the database, which does
   * not know the rows that match: all that share the index are read then, and decrypted until there are enough.
   */
  readonly limit?: number | undefined
}
