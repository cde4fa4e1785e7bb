import type { FieldCipher } from '../field-cipher.ts'
import type { AnyTable, ColumnName, ColumnValue } from '../table.ts'

/** How far a `backfill` or a `reindex` is, and at its end what it has done. Of values, but for `rows`. */
export interface BackfillProgress {
  /** Rows that were looked at. Those without plaintext are not. */
  readonly rows: number
  /** Values that were encrypted, written, read back and compared. */
  readonly encrypted: number
  /** Values that were encrypted already; they were decrypted and are the plaintext beside them. */
  readonly verified: number
  /** Encrypted values that are not the plaintext beside them, and were kept: see `onDifference`. */
  readonly differing: number
  /** Blind indexes of values that were encrypted already, which were missing or wrong and were written. */
  readonly indexed: number
  /** Plaintexts that were set to NULL. */
  readonly cleared: number
}

/** What {@link BackfillOptions} and {@link ReindexOptions} have in common. */
export interface BatchOptions<Table extends AnyTable> {
  readonly cipher: FieldCipher
  /** One of the cipher's tables. */
  readonly table: Table
  /** How many rows are locked and written in one transaction, 1 to 1,000. Default: 100. */
  readonly batchSize?: number
  /** Called after each batch. The next one waits for what it returns, so it can also slow the work down. */
  readonly onProgress?: (progress: BackfillProgress) => void | Promise<void>
  /** Ends the work after the batch that is under way, with `ERR_ABORTED`. Start it again to go on. */
  readonly signal?: AbortSignal
}

/** Options of `backfill`, besides `client`. */
export interface BackfillOptions<Table extends AnyTable> extends BatchOptions<Table> {
  /** For each encrypted column that is to be filled, the column that has its plaintext. */
  readonly from: { readonly [Name in ColumnName<Table>]?: string }
  /**
   * What becomes of plaintext whose ciphertext has been read back, decrypted and compared:
   *
   * - `keep`: nothing.
   * - `clear`: it is set to NULL, in the same transaction.
   * - `drop`: as `clear`; at the end its column is dropped, under a lock, if nothing is left in it.
   *
   * Default: `keep`.
   */
  readonly plaintext?: 'keep' | 'clear' | 'drop'
  /**
   * Makes a value of the encrypted column's type of what the driver returns for the plaintext, where that is
   * another one: for example of a `numeric`, which comes as text. Not called for NULL.
   */
  readonly convert?: {
    readonly [Name in ColumnName<Table>]?: (value: unknown) => ColumnValue<Table, Name>
  }
  /**
   * What to do about an encrypted value that is not the plaintext beside it. An encrypted value is never
   * overwritten. `fail`: stop. `keep-encrypted`: take it for the newer one; `clear` and `drop` then clear the
   * plaintext all the same. Default: `fail`.
   */
  readonly onDifference?: 'fail' | 'keep-encrypted'
}

/** Options of `reindex`, besides `client`. */
export interface ReindexOptions<Table extends AnyTable> extends BatchOptions<Table> {
  /** The encrypted columns whose blind indexes are checked. Default: all that have one. */
  readonly columns?: readonly ColumnName<Table>[]
}
