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
