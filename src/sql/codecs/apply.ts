import { hasMethods, isBytes } from '../../checks.ts'
import { type Codec, CodecError, kindOf } from './codec.ts'

// A codec may be the application's own: it may throw anything, and return anything.

/**
 * The bytes of a value.
 *
 * @throws CodecError alone: what else a codec throws can hold the value.
 */
export function encoded(codec: Codec<unknown>, value: unknown): Uint8Array {
  // Null is stored as it is, so that the database knows it for one.
  if (value === null || value === undefined) throw new CodecError(`is ${String(value)}`)
  const bytes: unknown = called(() => codec.encode(value))
  if (isBytes(bytes)) return bytes
  throw returned(bytes, 'where a Uint8Array is needed')
}

/** The value of bytes, which is nothing that a caller would still have to wait for. */
export function decoded(codec: Codec<unknown>, bytes: Uint8Array): unknown {
  const value = called(() => codec.decode(bytes))
  if (isThenable(value)) throw returned(value, 'and cannot be waited for')
  return value
}

function called<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (CodecError.is(error)) throw error
    const what = error instanceof Error ? error.name : 'what is no error'
    throw new CodecError(`made its codec fail with ${what}`)
  }
}

function returned(value: unknown, why: string): CodecError {
  if (!isThenable(value)) {
    return new CodecError(`made its codec return what is of type ${kindOf(value)}, ${why}`)
  }
  // Its failure would be nobody's, and end the process.
  Promise.resolve(value).catch(() => undefined)
  return new CodecError(`made its codec return a promise, ${why}`)
}

function isThenable(value: unknown): boolean {
  return hasMethods(value, ['then'])
}
