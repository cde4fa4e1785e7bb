import { copyBytes } from '../../format/bytes.ts'
import type { EncryptedColumn } from '../table.ts'
import { normalize } from './normalize.ts'

/** A number that is none has many forms in IEEE 754, of which an engine may keep any. */
const notANumber = Uint8Array.of(0x7f, 0xf8, 0, 0, 0, 0, 0, 0)

/** A value in the form in which it is indexed and compared; text is normalised, and 0 and -0 are the same. */
export function indexedBytes(column: EncryptedColumn, value: unknown): Uint8Array {
  if (column.codec.name === 'string' && typeof value === 'string') {
    return column.codec.encode(normalize(value, column.index?.normalize))
  }
  if (column.codec.name === 'number' && Number.isNaN(value)) return notANumber
  return column.codec.encode(Object.is(value, -0) ? 0 : value)
}

/** The first bits of an HMAC, in whole bytes whose last bits are zero. */
export function firstBits(hmac: Uint8Array, bits: number): Uint8Array {
  const length = Math.ceil(bits / 8)
  const index = copyBytes(hmac.subarray(0, length))
  const spare = length * 8 - bits
  index[length - 1] = ((index[length - 1] ?? 0) >> spare) << spare
  return index
}
