import type { FrameOpening } from '../engine/frame-opening.ts'
import { MalformedMessageError, TamperedMessageError } from '../errors.ts'
import { copyBytes, readUint16 } from '../format/bytes.ts'
import { FrameLayout } from '../format/frame-layout.ts'
import type { ParsedHeader } from '../format/header.ts'
import { fetchedPiece } from './frame-job.ts'
import { FrameReads } from './frame-reads.ts'
import type { RandomAccessSource } from './sealed-reader.ts'

/** A source whose last bytes are fetched once and kept for a while. */
export class HeldTail implements RandomAccessSource {
  readonly size: number
  readonly #source: RandomAccessSource
  #tail: Uint8Array = new Uint8Array(0)

  constructor(source: RandomAccessSource) {
    this.#source = source
    this.size = source.size
  }

  /** Fetches all from `start` on, unless it is there. */
  async hold(start: number, signal: AbortSignal | undefined): Promise<void> {
    if (start >= this.#tailStart) return
    // A copy, since what a source returns is its own again in the next turn.
    this.#tail = copyBytes(await this.#source.read(start, this.size, signal))
  }

  read(start: number, end: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const tailStart = this.#tailStart
    if (start < tailStart) return this.#source.read(start, end, signal)
    return Promise.resolve(this.#tail.subarray(start - tailStart, end - tailStart))
  }

  /** Lets go of the bytes. */
  drop(): void {
    this.#tail = new Uint8Array(0)
  }

  get #tailStart(): number {
    return this.size - this.#tail.length
  }
}

/** The bytes of a signed message's footer: a length of two bytes, and a signature in DER of at most so many. */
const longestSignature = { 'P-256': 72, 'P-384': 104 } as const
const footerLengthField = 2

/** Finds and verifies the final frame, which says how long the message is, so that none was cut off. */
export async function verifyEnd(
  source: HeldTail,
  header: ParsedHeader,
  opening: FrameOpening,
  { windowBytes, signal }: { windowBytes: number; signal: AbortSignal | undefined },
): Promise<{ frames: FrameReads; size: number }> {
  const { headerLength, frameLength } = header.fields
  await holdEnd(source, header, signal)
  let failure: Error = new MalformedMessageError(
    'ERR_TRUNCATED_MESSAGE',
    `The message is ${source.size} bytes long, and no frames of ${frameLength} bytes end there: it was cut off, or grew`,
    source.size,
  )
  for (const bodyEnd of await bodyEnds(source, header, signal)) {
    const layout = FrameLayout.between(headerLength, bodyEnd, frameLength)
    if (!layout) continue
    const frames = new FrameReads({ source, layout, opening }, windowBytes)
    try {
      await frames.verify(layout.frames - 1, signal)
      return { frames, size: layout.plaintextLength }
    } catch (error) {
      frames.close()
      const isTampered = error instanceof TamperedMessageError
      // Of a source that failed, or an abort, another place says nothing.
      if (!isTampered && !(error instanceof MalformedMessageError)) throw error
      // A frame that is one but for its tag tells more than a place where none is.
      if (!(failure instanceof TamperedMessageError)) failure = error
    }
  }
  throw failure
}

/** Fetches what the end is reckoned and verified from, in one read unless it is long. */
async function holdEnd(
  source: HeldTail,
  { fields, suite }: ParsedHeader,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { size } = source
  const { headerLength, frameLength } = fields
  const footer = suite.signature ? footerLengthField + longestSignature[suite.signature.curve] : 0
  const earliest = FrameLayout.startOfFinal(headerLength, size - footer, frameLength)
  const start = size - earliest <= fetchedPiece ? earliest : size - footer
  await source.hold(Math.min(start, size), signal)
}

/**
 * Where the body may end. How long the signature behind it is, only the bytes before it say, so of a signed message
 * this is wherever two bytes are followed by as many as they say; the final frame then tells which it is.
 */
async function bodyEnds(
  source: HeldTail,
  { fields, suite }: ParsedHeader,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const { size } = source
  if (!suite.signature) return [size]
  const longest = footerLengthField + longestSignature[suite.signature.curve]
  const start = Math.max(fields.headerLength, size - longest)
  if (start >= size) return []
  const bytes = await source.read(start, size, signal)
  const ends: number[] = []
  for (let at = 0; at + footerLengthField < bytes.length; at++) {
    const signatureLength = bytes.length - at - footerLengthField
    if (readUint16(bytes, at) === signatureLength) ends.push(start + at)
  }
  return ends
}
