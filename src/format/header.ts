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
import { copyBytes, readUint16, readUint32 } from './bytes.ts'
import {
  type EncryptedDataKey,
  readEncryptedDataKeys,
  writeEncryptedDataKeys,
} from './encrypted-data-key.ts'
import { type EncryptionContext, parseContext, writeContextField } from './encryption-context.ts'
import { type ByteReader, type Parsing, malformed } from './reader.ts'
import type { ByteWriter } from './writer.ts'

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

/** Writes the header body of a framed message (message-header.md, "Header Body"). */
export function writeHeaderBody(
  writer: ByteWriter,
  suite: AlgorithmSuite,
  fields: Pick<
    MessageHeader,
    'messageId' | 'encryptionContext' | 'encryptedDataKeys' | 'frameLength'
  >,
  commitment: Uint8Array | undefined,
): void {
  const version = suite.messageVersion
  writer.uint8(version)
  if (version === 1) writer.uint8(messageType)
  writer.uint16(suite.id)
  writer.bytes(fields.messageId)
  writeContextField(writer, fields.encryptionContext)
  writeEncryptedDataKeys(writer, fields.encryptedDataKeys)
  writer.uint8(contentTypes.framed)
  if (version === 1) {
    writer.uint32(0) // reserved
    writer.uint8(nonceLength)
  }
  writer.uint32(fields.frameLength)
  if (commitment) writer.bytes(commitment)
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
  const messageId = copyBytes(
    reader.takeNow(messageIdLength[version]) ??
      (yield* reader.take(messageIdLength[version], 'message id')),
  )
  const contextLength = readUint16(
    reader.takeNow(2) ?? (yield* reader.take(2, 'encryption context length')),
  )
  const context =
    reader.takeNow(contextLength) ?? (yield* reader.take(contextLength, 'encryption context'))
  const encryptionContext = parseContext(context, reader.offset - contextLength)
  const encryptedDataKeys = yield* readEncryptedDataKeys(reader, maxEncryptedDataKeys)
  const contentType = yield* readContentType(reader)
  if (version === 1) yield* readReservedAndNonceLength(reader)
  const frameLength = yield* readFrameLength(reader, contentType)
  const commitment = suite.commitment
    ? copyBytes(
        reader.takeNow(commitmentLength) ??
          (yield* reader.take(commitmentLength, 'key commitment')),
      )
    : undefined
  const body = reader.marked()
  // Version 1 stores the nonce of the header's tag; version 2 has it zero (client-apis/decrypt.md,
  // "Verify the header").
  const nonce =
    version === 1
      ? copyBytes(reader.takeNow(nonceLength) ?? (yield* reader.take(nonceLength, 'header nonce')))
      : new Uint8Array(nonceLength)
  const tag = copyBytes(
    reader.takeNow(tagLength) ?? (yield* reader.take(tagLength, 'header authentication tag')),
  )
  const fields: MessageHeader = Object.freeze({
    version,
    algorithmSuite: suite.name,
    messageId,
    encryptionContext,
    encryptedDataKeys,
    contentType,
    frameLength,
    headerLength: reader.offset,
  })
  return { fields, suite, body, commitment, nonce, tag }
}

function* readVersion(reader: ByteReader): Parsing<1 | 2> {
  const version = yield* readByte(reader, 'version')
  // The first two characters of a message in base64: "AY" for version 1 (client-apis/decrypt.md,
  // "Encrypted Message Format"), and by the same reckoning "Ag" for version 2.
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
  const id = readUint16(reader.takeNow(2) ?? (yield* reader.take(2, 'algorithm suite id')))
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
  const reserved = readUint32(reader.takeNow(4) ?? (yield* reader.take(4, 'reserved field')))
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
  const length = readUint32(reader.takeNow(4) ?? (yield* reader.take(4, 'frame length')))
  if ((length === 0) === (contentType === 'non-framed')) return length
  throw malformed(
    reader.offset - 4,
    length === 0
      ? 'The frame length of a framed message is 0'
      : `The frame length of a non-framed message is ${length}, and must be 0`,
  )
}

function* readByte(reader: ByteReader, field: string): Parsing<number> {
  const [value = 0] = reader.takeNow(1) ?? (yield* reader.take(1, field))
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
