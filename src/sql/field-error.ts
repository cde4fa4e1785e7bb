import { EnvelopeError, FieldError } from '../errors.ts'
import { CodecError } from './codecs/codec.ts'
import { type BoundKey, showKey } from './row-key.ts'
import type { AnyTable, EncryptedColumn } from './table.ts'

/**
 * The failure, and where it happened; `what` as in "encrypted". The value is never in it: nor is what a codec of the
 * application's says. That a call was given up is no failure of a column, and comes back as it is.
 */
export function fieldError(
  what: string,
  table: AnyTable,
  column: EncryptedColumn,
  key: BoundKey | undefined,
  error: unknown,
): EnvelopeError {
  const place = { table: table.name, column: column.name }
  const where = `${table.name}.${column.name}${key ? ` of the row with ${showKey(key)}` : ''}`
  if (CodecError.is(error)) {
    const { name } = column.codec
    const message = `${where}, of type ${name}, could not be ${what}: the value ${error.message}`
    return new FieldError('ERR_FIELD', message, place)
  }
  if (!EnvelopeError.is(error)) {
    const message = `${where} could not be ${what}: see the cause`
    return new FieldError('ERR_FIELD', message, place, error)
  }
  if (error.code === 'ERR_ABORTED') return error
  const message = `${where} could not be ${what}: ${error.message}`
  return new FieldError(error.code, message, place, error)
}
