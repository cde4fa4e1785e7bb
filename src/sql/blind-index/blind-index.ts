import type { CryptoBackend } from '../../crypto/backend.ts'
import type { EncryptedColumn } from '../table.ts'
import { normalize } from './normalize.ts'

/** A value in the form in which it is indexed and compared; text is normalised, and 0 and -0 are the same. */
export function indexedBytes(column: EncryptedColumn, value: unknown): Uint8Array {
  if (column.codec.name === 'string' && typeof value === 'string') {
    return column.codec.encode(normalize(value, column.index?.normalize))
  }
  return column.codec.encode(Object.is(value, -0) ? 0 : value)
}

/** The first bits of the HMAC-SHA-512, in whole bytes whose last bits are zero. */
export function blindIndex(
  backend: CryptoBackend,
  key: Uint8Array,
  bytes: Uint8Array,
  bits: number,
): Uint8Array {
  const length = Math.ceil(bits / 8)
  const index = backend.hmac('sha512', key, bytes).slice(0, length)
  const spare = length * 8 - bits
  index[length - 1] = ((index[length - 1] ?? 0) >> spare) << spare
  return index
}
