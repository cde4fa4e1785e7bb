/**
 * Encrypted columns of SQL databases: what is encrypted, and values one at a time. The adapters for drivers and
 * query builders are in `waxseal/sql/pg` and its like.
 *
 * @packageDocumentation
 */
export type { BeaconKeySource, IndexKeyOptions } from './sql/blind-index/index-key.ts'
export type { Normalization, NormalizationStep } from './sql/blind-index/normalize.ts'
export { type Codec, CodecError } from './sql/codecs/codec.ts'
export type { CodecName, CodecValues } from './sql/codecs/codecs.ts'
export { type Json, json } from './sql/codecs/json.ts'
export { FieldCipher, type FieldCipherOptions, type FieldOptions } from './sql/field-cipher.ts'
export {
  type AnyCodec,
  type AnyTable,
  type BlindIndex,
  type BlindIndexOptions,
  type ColumnName,
  type ColumnOptions,
  type ColumnsOption,
  type ColumnType,
  type ColumnValue,
  type DecryptedRow,
  type EncryptedColumn,
  type EncryptedTable,
  type IndexColumn,
  type KeyValue,
  type KeyValues,
  type PlainColumns,
  type PlainRow,
  type PrimaryKeyOption,
  type PrimaryKeyType,
  type RowKey,
  type StoredAs,
  type StoredRow,
  type StoredValue,
  type TableOptions,
  defineTable,
} from './sql/table.ts'
export { FieldError, RefusedQueryError } from './errors.ts'
