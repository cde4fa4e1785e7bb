import { EnvelopeError, ItemError } from '../errors.ts'
import { compareUtf8, concat, copyBytes, fromUtf8, readUint16 } from '../format/bytes.ts'
import { type EncryptedDataKey, writeEncryptedDataKey } from '../format/encrypted-data-key.ts'
import { type EncryptionContext, serializeContext } from '../format/encryption-context.ts'
import { ByteWriter } from '../format/writer.ts'
import { itemSuiteById } from '../suites/item-suites.ts'
import { actionOf } from './legend.ts'
import { type StructureHeader, type StructureVersion, headerName } from './structure.ts'

/** Bytes of the message id and of the commitment. */
export const messageIdLength = 32
const commitmentLength = 32
/** The first byte of the suites' ids ("Format Flavor"). */
const suiteFamily = 0x6700
const noPairs = Uint8Array.of(0, 0)

/** The fields of a header, without what follows from them. */
export type HeaderFields = Omit<StructureHeader, 'bytes' | 'body' | 'commitment'>

/**
 * Writes the value of `aws_dbe_head` (structured-encryption/header.md).
 *
 * @param commit makes the commitment over the bytes in front of it.
 * @throws EnvelopeError `ERR_WRAP_FAILED`, `ERR_ENCRYPTION_CONTEXT` if a field has no room.
 */
export function writeHeader(
  fields: HeaderFields,
  commit: (body: Uint8Array) => Uint8Array,
): StructureHeader {
  const { version, suite, messageId, legend, encryptionContext, encryptedDataKeys } = fields
  const writer = new ByteWriter()
  writer.uint8(version)
  writer.uint8(suite.id - suiteFamily)
  writer.bytes(messageId)
  writer.uint16(legend.length)
  writer.bytes(legend)
  // Its reader, here and elsewhere, has keys in strictly ascending order, and begins with the empty one.
  if (Object.hasOwn(encryptionContext, '')) {
    throw new EnvelopeError(
      'ERR_ENCRYPTION_CONTEXT',
      'The encryption context of the materials has an empty key, which the header of an item cannot have',
    )
  }
  writer.bytes(serializeStoredContext(encryptionContext))
  if (encryptedDataKeys.length > 0xff) {
    throw new EnvelopeError(
      'ERR_WRAP_FAILED',
      `The item has ${encryptedDataKeys.length} encrypted data keys, and its header has room for 255`,
    )
  }
  writer.uint8(encryptedDataKeys.length)
  for (const key of encryptedDataKeys) writeEncryptedDataKey(writer, key)
  const bytes = concat(writer.written(), commit(writer.written()))
  return { ...fields, ...split(bytes) }
}

/** The pairs as bytes, unlike those of a message even if there are none ("Encryption Context"). */
export function serializeStoredContext(context: EncryptionContext): Uint8Array {
  const pairs = serializeContext(context)
  return pairs.length === 0 ? noPairs : pairs
}

function split(bytes: Uint8Array) {
  const body = bytes.subarray(0, -commitmentLength)
  return { bytes, body, commitment: bytes.subarray(-commitmentLength) }
}

/**
 * Reads the value of `aws_dbe_head` (structured-encryption/header.md). Nothing of it is verified.
 *
 * @throws ItemError `ERR_MALFORMED_ITEM` if it is not one.
 */
export function parseHeader(bytes: Uint8Array): StructureHeader {
  // A copy: it is verified after keyrings were waited for, and the caller's may have changed by then.
  const reader = new HeaderReader(copyBytes(bytes))
  const version = readVersion(reader)
  const suite = itemSuiteById(suiteFamily + reader.uint8('format flavor'))
  if (!suite) throw malformed('its format flavor is not known')
  const messageId = reader.take(messageIdLength, 'message id')
  const legend = readLegend(reader, version)
  const encryptionContext = readContext(reader)
  const encryptedDataKeys = readDataKeys(reader)
  const end = reader.offset
  reader.take(commitmentLength, 'commitment')
  if (reader.offset !== bytes.length) {
    throw malformed(`it has ${bytes.length - end - commitmentLength} bytes behind its commitment`)
  }
  const fields = { version, suite, messageId, legend, encryptionContext, encryptedDataKeys }
  return { ...fields, ...split(reader.bytes) }
}

function readVersion(reader: HeaderReader): StructureVersion {
  const version = reader.uint8('format version')
  if (version === 1 || version === 2) return version
  throw malformed(`its format version is ${version}, and this library knows 1 and 2`)
}

function readLegend(reader: HeaderReader, version: StructureVersion): Uint8Array {
  const legend = reader.take(reader.uint16('encrypt legend'), 'encrypt legend')
  let inContext = false
  for (const byte of legend) {
    const action = actionOf(byte)
    if (!action) throw malformed('its encrypt legend has a byte that says nothing')
    inContext ||= action === 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT'
  }
  // "Format Version": 2 exactly if a field is in the encryption context, so nothing else was ever written.
  if (inContext !== (version === 2)) {
    throw malformed(`its format version ${version} does not go with its encrypt legend`)
  }
  return legend
}

// "Key Value Pair Entries": in ascending order, so none is there twice.
function readContext(reader: HeaderReader): EncryptionContext {
  const count = reader.uint16('encryption context')
  const pairs: [string, string][] = []
  let last = ''
  for (let i = 0; i < count; i++) {
    const key = reader.text('encryption context')
    if (compareUtf8(last, key) >= 0) {
      throw malformed('the keys of its encryption context are not in ascending order')
    }
    pairs.push([key, reader.text('encryption context')])
    last = key
  }
  return Object.freeze(Object.fromEntries(pairs))
}

function readDataKeys(reader: HeaderReader): readonly EncryptedDataKey[] {
  const count = reader.uint8('encrypted data keys')
  if (count === 0) throw malformed('it has no encrypted data key')
  const keys: EncryptedDataKey[] = []
  for (let i = 0; i < count; i++) {
    const providerId = reader.text('encrypted data keys')
    // Copies: what a keyring does to them must not change the header, which is verified afterwards.
    const providerInfo = copyBytes(reader.sized('encrypted data keys'))
    const ciphertext = copyBytes(reader.sized('encrypted data keys'))
    keys.push({ providerId, providerInfo, ciphertext })
  }
  return keys
}

/** Takes field by field, none of which can be longer than what is left. */
class HeaderReader {
  readonly bytes: Uint8Array
  offset = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  take(length: number, what: string): Uint8Array {
    const end = this.offset + length
    if (end > this.bytes.length) throw malformed(`it ends in the middle of its ${what}`)
    const taken = this.bytes.subarray(this.offset, end)
    this.offset = end
    return taken
  }

  uint8(what: string): number {
    return this.take(1, what)[0] ?? 0
  }

  uint16(what: string): number {
    return readUint16(this.take(2, what))
  }

  /** Bytes behind their number. */
  sized(what: string): Uint8Array {
    return this.take(this.uint16(what), what)
  }

  /** Text behind the number of its bytes. */
  text(what: string): string {
    const text = fromUtf8(this.sized(what))
    if (text === undefined) throw malformed(`its ${what} has a text that is not UTF-8`)
    return text
  }
}

function malformed(why: string): ItemError {
  return new ItemError(
    'ERR_MALFORMED_ITEM',
    `The attribute ${headerName} is not the header of an encrypted item: ${why}`,
    headerName,
  )
}
