import { finalFrameMarker, regularFrameOverhead } from '../../format/body.ts'
import { readUint16, readUint32, readUint64 } from '../../format/bytes.ts'
import type { ParsedHeader } from '../../format/header.ts'
import { nonceLength, tagLength } from '../../suites/suites.ts'
import type { BodyFacts } from './walk.ts'

/** Reads a piece of a file: fewer bytes only where the file ends. */
type ReadAt = (offset: number, length: number) => Promise<Uint8Array>

/** In front of the content of a final frame: marker, sequence number, nonce, length. */
const finalHeadLength = 4 + 4 + nonceLength + 4
/** In front of a content that is not framed: nonce and length. */
const nonFramedHeadLength = nonceLength + 8
const finalOverhead = finalHeadLength + tagLength
/** Bytes of a signature in DER at most, by curve: two numbers of 33 or 49 bytes, and what is around them. */
const longestSignature = { 'P-256': 72, 'P-384': 104 } as const

/**
 * What the size of a file and the head of its final frame say of the body, without a look at the frames between:
 * undefined if they do not fit together, so that the body has to be gone through.
 */
export async function bodyByGeometry(
  { fields, suite }: ParsedHeader,
  size: number,
  readAt: ReadAt,
): Promise<BodyFacts | undefined> {
  const { headerLength, frameLength, contentType } = fields
  for (const signatureLength of await footerLengths(suite.signature?.curve, size, readAt)) {
    const footer = signatureLength === undefined ? 0 : 2 + signatureLength
    const bodyLength = size - headerLength - footer
    const found =
      contentType === 'framed'
        ? await framed(headerLength, bodyLength, frameLength, readAt)
        : await nonFramed(headerLength, bodyLength, readAt)
    if (found) return { ...found, signatureLength, bytesBehind: 0 }
  }
  return undefined
}

type Content = Pick<BodyFacts, 'frames' | 'plaintextLength'>

async function framed(
  headerLength: number,
  bodyLength: number,
  frameLength: number,
  readAt: ReadAt,
): Promise<Content | undefined> {
  const regularLength = frameLength + regularFrameOverhead
  const regular = Math.floor((bodyLength - finalOverhead) / regularLength)
  const last = bodyLength - finalOverhead - regular * regularLength
  if (regular < 0 || last > frameLength) return undefined
  const head = await readAt(headerLength + regular * regularLength, finalHeadLength)
  const fits =
    head.length === finalHeadLength &&
    readUint32(head) === finalFrameMarker &&
    readUint32(head, 4) === regular + 1 &&
    readUint32(head, finalHeadLength - 4) === last
  return fits ? { frames: regular + 1, plaintextLength: regular * frameLength + last } : undefined
}

async function nonFramed(
  headerLength: number,
  bodyLength: number,
  readAt: ReadAt,
): Promise<Content | undefined> {
  const plaintextLength = bodyLength - nonFramedHeadLength - tagLength
  const head = await readAt(headerLength, nonFramedHeadLength)
  const fits =
    head.length === nonFramedHeadLength && readUint64(head, nonceLength) === plaintextLength
  return fits ? { frames: 0, plaintextLength } : undefined
}

/** The lengths that the signature can have: those that stand where they would have to. */
async function footerLengths(
  curve: keyof typeof longestSignature | undefined,
  size: number,
  readAt: ReadAt,
): Promise<(number | undefined)[]> {
  if (!curve) return [undefined]
  const longest = longestSignature[curve]
  const end = await readAt(Math.max(0, size - longest - 2), longest + 2)
  const lengths = Array.from({ length: longest + 1 }, (_, length) => length)
  return lengths.filter((length) => {
    const at = end.length - length - 2
    return at >= 0 && readUint16(end, at) === length
  })
}
