import { types } from 'node:util'
import { isBytes } from '../../checks.ts'
import { type Codec, CodecError, kindOf } from './codec.ts'

// The bytes are a format: docs/guides/sql-values.md has them for readers in other languages.

const utf8 = new TextEncoder()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8. */
export const stringCodec: Codec<string> = {
  name: 'string',
  encode(value) {
    check(typeof value === 'string', value)
    if (!value.isWellFormed()) throw new CodecError('has a lone surrogate, which has no UTF-8 form')
    return utf8.encode(value)
  },
  decode(bytes) {
    try {
      return strictUtf8.decode(bytes)
    } catch {
      throw new CodecError('is not UTF-8')
    }
  },
}

/** Eight bytes, IEEE 754, big-endian: the length says nothing of the number. */
export const numberCodec: Codec<number> = {
  name: 'number',
  encode(value) {
    check(typeof value === 'number', value)
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setFloat64(0, value)
    return bytes
  },
  decode(bytes) {
    if (bytes.length !== 8) throw new CodecError(`has ${bytes.length} bytes and not 8`)
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0)
  },
}

/** Decimal text: the length tells the magnitude. */
export const bigintCodec: Codec<bigint> = {
  name: 'bigint',
  encode(value) {
    check(typeof value === 'bigint', value)
    return utf8.encode(String(value))
  },
  decode(bytes) {
    const text = stringCodec.decode(bytes)
    if (!/^(?:0|-?[1-9]\d*)$/.test(text)) throw new CodecError('is not a whole decimal number')
    return BigInt(text)
  },
}

/** One byte, `t` or `f`: as long for true as for false. */
export const booleanCodec: Codec<boolean> = {
  name: 'boolean',
  encode(value) {
    check(typeof value === 'boolean', value)
    return utf8.encode(value ? 't' : 'f')
  },
  decode(bytes) {
    const text = stringCodec.decode(bytes)
    if (text !== 't' && text !== 'f') throw new CodecError('is neither t nor f')
    return text === 't'
  },
}

/** ISO 8601 in UTC with milliseconds, as `Date.toISOString` writes it. */
export const dateCodec: Codec<Date> = {
  name: 'date',
  encode(value) {
    check(types.isDate(value), value)
    // Of the date itself: a class of the application's can write its dates in another way, which is none to decode.
    const date = new Date(Date.prototype.getTime.call(value))
    if (Number.isNaN(date.getTime())) throw new CodecError('is an invalid date')
    return utf8.encode(date.toISOString())
  },
  decode(bytes) {
    const text = stringCodec.decode(bytes)
    const date = new Date(text)
    if (Number.isNaN(date.getTime()) || date.toISOString() !== text) {
      throw new CodecError('is not a date of ISO 8601 in UTC with milliseconds')
    }
    return date
  },
}

/** The bytes as they are. A Buffer comes back as a Uint8Array. */
export const bytesCodec: Codec<Uint8Array> = {
  name: 'bytes',
  encode(value) {
    check(isBytes(value), value)
    // A copy: what the caller does to the buffer while KMS is asked must not become the value.
    return new Uint8Array(value)
  },
  decode: (bytes) => new Uint8Array(bytes),
}

function check(isOfType: boolean, value: unknown): void {
  if (!isOfType) throw new CodecError(`is of type ${kindOf(value)}`)
}
