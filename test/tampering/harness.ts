import { inspect } from 'node:util'
import { type EnvelopeClient, EnvelopeError, inspectMessage } from '../../src/index.ts'

// The message under attack has three full frames of eight bytes, so that every offset in its body
// belongs to a frame known beforehand, and what a stream may release is known to the byte.
export const frameLength = 8
export const plaintext = Buffer.from('frame--1frame--2frame--3')
export const otherPlaintext = Buffer.from('FRAME==1FRAME==2FRAME==3')
const regularFrame = 4 + 12 + frameLength + 16
const finalFrame = 4 + 4 + 12 + 4 + frameLength + 16

/** No case takes longer; one that does hangs. */
const hangMs = 5_000

/** What was made of a message. */
export interface Case {
  readonly what: string
  readonly bytes: Uint8Array
  /** The plaintext that a stream may release before it fails: frames that stand where they stood. */
  readonly releasable: number
}

/** A message, and where its parts are. */
export class Target {
  readonly bytes: Buffer
  readonly header: Buffer
  readonly frames: readonly [Buffer, Buffer, Buffer]
  readonly footer: Buffer

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes)
    const { headerLength } = inspectMessage(bytes)
    const at = (frame: number) => headerLength + frame * regularFrame
    const end = at(2) + finalFrame
    this.header = this.bytes.subarray(0, headerLength)
    this.frames = [
      this.bytes.subarray(at(0), at(1)),
      this.bytes.subarray(at(1), at(2)),
      this.bytes.subarray(at(2), end),
    ]
    this.footer = this.bytes.subarray(end)
  }

  /** The plaintext of the regular frames that end at or before `offset`. */
  releasable(offset: number): number {
    const frames = Math.floor((offset - this.header.length) / regularFrame)
    return frameLength * Math.max(0, Math.min(2, frames))
  }

  /** This header and footer around other frames, the first `good` of which are in their place. */
  withFrames(what: string, frames: readonly Uint8Array[], good: number): Case {
    const bytes = Buffer.concat([this.header, ...frames, this.footer])
    return { what, bytes, releasable: this.#upTo(good) * frameLength }
  }

  /** The last frame of a signed message is held back for the signature. */
  #upTo(good: number): number {
    return this.footer.length > 0 ? Math.min(good, 2) : good
  }
}

/** Every bit flipped, or only those that `pick` picks. */
export function* bitFlips(
  target: Target,
  pick: (offset: number, bit: number) => boolean = () => true,
): Generator<Case> {
  for (let offset = 0; offset < target.bytes.length; offset++) {
    for (let bit = 0; bit < 8; bit++) {
      if (!pick(offset, bit)) continue
      const bytes = Buffer.from(target.bytes)
      bytes.writeUInt8(bytes.readUInt8(offset) ^ (1 << bit), offset)
      yield {
        what: `bit ${bit} of byte ${offset} flipped`,
        bytes,
        releasable: target.releasable(offset),
      }
    }
  }
}

/** One bit in each byte, not always the same one. */
export const oneBitPerByte = (offset: number, bit: number): boolean => offset % 8 === bit
/** One bit in every eighth byte. */
export const oneBitPerEighthByte = (offset: number, bit: number): boolean => offset % 64 === 9 * bit

/** Every prefix that is not the whole message. */
export function* truncations(target: Target): Generator<Case> {
  for (let length = 0; length < target.bytes.length; length++) {
    yield {
      what: `cut off after ${length} bytes`,
      bytes: target.bytes.subarray(0, length),
      releasable: target.releasable(length),
    }
  }
}

/** Frames reordered, repeated, dropped and relabelled, within one message. */
export function* rearrangements(target: Target): Generator<Case> {
  const { frames } = target
  // Every sequence of one to four frames out of the three, except the right one.
  const sequences = [1, 2, 3, 4].flatMap((length) =>
    Array.from({ length: 3 ** length }, (_, n) =>
      Array.from({ length }, (_, at) => Math.floor(n / 3 ** at) % 3),
    ),
  )
  for (const sequence of sequences) {
    const name = sequence.map((index) => index + 1).join(', ')
    if (name === '1, 2, 3') continue
    const picked = sequence.map((index) => frames[index] ?? Buffer.alloc(0))
    const wrongAt = sequence.findIndex((index, at) => index !== at)
    const good = wrongAt === -1 ? sequence.length : wrongAt
    yield target.withFrames(`the frames ${name}`, picked, good)
    // A frame under another sequence number: its place is right then, and only its tag can tell.
    const numbered = sequence.map((index, at) => renumbered(picked[at] ?? frames[0], index, at + 1))
    yield target.withFrames(`the frames ${name}, renumbered`, numbered, good)
  }
  yield target.withFrames('no frame', [], 0)
  for (const index of [0, 1] as const) {
    const before = frames.slice(0, index)
    const last = [...before, asFinal(frames[index], frameLength)]
    yield target.withFrames(`frame ${index + 1} made the final one`, last, index)
    const empty = [...before, asFinal(frames[index], 0)]
    yield target.withFrames(`frame ${index + 1} made an empty final one`, empty, index)
  }
  const regular = [frames[0], frames[1], asRegular(frames[2])]
  yield target.withFrames('the final frame made a regular one', regular, 2)
}

/** A regular frame has its number in front, the final one behind its marker; the nonce follows. */
function renumbered(frame: Buffer, index: number, number: number): Buffer {
  const copy = Buffer.from(frame)
  const at = index === 2 ? 4 : 0
  copy.writeUInt32BE(number, at)
  copy.writeUInt32BE(number, at + 4 + 8)
  return copy
}

function asFinal(frame: Buffer, length: number): Buffer {
  const marker = Buffer.alloc(4, 0xff)
  const lengthField = Buffer.alloc(4)
  lengthField.writeUInt32BE(length)
  const content = frame.subarray(16, 16 + length)
  return Buffer.concat([marker, frame.subarray(0, 16), lengthField, content, frame.subarray(24)])
}

function asRegular(frame: Buffer): Buffer {
  return Buffer.concat([frame.subarray(4, 20), frame.subarray(24)])
}

/** Parts of another message in this one. */
export function* splices(target: Target, other: Target, from: string): Generator<Case> {
  const [first, second, third] = target.frames
  const [otherFirst, otherSecond, otherThird] = other.frames
  yield target.withFrames(`frame 1 from ${from}`, [otherFirst, second, third], 0)
  yield target.withFrames(`frame 2 from ${from}`, [first, otherSecond, third], 1)
  yield target.withFrames(`frame 3 from ${from}`, [first, second, otherThird], 2)
  yield target.withFrames(`all frames from ${from}`, other.frames, 0)
  const spliced = (what: string, parts: readonly Uint8Array[], good: number): Case => ({
    what: `${what} from ${from}`,
    bytes: Buffer.concat(parts),
    releasable: good * frameLength,
  })
  yield spliced('header', [other.header, ...target.frames, target.footer], 0)
  const tag = [target.header.subarray(0, -16), other.header.subarray(-16)]
  yield spliced("header's tag", [...tag, ...target.frames, target.footer], 0)
  if (target.footer.length === 0) return
  yield spliced('footer', [target.header, ...target.frames, other.footer], 2)
  const frameAndFooter = [target.header, first, second, otherThird, other.footer]
  yield spliced('last frame and footer', frameAndFooter, 2)
  yield spliced('all frames and footer', [target.header, ...other.frames, other.footer], 0)
}

/** Bytes behind the end: every single byte, some more, and whole messages. */
export function* trailing(target: Target, other: Target): Generator<Case> {
  const behind = (what: string, bytes: Uint8Array): Case => ({
    what: `${what} behind the end`,
    bytes: Buffer.concat([target.bytes, bytes]),
    releasable: plaintext.length, // all of it is verified by then
  })
  for (let byte = 0; byte < 256; byte++) yield behind(`the byte ${byte}`, Uint8Array.of(byte))
  for (let length = 2; length <= 64; length++) yield behind(`${length} zeros`, Buffer.alloc(length))
  yield behind('the last frame again', target.frames[2])
  yield behind('all frames again', Buffer.concat(target.frames))
  yield behind('the same message', target.bytes)
  yield behind('another message', other.bytes)
  if (target.footer.length > 0) yield behind('the footer again', target.footer)
}

/** What was seen of one decryption. */
interface Outcome {
  readonly error: unknown
  /** What a stream let go; for one-shot, the result. */
  readonly released: Buffer
}

async function decryptAtOnce(client: EnvelopeClient, bytes: Uint8Array): Promise<Outcome> {
  try {
    const result = await client.decrypt(bytes)
    return { error: undefined, released: Buffer.from(result.plaintext) }
  } catch (error) {
    return { error, released: Buffer.alloc(0) }
  }
}

/** Sees all that the stream pushes, also what nobody would get to read before it is destroyed. */
async function decryptStreamed(
  client: EnvelopeClient,
  chunks: Iterable<Uint8Array>,
): Promise<Outcome> {
  const stream = client.decryptStream()
  const pushed: Buffer[] = []
  const push = stream.push.bind(stream)
  stream.push = (chunk: Uint8Array | null) => {
    if (chunk) pushed.push(Buffer.from(chunk))
    return push(chunk)
  }
  let error: unknown
  const closed = new Promise<void>((resolve) => stream.once('close', resolve))
  stream.once('error', (cause) => (error = cause)).resume()
  for (const chunk of chunks) stream.write(chunk)
  stream.end()
  await closed
  return { error, released: Buffer.concat(pushed) }
}

/** The same of a Web Stream, which throws away what nobody has asked for yet when it fails. */
async function decryptWebStreamed(
  client: EnvelopeClient,
  chunks: Iterable<Uint8Array>,
): Promise<Outcome> {
  const { readable, writable } = client.decryptTransform()
  const reader = readable.getReader()
  const released: Uint8Array[] = []
  // So many are asked for beforehand that there is no chunk that somebody does not wait for.
  const reads = Array.from({ length: 16 }, async () => {
    const { value } = await reader.read()
    if (value) released.push(value)
  })
  const writer = writable.getWriter()
  const writes: Promise<void>[] = []
  for (const chunk of chunks) writes.push(writer.write(chunk))
  writes.push(writer.close())
  await Promise.allSettled([...reads, ...writes])
  const error: unknown = await reader.closed.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  const writeError: unknown = await writer.closed.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  const same = error === writeError
  return {
    error: same ? error : new Error('the two sides have different errors'),
    released: Buffer.concat(released),
  }
}

type Chunking = (bytes: Uint8Array, framesAt: number) => Iterable<Uint8Array>

const inOneChunk: Chunking = (bytes) => [bytes]
const frameByFrame: Chunking = function* (bytes, framesAt) {
  yield bytes.subarray(0, framesAt)
  for (let at = framesAt; at < bytes.length; at += regularFrame) {
    yield bytes.subarray(at, at + regularFrame)
  }
}
const byteByByte: Chunking = function* (bytes) {
  for (const byte of bytes) yield Uint8Array.of(byte)
}

/** By which kind of stream a message is decrypted, and how it is cut into chunks. */
const streamedWays = {
  'streamed in one chunk': [decryptStreamed, inOneChunk],
  'streamed frame by frame': [decryptStreamed, frameByFrame],
  'streamed byte by byte': [decryptStreamed, byteByByte],
  'web streamed in one chunk': [decryptWebStreamed, inOneChunk],
  'web streamed frame by frame': [decryptWebStreamed, frameByFrame],
  'web streamed byte by byte': [decryptWebStreamed, byteByByte],
} as const

export type Way = 'one-shot' | keyof typeof streamedWays

/** Decrypts each case in each way; returns what went wrong, and counts what was tried. */
export async function attack(
  client: EnvelopeClient,
  target: Target,
  cases: Iterable<Case>,
  ways: readonly Way[],
): Promise<{ tried: number; violations: readonly string[] }> {
  const violations: string[] = []
  let tried = 0
  for (const { what, bytes, releasable } of cases) {
    for (const way of ways) {
      tried++
      const outcome = await withinTime(decryptBy(way, client, bytes, target.header.length))
      const problem = outcome ? problemWith(outcome, releasable, way) : 'it hangs'
      if (problem) violations.push(`${what}, ${way}: ${problem}`)
    }
  }
  return { tried, violations }
}

/** `framesAt` is where the frames begin. */
function decryptBy(way: Way, client: EnvelopeClient, bytes: Uint8Array, framesAt: number) {
  if (way === 'one-shot') return decryptAtOnce(client, bytes)
  const [decrypt, chunking] = streamedWays[way]
  return decrypt(client, chunking(bytes, framesAt))
}

function problemWith({ error, released }: Outcome, releasable: number, way: Way) {
  if (error === undefined) return 'it decrypts'
  if (!EnvelopeError.is(error)) return `an error that is not an EnvelopeError: ${inspect(error)}`
  if (!released.equals(plaintext.subarray(0, released.length))) return 'it releases other bytes'
  if (released.length % frameLength !== 0) return 'it releases a part of a frame'
  if (released.length > releasable) {
    return `it releases ${released.length} bytes, of which ${releasable} were verified`
  }
  // In these ways nothing that is verified waits for the next bytes, so the number is exact: without
  // that, a stream that released nothing at all would pass.
  const exact = way.endsWith('frame by frame') || way.endsWith('byte by byte')
  if (exact && released.length !== releasable) {
    return `it releases ${released.length} bytes, and ${releasable} were verified`
  }
  return undefined
}

async function withinTime<T>(promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const hung = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined)
    }, hangMs)
  })
  try {
    return await Promise.race([promise, hung])
  } finally {
    clearTimeout(timer)
  }
}
