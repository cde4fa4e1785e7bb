import { isBytes } from '../checks.ts'
import { equalBytes } from '../format/bytes.ts'
import { CodecError, kindOf } from './codecs/codec.ts'
import type { StoredAs, StoredValue } from './table.ts'

/** Bytes in the form in which a column has them. */
export function toStored(bytes: Uint8Array, storedAs: StoredAs): StoredValue {
  // A Buffer, since some drivers take no other Uint8Array.
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return storedAs === 'bytes' ? buffer : buffer.toString('base64')
}

/** Whether two columns have the same, be it bytes, text or null. */
export function isSameStored(one: unknown, other: unknown): boolean {
  return isBytes(one) && isBytes(other) ? equalBytes(one, other) : one === other
}

/** The bytes of what a column has. */
export function fromStored(stored: unknown, storedAs: StoredAs): Uint8Array {
  if (storedAs === 'bytes') {
    if (isBytes(stored)) return stored
    throw new CodecError(`is not stored as bytes, but is of type ${kindOf(stored)}`)
  }
  if (typeof stored !== 'string') {
    throw new CodecError(`is not stored as base64, but is of type ${kindOf(stored)}`)
  }
  const bytes = Buffer.from(stored, 'base64')
  // Node leaves out what is no base64.
  if (bytes.toString('base64') === stored) return bytes
  throw new CodecError('is not stored as base64, though it is text')
}
