import { EnvelopeError, MalformedMessageError } from '../errors.ts'
import {
  type AlgorithmSuite,
  type AlgorithmSuiteName,
  commitmentLength,
  nonceLength,
  suiteById,
  suiteIdText,
  tagLength,
} from '../suites/suites.ts'
import { concat, copyBytes, readUint16, readUint32, writeUint16, writeUint32 } from './bytes.ts'
import {
  type EncryptedDataKey,
  readEncryptedDataKeys,
  serializeEncryptedDataKeys,
} from './encrypted-data-key.ts'
import {
  type EncryptionContext,
  parseContext,
  serializeContextField,
} from './encryption-context.ts'
import { type ByteReader, type Parsing, malformed } from './reader.ts'

/** What a message says of itself in front of its body (data-format/message-header.md). */
export interface MessageHeader {
  /** The version of the message format. */
  readonly version: 1 | 2
  readonly algorithmSuite: AlgorithmSuiteName
  /** 16 random bytes in version 1, 32 in version 2. */
  readonly messageId: Uint8Array
  /** The pairs stored in the message; those that a CMM made required are not among them. */
  readonly encryptionContext: EncryptionContext
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
  readonly contentType: 'framed' | 'non-framed'
  /** Bytes of plaintext in each frame but the last; 0 in a non-framed message. */
  readonly frameLength: number
  /** Bytes of the whole header, its authentication included: where the body begins. */
  readonly headerLength: number
}

/** A header as it was read: its fields, and the bytes that its tag authenticates. */
export interface ParsedHeader {
  readonly fields: MessageHeader
  readonly suite: AlgorithmSuite
  /** The header body, byte for byte as it came. */
  readonly body: Uint8Array
  /** The commit key, of a committing suite. */
  readonly commitment: Uint8Array | undefined
  readonly nonce: Uint8Array
  readonly tag: Uint8Array
}

const messageType = 0x80 // "Customer Authenticated Encrypted Data", the only one
const contentTypes = { nonFramed: 1, framed: 2 } as const

/** Bytes of the message id, by message format version. */
export const messageIdLength = { 1: 16, 2: 32 } as const

/** The header body of a framed message (message-header.md, "Header Body"). */
export function serializeHeaderBody(
  suite: AlgorithmSuite,
  messageId: Uint8Array,
  storedContext: EncryptionContext,
  encryptedDataKeys: readonly EncryptedDataKey[],
  frameLength: number,
  commitment: Uint8Array | undefined,
): Uint8Array {
  const suiteId = new Uint8Array(2)
  writeUint16(suiteId, 0, suite.id)
  const length = new Uint8Array(4)
  writeUint32(length, 0, frameLength)
  const context = serializeContextField(storedContext)
  const keys = serializeEncryptedDataKeys(encryptedDataKeys)
  const framed = Uint8Array.of(contentTypes.framed)
  if (suite.messageVersion === 2) {
    const suiteData = commitment ?? new Uint8Array(0)
    return concat(Uint8Array.of(2), suiteId, messageId, context, keys, framed, length, suiteData)
  }
  const start = Uint8Array.of(1, messageType)
  const reservedAndNonceLength = Uint8Array.of(0, 0, 0, 0, nonceLength)
  return concat(start, suiteId, messageId, context, keys, framed, reservedAndNonceLength, length)
}

/** Reads a header of either version. Nothing in it is authenticated yet. */
export function* readHeader(
  reader: ByteReader,
  maxEncryptedDataKeys: number | undefined,
): Parsing<ParsedHeader> {
  reader.mark()
  const version = yield* readVersion(reader)
  const suite = yield* readSuite(reader, version)
  // Copies: the caller may reuse its buffer while the keyring is asked, and what was parsed must stay.
  const messageId = copyBytes(yield* reader.take(messageIdLength[version], 'message id'))
  const contextLength = readUint16(yield* reader.take(2, 'encryption context length'))
  const context = yield* reader.take(contextLength, 'encryption context')
  const encryptionContext = parseContext(context, reader.offset - contextLength)
  const encryptedDataKeys = yield* readEncryptedDataKeys(reader, maxEncryptedDataKeys)
  const contentType = yield* readContentType(reader)
  if (version === 1) yield* readReservedAndNonceLength(reader)
  const frameLength = yield* readFrameLength(reader, contentType)
  const commitment = suite.commitment
    ? copyBytes(yield* reader.take(commitmentLength, 'key commitment'))
    : undefined
  const body = reader.marked()
  // Version 1 stores the nonce of the header's tag; version 2 has it zero (client-apis/decrypt.md,
  // "Verify the header").
  const nonce =
    version === 1
      ? copyBytes(yield* reader.take(nonceLength, 'header nonce'))
      : new Uint8Array(nonceLength)
  const tag = copyBytes(yield* reader.take(tagLength, 'header authentication tag'))
  const fields: MessageHeader = {
    version,
    algorithmSuite: suite.name,
    messageId,
    encryptionContext,
    encryptedDataKeys,
    contentType,
    frameLength,
    headerLength: reader.offset,
  }
  return { fields, suite, body, commitment, nonce, tag }
}

function* readVersion(reader: ByteReader): Parsing<1 | 2> {
  const version = yield* readByte(reader, 'version')
  // The first two characters of a message in base64 (client-apis/decrypt.md, "Encrypted Message
  // Format"): "AY" for version 1; "Ag" for version 2.
  if (version === 0x41) {
    const next = yield* readByte(reader, 'version')
    if (next === 0x59 || next === 0x67) throw base64Message()
  }
  if (version !== 1 && version !== 2) {
    throw malformed(
      0,
      `This is not a message of the AWS Encryption SDK: it begins with ${hex(version)}, and messages ` +
        'begin with their version, 0x01 or 0x02',
    )
  }
  return version
}

function* readSuite(reader: ByteReader, version: 1 | 2): Parsing<AlgorithmSuite> {
  if (version === 1) {
    const type = yield* readByte(reader, 'message type')
    if (type !== messageType) {
      throw malformed(
        1,
        `The message type is ${hex(type)}, and only ${hex(messageType)} is defined`,
      )
    }
  }
  const id = readUint16(yield* reader.take(2, 'algorithm suite id'))
  const suite = suiteById(id)
  if (suite?.messageVersion === version) return suite
  throw new EnvelopeError(
    'ERR_UNKNOWN_ALGORITHM_SUITE',
    `The message names algorithm suite ${suiteIdText(id)}, which ` +
      (suite ? `is not for messages of version ${version}` : 'is not one of the format'),
  )
}

function* readContentType(reader: ByteReader): Parsing<MessageHeader['contentType']> {
  const value = yield* readByte(reader, 'content type')
  if (value === contentTypes.framed) return 'framed'
  if (value === contentTypes.nonFramed) return 'non-framed'
  throw malformed(
    reader.offset - 1,
    `The content type is ${hex(value)}, and only 0x01 and 0x02 are defined`,
  )
}

function* readReservedAndNonceLength(reader: ByteReader): Parsing<void> {
  const reserved = readUint32(yield* reader.take(4, 'reserved field'))
  if (reserved !== 0) throw malformed(reader.offset - 4, 'The reserved field is not zero')
  const length = yield* readByte(reader, 'IV length')
  if (length !== nonceLength) {
    throw malformed(
      reader.offset - 1,
      `The IV length is ${length}, and every suite has ${nonceLength}`,
    )
  }
}

function* readFrameLength(
  reader: ByteReader,
  contentType: MessageHeader['contentType'],
): Parsing<number> {
  const length = readUint32(yield* reader.take(4, 'frame length'))
  if ((length === 0) === (contentType === 'non-framed')) return length
  throw malformed(
    reader.offset - 4,
    length === 0
      ? 'The frame length of a framed message is 0'
      : `The frame length of a non-framed message is ${length}, and must be 0`,
  )
}

function* readByte(reader: ByteReader, field: string): Parsing<number> {
  const [value = 0] = yield* reader.take(1, field)
  return value
}

function base64Message(): MalformedMessageError {
  return new MalformedMessageError(
    'ERR_BASE64_MESSAGE',
    'The message is base64 text, and decryption takes its bytes: decode it first, for example with ' +
      "Buffer.from(text, 'base64')",
    0,
  )
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`
}
