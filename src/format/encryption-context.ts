import { isPlainObject } from '../checks.ts'
import { EnvelopeError } from '../errors.ts'
import { compareUtf8, fromUtf8, readUint16 } from './bytes.ts'
import { malformed } from './reader.ts'
import { ByteWriter } from './writer.ts'

/**
 * Text pairs that are authenticated with a message, and are stored in it in the clear unless a CMM
 * makes them required. They say what the message is for: its tenant, its table, its purpose
 * (framework/structures.md, "Encryption Context").
 */
export type EncryptionContext = Readonly<Record<string, string>>

/** Keys with this prefix belong to the library (client-apis/encrypt.md, "Encryption Context"). */
export const reservedPrefix = 'aws-crypto-'
/** The key under which a signed message stores its verification key, in base64. */
export const publicKeyName = 'aws-crypto-public-key'

const noBytes = new Uint8Array(0)
const noPairs: EncryptionContext = Object.freeze({})
const longest = 0xffff

/** A frozen copy of what a caller gave, after refusing what could not be written or read back. */
export function copyContext(
  context: EncryptionContext | undefined,
  field: string,
): EncryptionContext {
  if (context === undefined) return noPairs
  // The types say that all this holds; it is checked because JavaScript callers have no types. Of a Map
  // or a class instance the pairs would not be seen, and the message would not be bound to them.
  const given: unknown = context
  if (!isPlainObject(given)) {
    throw invalid(`${field} must be a plain object of text pairs`)
  }
  const entries: [string, unknown][] = Object.entries(given)
  const pairs: [string, string][] = entries.map(([key, value]) => {
    const name = `${field}[${JSON.stringify(key)}]`
    if (typeof value !== 'string') throw invalid(`${name} must be a string, not ${typeof value}`)
    // A lone surrogate has no UTF-8 form: written, it would come back as another text.
    if (!key.isWellFormed()) throw invalid(`The key of ${name} has a lone surrogate`)
    if (!value.isWellFormed()) throw invalid(`${name} has a lone surrogate`)
    return [key, value]
  })
  return Object.freeze(Object.fromEntries(pairs))
}

/** The same pairs, which nobody can change: a context that is frozen already as it is. */
export function frozenContext(context: EncryptionContext): EncryptionContext {
  return Object.isFrozen(context) ? context : Object.freeze({ ...context })
}

/** Refuses keys that only the library may set. */
export function checkNoReservedKeys(context: EncryptionContext, field: string): void {
  const reserved = Object.keys(context).find((key) => key.startsWith(reservedPrefix))
  if (reserved !== undefined) {
    throw invalid(
      `${field} has the key ${JSON.stringify(reserved)}; keys that begin with ` +
        `"${reservedPrefix}" are reserved for the format. Choose another name`,
    )
  }
}

/**
 * The pairs as bytes, sorted by the key's UTF-8 bytes; an empty context is no bytes at all
 * (framework/structures.md, "Serialization"). This is what keyrings authenticate.
 */
export function serializeContext(context: EncryptionContext): Uint8Array {
  if (context === noPairs) return noBytes
  return serializePairs(Object.entries(context).sort(([a], [b]) => compareUtf8(a, b)))
}

/**
 * The pairs sorted by locale. So does AWS's library for JavaScript for what its raw AES keyring
 * authenticates, unless it is given the option `utf8Sorting`; only used to read its messages.
 */
export function serializeContextByLocale(context: EncryptionContext): Uint8Array {
  const { compare } = new Intl.Collator()
  return serializePairs(Object.entries(context).sort(([a], [b]) => compare(a, b)))
}

function serializePairs(pairs: readonly (readonly [key: string, value: string])[]): Uint8Array {
  if (pairs.length === 0) return noBytes
  const writer = new ByteWriter()
  writer.uint16(fits(pairs.length, 'the number of its pairs'))
  for (const [key, value] of pairs) {
    writer.text(key, checkKeyLength)
    writer.text(value, checkValueLength)
  }
  return writer.written()
}

function checkKeyLength(length: number): void {
  fits(length, 'the length of a key')
}

function checkValueLength(length: number): void {
  fits(length, 'the length of a value')
}

/** The header's AAD field: the length of the pairs in two bytes, then the pairs. */
export function writeContextField(writer: ByteWriter, context: EncryptionContext): void {
  const pairs = serializeContext(context)
  writer.uint16(fits(pairs.length, 'the length of its serialized form'))
  writer.bytes(pairs)
}

/** Reads the pairs of a header's AAD field, which begins at `offset` in the message. */
export function parseContext(bytes: Uint8Array, offset: number): EncryptionContext {
  if (bytes.length === 0) return noPairs
  let at = 0
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) {
      throw malformed(offset + at, 'The encryption context is longer than its length field says')
    }
    at += length
    return bytes.subarray(at - length, at)
  }
  const text = (what: string): string => {
    const value = fromUtf8(take(readUint16(take(2))))
    if (value === undefined)
      throw malformed(offset + at, `The encryption context has a ${what} that is not UTF-8`)
    return value
  }
  const count = readUint16(take(2))
  if (count === 0) throw malformed(offset, 'The encryption context has bytes but no pairs')
  // Read in whatever order they come: messages of older SDKs are sorted by other rules.
  const pairs = new Map<string, string>()
  for (let i = 0; i < count; i++) {
    const key = text('key')
    if (pairs.has(key)) {
      throw malformed(
        offset + at,
        `The encryption context has the key ${JSON.stringify(key)} twice`,
      )
    }
    pairs.set(key, text('value'))
  }
  if (at !== bytes.length) {
    throw malformed(offset + at, 'The encryption context is shorter than its length field says')
  }
  return Object.freeze(Object.fromEntries(pairs))
}

/** What to say of reproduced pairs when a message does not open: they may be why. */
export function notStoredNote(requiredContextKeys: readonly string[]): string | undefined {
  if (requiredContextKeys.length === 0) return undefined
  const keys = requiredContextKeys.map((key) => JSON.stringify(key)).join(', ')
  return (
    `The message does not store the encryption context keys ${keys} that were given to decrypt it: ` +
    'it opens only if it was encrypted with them as required keys'
  )
}

function fits(value: number, what: string): number {
  if (value <= longest) return value
  throw invalid(
    `The encryption context is too large: ${what} is ${value}, and the message format has room for ` +
      `${longest}`,
  )
}

function invalid(message: string): EnvelopeError {
  return new EnvelopeError('ERR_ENCRYPTION_CONTEXT', message)
}
