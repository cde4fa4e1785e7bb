/**
 * How the values of a column become bytes, which are then encrypted, and back. The library's own are named by text,
 * as `'string'`; implement this for values of another kind, for example of a class.
 *
 * The length of an encrypted value shows that of its bytes.
 */
export interface Codec<Value> {
  /** What errors call it, for example `string`. */
  readonly name: string
  /** The value's bytes. Throw if the value is of another type, or could not be had back from its bytes. */
  encode(value: Value): Uint8Array
  /** The value. Throw if the bytes are none of `encode`. */
  decode(bytes: Uint8Array): Value
}

/** Why a value cannot be encoded or decoded, without the value. */
export class CodecError extends Error {
  override name = 'CodecError'
}
