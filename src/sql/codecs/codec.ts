import { isBytes } from '../../checks.ts'

/**
 * How the values of a column become bytes, which are then encrypted, and back. The library's own are named by text,
 * as `'string'`; implement this for values of another kind, for example of a class.
 *
 * Both methods return at once: a promise is refused. The length of an encrypted value shows that of its bytes.
 *
 * @example
 * ```ts
 * const money: Codec<Money> = {
 *   name: 'money',
 *   encode: (value) => new TextEncoder().encode(value.toString()),
 *   decode: (bytes) => Money.parse(new TextDecoder().decode(bytes)),
 * }
 * const orders = defineTable('orders', { primaryKey: { id: 'uuid' }, columns: { total: money } })
 * ```
 */
export interface Codec<Value> {
  /** What errors call it, for example `string`. */
  readonly name: string
  /**
   * The value's bytes, which nothing changes any more. Throw if the value is of another type, or could not be had
   * back from its bytes; what you throw is shown only if it is a {@link CodecError}.
   */
  encode(value: Value): Uint8Array
  /** The value. Throw if the bytes are none of `encode`. */
  decode(bytes: Uint8Array): Value
}

const brand = Symbol.for('waxseal.CodecError')

/**
 * Why a value cannot be encoded or decoded: the message goes on from "the value", as in "is not a date". It must not
 * hold the value, for it becomes part of that of a `FieldError`.
 */
export class CodecError extends Error {
  override name = 'CodecError'

  /** Whether `value` is such an error, whichever copy of the library made it. */
  static is(value: unknown): value is CodecError {
    return typeof value === 'object' && value !== null && brand in value
  }
}

Object.defineProperty(CodecError.prototype, brand, { value: true })

/** What kind of value it is, for errors: never the value. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return isBytes(value) ? 'bytes' : typeof value
}
