import { finalFrameMarker, maxNonFramedLength } from '../../format/body.ts'
import { concat, readUint16, readUint32, readUint64 } from '../../format/bytes.ts'
import type { ParsedHeader } from '../../format/header.ts'
import { type ByteReader, type Parsing, malformed } from '../../format/reader.ts'
import { nonceLength, tagLength } from '../../suites/suites.ts'

/** What is known of the body, so far. Counted by lengths alone: nothing of it is verified. */
export interface BodyFacts {
  /** 0 of a body that is not framed. */
  frames: number
  plaintextLength: number
  /** Bytes of the signature, of a signed message whose end was found. */
  signatureLength: number | undefined
  /** Bytes that follow the end of the message; undefined until it was found. */
  bytesBehind: number | undefined
}

/** One piece of a body, as it is laid out. */
export interface BodyPart {
  readonly offset: number
  readonly bytes: Uint8Array
  readonly what: string
  readonly depth: number
}

/** Is told of each part; of a content only of its beginning, with its whole length. */
type OnPart = (part: BodyPart & { readonly length: number }) => void

/** Bytes of a content that are told. */
const beginningLength = 16

export function noBody(): BodyFacts {
  return { frames: 0, plaintextLength: 0, signatureLength: undefined, bytesBehind: undefined }
}

/**
 * Goes through the body and the footer of a message, and counts. It asks of the lengths and of the sequence numbers what
 * decryption does.
 *
 * @throws MalformedMessageError where it does not go on.
 */
export function* walkBody(
  reader: ByteReader,
  { fields, suite }: ParsedHeader,
  facts: BodyFacts,
  onPart: OnPart,
): Parsing<void> {
  const walk = new BodyWalk(reader, onPart)
  if (fields.contentType === 'framed') yield* walk.frames(fields.frameLength, facts)
  else yield* walk.nonFramed(facts)
  if (suite.signature) yield* walk.footer(facts)
}

class BodyWalk {
  readonly #reader: ByteReader
  readonly #onPart: OnPart

  constructor(reader: ByteReader, onPart: OnPart) {
    this.#reader = reader
    this.#onPart = onPart
  }

  *frames(frameLength: number, facts: BodyFacts): Parsing<void> {
    for (let sequence = 1; ; sequence++) {
      const first = readUint32(yield* this.#take(4, 'sequence number', sequenceNote))
      const final = first === finalFrameMarker
      const found = final ? readUint32(yield* this.#take(4, 'sequence number')) : first
      if (found !== sequence) {
        const message = `Frame ${sequence} has the sequence number ${found}: frames were removed, repeated or reordered`
        throw malformed(this.#reader.offset - 4, message)
      }
      yield* this.#take(nonceLength, 'nonce')
      const length = final ? readUint32(yield* this.#take(4, 'length of the content')) : frameLength
      if (length > frameLength) {
        const message = `The final frame is ${length} bytes long, and the frame length is ${frameLength}`
        throw malformed(this.#reader.offset - 4, message)
      }
      yield* this.#content(length, final ? 'final frame' : `frame ${sequence}`)
      facts.frames = sequence
      facts.plaintextLength += length
      if (final) return
    }
  }

  *nonFramed(facts: BodyFacts): Parsing<void> {
    yield* this.#take(nonceLength, 'nonce')
    const length = readUint64(yield* this.#take(8, 'length of the content'))
    if (length > maxNonFramedLength) {
      const message = `The content is ${length} bytes long, which is over 2^36 - 32`
      throw malformed(this.#reader.offset - 8, message)
    }
    yield* this.#content(length, 'content')
    facts.plaintextLength = length
  }

  *footer(facts: BodyFacts): Parsing<void> {
    const length = readUint16(yield* this.#take(2, 'length of the signature'))
    yield* this.#take(length, 'signature', undefined, 1)
    facts.signatureLength = length
  }

  *#content(length: number, what: string): Parsing<void> {
    const { offset } = this.#reader
    // Its beginning, however it comes in pieces; copied, for what it is a view of may be used again.
    let beginning: Uint8Array = new Uint8Array(0)
    for (let left = length; left > 0;) {
      const bytes = this.#reader.takeSomeNow(left) ?? (yield* this.#reader.takeSome(left, what))
      left -= bytes.length
      const missing = beginningLength - beginning.length
      if (missing > 0) beginning = concat(beginning, bytes.subarray(0, missing))
    }
    if (length > 0) {
      const content = `encrypted content of the ${what}`
      this.#onPart({ offset, bytes: beginning, length, what: content, depth: 0 })
    }
    yield* this.#take(tagLength, `tag of the ${what}`)
  }

  *#take(
    length: number,
    field: string,
    note?: (bytes: Uint8Array) => string,
    depth = 0,
  ): Parsing<Uint8Array> {
    const { offset } = this.#reader
    const bytes = this.#reader.takeNow(length) ?? (yield* this.#reader.take(length, field))
    this.#onPart({ offset, bytes, length, what: note?.(bytes) ?? field, depth })
    return bytes
  }
}

function sequenceNote(bytes: Uint8Array): string {
  const number = readUint32(bytes)
  return number === finalFrameMarker ? 'the final frame' : `frame ${number}: its sequence number`
}
