import { BodyAad, finalFrameMarker } from '../format/body.ts'
import { concat, copyBytes, readUint32 } from '../format/bytes.ts'
import type { MessageHeader } from '../format/header.ts'
import { type ByteReader, type Parsing, malformed } from '../format/reader.ts'
import { nonceLength } from '../suites/suites.ts'
import type { ContentDecryption, PlaintextOutput } from './content-decryption.ts'

/** Some frames of a message whose length is known, by their sequence numbers. */
export interface FrameRun {
  readonly first: number
  readonly last: number
  /** Of the final frame of the message. */
  readonly final: { readonly sequence: number; readonly length: number }
}

/**
 * Reads all the frames of a message up to the final one, or those of a run. Each is released but the final one, which
 * is for the caller to release.
 */
export function* readFrames(
  content: ContentDecryption,
  { messageId, frameLength }: Pick<MessageHeader, 'messageId' | 'frameLength'>,
  reader: ByteReader,
  output: PlaintextOutput,
  run?: FrameRun,
): Parsing<void> {
  const last = run?.last ?? Infinity
  let regularAad: BodyAad | undefined
  for (let sequence = run?.first ?? 1; sequence <= last; sequence++) {
    // A regular frame's head is 16 bytes: sequence number and IV. The final frame has a marker in
    // front and the content's length behind, so eight bytes more.
    const head = yield* content.take(reader, 4 + nonceLength, 'frame head')
    const isFinal = readUint32(head) === finalFrameMarker
    if (run) checkPlace(isFinal, sequence, run, reader.offset)
    if (!isFinal) {
      checkSequence(readUint32(head), sequence, reader.offset)
      regularAad ??= new BodyAad(messageId, 'regular')
      const nonce = content.keepNonce(head.subarray(4))
      const aad = regularAad.for(sequence, frameLength)
      const length = frameLength
      yield* content.decrypt(reader, output, { nonce, aad, length, kind: 'frame', sequence })
      output.release()
      continue
    }
    // Copied before more is asked for: until it comes, the chunk that this is a view of may be reused.
    const finalHead = concat(copyBytes(head), yield* content.take(reader, 8, 'final frame head'))
    checkSequence(readUint32(finalHead, 4), sequence, reader.offset)
    const nonce = content.keepNonce(finalHead.subarray(8, 8 + nonceLength))
    const length = readUint32(finalHead, 8 + nonceLength)
    if (length > frameLength) {
      throw malformed(
        reader.offset - 4,
        `The final frame is ${length} bytes long, and the frame length is ${frameLength}`,
      )
    }
    if (run) checkFinalLength(length, run, reader.offset - 4)
    const aad = new BodyAad(messageId, 'final').for(sequence, length)
    yield* content.decrypt(reader, output, { nonce, aad, length, kind: 'final frame', sequence })
    return
  }
}

/** message-body.md, "Sequence Number": frames begin at 1, and each is one more than the last. */
function checkSequence(found: number, expected: number, offset: number): void {
  if (found === expected) return
  throw malformed(
    offset,
    `Frame ${expected} has the sequence number ${found}: frames were removed, repeated or reordered`,
  )
}

/** The final frame stands where the length of the message puts it, and no other frame is marked as final. */
function checkPlace(isFinal: boolean, sequence: number, { final }: FrameRun, offset: number): void {
  if (isFinal === (sequence === final.sequence)) return
  throw malformed(
    offset,
    isFinal
      ? `Frame ${sequence} is marked as the final one, and more frames follow it`
      : `Frame ${sequence} is not marked as the final one, and the message has no more: it was cut off, or grew`,
  )
}

function checkFinalLength(found: number, { final }: FrameRun, offset: number): void {
  if (found === final.length) return
  throw malformed(
    offset,
    `The final frame is ${found} bytes long, and the message has room for ${final.length}: it was cut off, or grew`,
  )
}
