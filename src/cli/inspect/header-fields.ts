import { fromUtf8, readUint16, readUint32 } from '../../format/bytes.ts'
import { messageIdLength } from '../../format/header.ts'
import { commitmentLength, nonceLength, suiteById, tagLength } from '../../suites/suites.ts'
import { rawAesNameLength } from './data-keys.ts'
import { quoted } from './escape.ts'
import type { ListedPart } from './hex-listing.ts'

/**
 * The fields of a message's header, one after the other, as far as they go: of a damaged one those in front of the
 * damage (data-format/message-header.md). `bytes` may go on behind the header.
 */
export function headerFields(bytes: Uint8Array): ListedPart[] {
  const fields = new Fields(bytes)
  try {
    readFields(fields)
  } catch (error) {
    if (error !== endOfBytes) throw error
  }
  return fields.parts
}

const endOfBytes = new Error('the header goes on behind its end')

/** Takes field by field, and notes each. */
class Fields {
  readonly parts: ListedPart[] = []
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  take(length: number, what: string | ((bytes: Uint8Array) => string), depth = 0): Uint8Array {
    const offset = this.#offset
    const bytes = this.#bytes.subarray(offset, offset + length)
    const cut = bytes.length < length
    const text = typeof what === 'string' ? what : cut ? 'text' : what(bytes)
    const note = cut ? `${text}: cut off, it has ${length} bytes` : text
    this.parts.push({ offset, bytes, length: bytes.length, what: note, depth })
    if (cut) throw endOfBytes
    this.#offset += length
    return bytes
  }

  /** The next bytes, which are not taken yet; fewer at the end. */
  ahead(length: number): Uint8Array {
    return this.#bytes.subarray(this.#offset, this.#offset + length)
  }

  /** A length in two bytes, and what has it. */
  sized(name: string, depth: number, what: (bytes: Uint8Array) => string): Uint8Array {
    const length = this.take(2, (bytes) => `${name}: ${readUint16(bytes)} bytes`, depth)
    return this.take(readUint16(length), what, depth + 1)
  }
}

function readFields(fields: Fields): void {
  const [version] = fields.take(1, 'version of the format')
  if (version !== 1 && version !== 2) return
  if (version === 1) fields.take(1, 'type: customer authenticated encrypted data')
  const id = fields.take(2, (bytes) => `algorithm suite: ${suiteName(bytes)}`)
  const suite = suiteById(readUint16(id))
  if (suite?.messageVersion !== version) return
  fields.take(messageIdLength[version], 'message id')
  readContext(fields)
  readDataKeys(fields)
  const [contentType] = fields.take(1, 'content type: 02 is framed, 01 is not')
  if (contentType !== 1 && contentType !== 2) return
  if (version === 1) {
    fields.take(4, 'reserved')
    fields.take(1, 'bytes of a nonce')
  }
  fields.take(4, (bytes) => `frame length: ${readUint32(bytes)}`)
  if (suite.commitment) fields.take(commitmentLength, 'key commitment')
  if (version === 1) fields.take(nonceLength, "nonce of the header's tag")
  fields.take(tagLength, 'tag over the header')
}

function readContext(fields: Fields): void {
  const length = readUint16(
    fields.take(2, (bytes) => `encryption context: ${readUint16(bytes)} bytes`),
  )
  if (length === 0) return
  const count = readUint16(fields.take(2, (bytes) => `${readUint16(bytes)} pairs`, 1))
  for (let i = 0; i < count; i++) {
    fields.sized('key', 1, text)
    fields.sized('value', 1, text)
  }
}

function readDataKeys(fields: Fields): void {
  const count = fields.take(2, (bytes) => `encrypted data keys: ${readUint16(bytes)}`)
  for (let i = 0; i < readUint16(count); i++) {
    fields.sized('key provider id', 1, text)
    const length = readUint16(
      fields.take(2, (bytes) => `key provider info: ${readUint16(bytes)} bytes`, 1),
    )
    readProviderInfo(fields, length)
    fields.sized('encrypted data key', 1, () => 'the encrypted data key')
  }
}

/** A raw AES key's info is its name, and three fields behind it; every other one is shown as one. */
function readProviderInfo(fields: Fields, length: number): void {
  const nameLength = rawAesNameLength(fields.ahead(length))
  if (nameLength === undefined) {
    fields.take(length, text, 2)
    return
  }
  fields.take(nameLength, text, 2)
  fields.take(4, 'bits of the tag', 2)
  fields.take(4, 'bytes of the nonce', 2)
  fields.take(nonceLength, 'the nonce', 2)
}

function suiteName(bytes: Uint8Array): string {
  return suiteById(readUint16(bytes))?.name ?? 'not one of the format'
}

/** A text as it stands there, or what it is if it is none. */
function text(bytes: Uint8Array): string {
  const found = fromUtf8(bytes)
  return found === undefined ? 'not text' : quoted(found)
}
