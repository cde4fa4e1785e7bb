import { nonceLength, tagLength } from '../suites/suites.ts'
import { utf8, writeUint32 } from './bytes.ts'

/** What stands in place of the sequence number at the start of the final frame. */
export const finalFrameMarker = 0xffffffff
/** The most frames that a message can have (data-format/message-body.md, "Framed Data"). */
export const maxFrames = 0xffffffff
/** Bytes around the content of a regular frame: sequence number, nonce, tag. */
export const regularFrameOverhead = 4 + nonceLength + tagLength
/** Bytes around the content of the final frame: marker, sequence number, nonce, length, tag. */
export const finalFrameOverhead = 4 + 4 + nonceLength + 4 + tagLength
/** Bytes around the content of a non-framed body: nonce, length, tag. */
const nonFramedOverhead = nonceLength + 8 + tagLength
/** message-body.md, "Encrypted Content Length" of non-framed data. */
export const maxNonFramedLength = 2 ** 36 - 32

/** What is being authenticated (data-format/message-body-aad.md, "Body AAD Content"). */
const contentStrings = {
  nonFramed: utf8('AWSKMSEncryptionClient Single Block'),
  regular: utf8('AWSKMSEncryptionClient Frame'),
  final: utf8('AWSKMSEncryptionClient Final Frame'),
}
export type BodyContent = keyof typeof contentStrings

/**
 * The additional authenticated data of one kind of body content. One buffer serves all frames: only
 * the sequence number and the length change.
 */
export class BodyAad {
  readonly #bytes: Uint8Array
  readonly #sequenceAt: number

  constructor(messageId: Uint8Array, content: BodyContent) {
    const text = contentStrings[content]
    this.#sequenceAt = messageId.length + text.length
    // From Node's pool, for nothing here is secret: a buffer of its own costs a small message more.
    this.#bytes = Buffer.allocUnsafe(this.#sequenceAt + 12)
    this.#bytes.set(messageId)
    this.#bytes.set(text, messageId.length)
  }

  /** The data for this frame, valid until the next call. */
  for(sequence: number, length: number): Uint8Array {
    writeUint32(this.#bytes, this.#sequenceAt, sequence)
    writeUint32(this.#bytes, this.#sequenceAt + 4, Math.floor(length / 2 ** 32))
    writeUint32(this.#bytes, this.#sequenceAt + 8, length % 2 ** 32)
    return this.#bytes
  }
}

/** The nonce of a frame: its sequence number in 12 bytes (client-apis/encrypt.md, "Construct a frame"). */
export function writeFrameNonce(nonce: Uint8Array, sequence: number): Uint8Array {
  writeUint32(nonce, nonceLength - 4, sequence)
  return nonce
}

/** What precedes the content of a frame (message-body.md, "Regular Frame" and "Final Frame"). */
export function frameHead(
  sequence: number,
  nonce: Uint8Array,
  length: number,
  final: boolean,
): Uint8Array {
  const at = final ? 4 : 0
  const head = new Uint8Array(final ? 8 + nonceLength + 4 : 4 + nonceLength)
  if (final) {
    writeUint32(head, 0, finalFrameMarker)
    writeUint32(head, 8 + nonceLength, length)
  }
  writeUint32(head, at, sequence)
  head.set(nonce, at + 4)
  return head
}

/** Bytes of the body of a framed message whose last frame is as full as it can be. */
export function framedBodyLength(plaintextLength: number, frameLength: number): number {
  const frames = Math.max(1, Math.ceil(plaintextLength / frameLength))
  return (frames - 1) * regularFrameOverhead + finalFrameOverhead + plaintextLength
}

/**
 * The most bytes of plaintext that `bodyLength` bytes can hold; exact if the body is well-formed and
 * nothing follows it.
 */
export function maxPlaintextLength(bodyLength: number, frameLength: number): number {
  const overhead = frameLength === 0 ? nonFramedOverhead : finalFrameOverhead
  const content = Math.max(0, bodyLength - overhead)
  if (frameLength === 0) return content
  const regularFrames = Math.floor(content / (frameLength + regularFrameOverhead))
  return content - regularFrames * regularFrameOverhead
}
