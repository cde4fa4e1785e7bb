import { KmsError } from './kms-error.ts'

/**
 * The pairs, sorted by the UTF-8 bytes of their keys. A list and never an object, so that a key such
 * as `__proto__` is data like any other.
 */
export type EncryptionContext = readonly (readonly [key: string, value: string])[]

export function toEncryptionContext(value: unknown): EncryptionContext {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new KmsError('SerializationException', 'The encryption context must be a JSON object')
  }
  const pairs = Object.entries(value).map(([key, text]): [string, string] => {
    if (typeof text !== 'string') {
      throw new KmsError('SerializationException', 'Encryption context values must be strings')
    }
    // Encoding a lone surrogate replaces it, and two different contexts would become one.
    if (!key.isWellFormed() || !text.isWellFormed()) {
      throw new KmsError('ValidationException', 'The encryption context is not well-formed Unicode')
    }
    return [key, text]
  })
  return pairs.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

/** One context, one sequence of bytes, and no two contexts the same: every part carries its length. */
export function encodeEncryptionContext(context: EncryptionContext): Buffer {
  return Buffer.concat([uint32(context.length), ...context.flat().map(withLength)])
}

function withLength(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([uint32(bytes.length), bytes])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
