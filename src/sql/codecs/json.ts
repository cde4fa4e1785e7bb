import { isPlainObject } from '../../checks.ts'
import { type Codec, CodecError } from './codec.ts'
import { stringCodec } from './scalars.ts'

/** What JSON can hold, on at most 500 levels. Members that are `undefined` are left out. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json | undefined }

/**
 * JSON text without white space, the members in the order of the object. What JSON does not hold exactly is refused,
 * and not silently changed; objects come back as plain ones. A lone surrogate is escaped, and comes back.
 */
export const jsonCodec: Codec<Json> = {
  name: 'json',
  encode: (value) => stringCodec.encode(write(value, '$', new Set())),
  decode(bytes) {
    const text = stringCodec.decode(bytes)
    try {
      return JSON.parse(text) as Json
    } catch {
      // The parser's own error quotes the text, which is a secret.
      throw new CodecError('is not JSON')
    }
  },
}

/**
 * The codec `json` for values of one type, which is that of the column. It says what the values are, and checks
 * nothing.
 *
 * @example
 * ```ts
 * defineTable('users', { primaryKey: { id: 'uuid' }, columns: { address: json<Address>() } })
 * ```
 */
export function json<Value>(): Codec<Value> {
  // The one cast that the docstring owns up to.
  return jsonCodec as unknown as Codec<Value>
}

/**
 * What is nested deeper is refused with an error of its own, and not with one of the stack. PostgreSQL and MySQL take
 * less in a column of theirs.
 */
const mostLevels = 500

function write(value: unknown, place: string, within: Set<object>): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') return writeNumber(value, place)
  if (typeof value !== 'object') throw new CodecError(`holds ${typeof value} at ${place}`)
  if (within.has(value)) throw new CodecError(`holds itself at ${place}`)
  if (within.size === mostLevels) {
    throw new CodecError(`has more than ${mostLevels} levels of objects and arrays`)
  }
  within.add(value)
  const text = Array.isArray(value)
    ? writeArray(value, place, within)
    : writeObject(value, place, within)
  within.delete(value)
  return text
}

function writeNumber(value: number, place: string): string {
  if (!Number.isFinite(value)) throw new CodecError(`holds a number that JSON has not, at ${place}`)
  // JSON.stringify would lose the sign.
  return Object.is(value, -0) ? '-0' : String(value)
}

function writeArray(values: readonly unknown[], place: string, within: Set<object>): string {
  // One property is the length. Another that is no element, or a hole in place of one, would not come back.
  if (Reflect.ownKeys(values).length !== values.length + 1) {
    throw new CodecError(`holds an array with holes or with names, at ${place}`)
  }
  return `[${values.map((value, index) => write(value, `${place}[${index}]`, within)).join(',')}]`
}

function writeObject(value: object, place: string, within: Set<object>): string {
  // A Date, a Map or an instance of a class would come back as something else.
  if (!isPlainObject(value)) {
    throw new CodecError(`holds an object that is not a plain one, at ${place}`)
  }
  const entries: [string, unknown][] = Object.entries(value)
  if (Reflect.ownKeys(value).length !== entries.length) {
    throw new CodecError(`holds an object with symbols or hidden members, at ${place}`)
  }
  const members = entries
    .filter(([, member]) => member !== undefined)
    // The name is not told: names of members can be secrets too.
    .map(
      ([name, member], index) =>
        `${JSON.stringify(name)}:${write(member, `${place}{${index}}`, within)}`,
    )
  return `{${members.join(',')}}`
}
