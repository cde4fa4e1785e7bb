import type { EncryptionContext } from '../format/encryption-context.ts'
import type { MessageHeader } from '../format/header.ts'

/**
 * What `openMessage` reads from: anything that gives any range of a message's bytes, such as an object of S3 by range
 * requests.
 *
 * @example
 * ```ts
 * const source: RandomAccessSource = {
 *   size: head.ContentLength,
 *   async read(start, end, signal) {
 *     const Range = `bytes=${start}-${end - 1}`
 *     const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, Range, IfMatch: head.ETag }), { abortSignal: signal })
 *     return Body.transformToByteArray()
 *   },
 * }
 * ```
 */
export interface RandomAccessSource {
  /** Bytes of the whole message. */
  readonly size: number
  /**
   * The bytes from `start` to before `end`, which are at most `size` and further than `start`. Return exactly these;
   * throw if that is not possible. What is returned belongs to the reader until the next turn of the event loop.
   */
  read(start: number, end: number, signal: AbortSignal | undefined): Promise<Uint8Array>
}

/** Options of `EnvelopeClient.openMessage`. */
export interface OpenMessageOptions {
  /** Pairs that the message has to have been encrypted with; otherwise it does not open. */
  encryptionContext?: Record<string, string>
  /**
   * What becomes of a signed message, whose signature is over all of it and cannot be verified of a range:
   *
   * - `refuse`: it is not opened.
   * - `dangerouslyUnverified`: it is. Whoever can decrypt the message could then have written what is read: the tags
   *   prove that the writer had the data key, and only the signature proves that it was not one of the readers.
   *
   * Default: `refuse`.
   */
  signatures?: 'refuse' | 'dangerouslyUnverified'
  /** The most bytes of plaintext that are kept for later reads. Default: 1 MiB, and at least one frame. */
  windowBytes?: number
  /** Gives the opening up; reads have a signal of their own. */
  signal?: AbortSignal
}

/** Reads ranges of a message. `EnvelopeClient.openMessage` makes it. */
export interface SealedReader {
  /** Bytes of the plaintext, verified. */
  readonly size: number
  readonly header: MessageHeader
  /** All the authenticated pairs: those in the message and those that the caller gave. */
  readonly encryptionContext: EncryptionContext
  /** The plaintext from `start` to before `end`, 0 ≤ start ≤ end ≤ size; all of it verified. */
  read(start: number, end: number, options?: { signal?: AbortSignal }): Promise<Uint8Array>
  /** Forgets the message's key and all plaintext; reads that are under way fail. */
  close(): Promise<void>
  /** {@link SealedReader.close}, for `await using reader = await client.openMessage(source)`. */
  [Symbol.asyncDispose](): Promise<void>
}
