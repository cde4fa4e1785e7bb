import { isBytes } from '../checks.ts'
import { InvalidArgumentError, type WrapFailure } from '../errors.ts'
import type { EncryptionContext } from '../format/encryption-context.ts'
import type { MessageHeader } from '../format/header.ts'
import { checkLength } from './options.ts'

/** What is known of a message once its header has been written or verified. */
export interface OpenedHeader {
  header: MessageHeader
  /** All the authenticated pairs: those in the message and those that are not stored. */
  encryptionContext: EncryptionContext
  /** Of an encryption: the keyrings that have not wrapped the data key (see `EncryptResult`). */
  wrapFailures: readonly WrapFailure[]
}

/** Where the work of a stream puts what it has; Node's streams and those of the web each have one. */
export interface StreamOutput {
  push(bytes: Uint8Array): void
  /** Called once, before anything is pushed. */
  opened(header: OpenedHeader): void
  /** Waits until the reader wants more; `undefined` if it does already. Rejects if the stream fails meanwhile. */
  room(): Promise<void> | undefined
}

/** One message on its way through a stream, whichever kind of stream that is. One call at a time. */
export interface StreamWork {
  /** Takes a chunk, which is not used any more after that; returns a promise only where it has to wait. */
  takeChunk(chunk: Uint8Array): Promise<void> | undefined
  /** Takes the end of the input. */
  takeEnd(): Promise<void> | undefined
  /** Forgets all secrets; may be called at any time, and more than once. Nothing is pushed after that. */
  forget(): void
}

/** Makes the work of one stream. */
export type StartWork = (output: StreamOutput) => StreamWork

/**
 * Bytes that each side of a stream buffers before it asks its neighbour to wait: a few frames, so that
 * the event loop is not entered for every one.
 */
export const highWaterMark = 256 * 1024

/** A larger chunk is taken in parts, so that what comes out of it is not all in memory at once. */
export const longestPart = 1 << 20

/** Refuses a chunk that is no bytes. */
export function checkChunk(chunk: unknown): Uint8Array {
  if (!isBytes(chunk)) {
    throw new InvalidArgumentError('chunk', 'This stream takes bytes: Uint8Array or Buffer')
  }
  return chunk
}

/** Takes a chunk part by part, each once the reader wants what comes out of it. */
export function takeInParts(
  chunk: Uint8Array,
  partLength: number,
  output: StreamOutput,
  take: (part: Uint8Array) => Promise<void> | undefined,
): Promise<void> | undefined {
  return chunk.length <= partLength ? take(chunk) : takeParts(chunk, partLength, output, take)
}

async function takeParts(
  ...[chunk, partLength, output, take]: Parameters<typeof takeInParts>
): Promise<void> {
  const { length } = chunk
  for (let start = 0; ;) {
    await take(chunk.subarray(start, start + partLength))
    start += partLength
    if (start >= length) return
    await output.room()
    checkLength(chunk, length, 'chunk')
  }
}

/** A promise that somebody waits for from time to time, and that others settle. */
export class Waiting {
  #resolve: (() => void) | undefined
  #reject: ((error: unknown) => void) | undefined
  #failure: { readonly error: unknown } | undefined

  /** Waits until {@link end} or {@link fail} is called. There is one who waits at a time. */
  wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the caller's, and may be anything
      if (this.#failure) reject(this.#failure.error)
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  end(): void {
    this.#resolve?.()
  }

  /** From here on nobody waits any more: all get this error. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#reject?.(error)
  }
}
