import { checkInteger, checkOptions, checkSignal } from '../checks.ts'
import { FrameOpening } from '../engine/frame-opening.ts'
import {
  EnvelopeError,
  InvalidArgumentError,
  MalformedMessageError,
  TamperedMessageError,
} from '../errors.ts'
import { readUint16 } from '../format/bytes.ts'
import { type EncryptionContext, copyContext } from '../format/encryption-context.ts'
import { FrameLayout } from '../format/frame-layout.ts'
import { type ParsedHeader, readHeader } from '../format/header.ts'
import { ByteReader } from '../format/reader.ts'
import { CheckedSource } from './checked-source.ts'
import { fetchedPiece } from './frame-job.ts'
import { FrameReads } from './frame-reads.ts'
import { HeldTail } from './held-tail.ts'
import { withDecryptionMaterials } from './materials.ts'
import { MessageReader } from './message-reader.ts'
import type { ClientConfiguration } from './options.ts'
import type { RandomAccessSource } from './random-access.ts'
import type { OpenMessageOptions, SealedReader } from './sealed-reader.ts'

/** The options of one opening, checked and completed. */
export interface OpenRequest {
  readonly encryptionContext: EncryptionContext
  readonly unverifiedSignatures: boolean
  readonly windowBytes: number
  readonly signal: AbortSignal | undefined
}

const defaultWindowBytes = 1 << 20
/** What is read of the front at first: most headers fit, and it is a tenth of a frame. */
const frontPiece = 8 << 10

export function checkOpenOptions(options: OpenMessageOptions): OpenRequest {
  checkOptions(options, ['encryptionContext', 'signatures', 'windowBytes', 'signal'])
  const { signatures = 'refuse', windowBytes = defaultWindowBytes } = options
  if (!['refuse', 'dangerouslyUnverified'].includes(signatures)) {
    throw new InvalidArgumentError(
      'signatures',
      "signatures must be 'refuse' or 'dangerouslyUnverified'",
    )
  }
  return {
    encryptionContext: copyContext(options.encryptionContext, 'encryptionContext'),
    unverifiedSignatures: signatures === 'dangerouslyUnverified',
    windowBytes: checkInteger(windowBytes, 'windowBytes', 0, Number.MAX_SAFE_INTEGER),
    signal: checkSignal(options.signal),
  }
}

/** Verifies the header and the final frame of a message, of which then any range can be read. */
export async function openMessage(
  client: ClientConfiguration,
  given: string | Uint8Array | RandomAccessSource,
  request: OpenRequest,
): Promise<SealedReader> {
  const source = await CheckedSource.open(given)
  try {
    return await openSource(client, source, request)
  } catch (error) {
    await source.close().catch(() => undefined) // what went wrong first is what matters
    throw error
  }
}

async function openSource(
  client: ClientConfiguration,
  source: CheckedSource,
  request: OpenRequest,
): Promise<SealedReader> {
  const { encryptionContext, signal } = request
  const held = new HeldTail(source)
  const header = await readFront(held, client.maxEncryptedDataKeys, signal)
  if (header.fields.contentType !== 'framed') {
    throw new EnvelopeError(
      'ERR_NON_FRAMED_MESSAGE',
      'The message is not framed: its one tag is at its end, so that no range of it can be verified ' +
        'without the whole. Decrypt it whole',
    )
  }
  const refuseSigned = request.unverifiedSignatures
    ? undefined
    : 'its signature is over all of it, which a range cannot be verified with. Decrypt it whole, ' +
      "give signatures: 'dangerouslyUnverified' to do without"
  const question = { encryptionContext, refuseSigned, signal }
  const opened = await withDecryptionMaterials(client, header, question, (materials) => ({
    opening: new FrameOpening(header, materials, client.backend),
    encryptionContext: materials.encryptionContext,
  }))
  try {
    const frames = await verifyEnd(held, header, opened.opening, request)
    const { fields } = header
    return new MessageReader({ ...opened, ...frames, header: fields, source })
  } catch (error) {
    opened.opening.destroy()
    throw error
  } finally {
    held.drop()
  }
}

/** Reads the header, in pieces that grow: the parser says how much it needs, and refuses what is too long. */
async function readFront(
  source: HeldTail,
  maxEncryptedDataKeys: number | undefined,
  signal: AbortSignal | undefined,
): Promise<ParsedHeader> {
  if (source.size <= frontPiece && source.size > 0) await source.hold(0, signal) // all in one read
  const reader = new ByteReader()
  const parsing = readHeader(reader, maxEncryptedDataKeys)
  for (
    let at = 0, length = frontPiece;
    ;
    at += length, length = Math.min(2 * length, fetchedPiece)
  ) {
    const end = Math.min(at + length, source.size)
    if (at < end) reader.feed(await source.read(at, end, signal))
    else reader.end()
    const step = parsing.next()
    if (step.done) return step.value
    reader.keep()
  }
}

/** The bytes of a signed message's footer: a length of two bytes, and a signature in DER of at most so many. */
const longestSignature = { 'P-256': 72, 'P-384': 104 } as const
const footerLengthField = 2

/** Finds and verifies the final frame, which says how long the message is, so that none was cut off. */
async function verifyEnd(
  source: HeldTail,
  header: ParsedHeader,
  opening: FrameOpening,
  { windowBytes, signal }: OpenRequest,
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
