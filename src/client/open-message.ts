import { checkInteger, checkOptions, checkSignal } from '../checks.ts'
import { FrameOpening } from '../engine/frame-opening.ts'
import { EnvelopeError, InvalidArgumentError } from '../errors.ts'
import { type EncryptionContext, copyContext } from '../format/encryption-context.ts'
import { type ParsedHeader, readHeader } from '../format/header.ts'
import { ByteReader } from '../format/reader.ts'
import { CheckedSource } from './checked-source.ts'
import { fetchedPiece } from './frame-job.ts'
import { withDecryptionMaterials } from './materials.ts'
import { HeldTail, verifyEnd } from './message-end.ts'
import { MessageReader } from './message-reader.ts'
import type { ClientConfiguration } from './options.ts'
import type { OpenMessageOptions, RandomAccessSource, SealedReader } from './sealed-reader.ts'

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
