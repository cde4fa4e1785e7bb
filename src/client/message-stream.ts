import { type Duplex, Transform, type TransformCallback } from 'node:stream'
import { isBytes } from '../checks.ts'
import { AbortedError, InvalidArgumentError, type WrapFailure } from '../errors.ts'
import type { EncryptionContext } from '../format/encryption-context.ts'
import type { MessageHeader } from '../format/header.ts'

/**
 * Called with the header of a message, with all the pairs that the message authenticates, and by a stream
 * that encrypts with the keyrings that have not wrapped the data key (see `EncryptResult`).
 */
export type HeaderListener = (
  header: MessageHeader,
  encryptionContext: EncryptionContext,
  wrapFailures?: readonly WrapFailure[],
) => void

/** A stream of one message. It emits `header` once, before any of its output. */
export type MessageStream = {
  on(event: 'header', listener: HeaderListener): MessageStream
  once(event: 'header', listener: HeaderListener): MessageStream
} & Duplex

/**
 * Bytes that each side of a stream buffers before it asks its neighbour to wait: a few frames, so that
 * the event loop is not entered for every one.
 */
const highWaterMark = 256 * 1024

/** What the two streams share: chunks in order, errors with a code, an abort, keys destroyed. */
export abstract class MessageTransform extends Transform {
  readonly #stopListening: () => void

  constructor(signal: AbortSignal | undefined) {
    super({ readableHighWaterMark: highWaterMark, writableHighWaterMark: highWaterMark })
    const abort = (): void => {
      this.destroy(new AbortedError(signal?.reason))
    }
    signal?.addEventListener('abort', abort, { once: true })
    this.#stopListening = () => signal?.removeEventListener('abort', abort)
    if (signal?.aborted) process.nextTick(abort)
  }

  /** Takes a chunk; returns a promise only where it has to wait for keys. */
  protected abstract takeChunk(chunk: Uint8Array): Promise<void> | undefined
  /** Takes the end of the input. */
  protected abstract takeEnd(): Promise<void> | undefined
  /** Forgets all secrets; may be called at any time, and more than once. */
  protected abstract forget(): void

  override _transform(chunk: unknown, _encoding: string, callback: TransformCallback): void {
    this.#settle(() => {
      if (isBytes(chunk)) return this.takeChunk(chunk)
      throw new InvalidArgumentError('chunk', 'This stream takes bytes: Uint8Array or Buffer')
    }, callback)
  }

  override _flush(callback: TransformCallback): void {
    this.#settle(() => this.takeEnd(), callback)
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#stopListening()
    this.forget()
    callback(error)
  }

  #settle(work: () => Promise<void> | undefined, callback: TransformCallback): void {
    const fail = (error: unknown): void => {
      callback(
        error instanceof Error ? error : new Error('unreachable: not an error', { cause: error }),
      )
    }
    try {
      const waiting = work()
      if (waiting) {
        waiting.then(() => {
          callback()
        }, fail)
      } else callback()
    } catch (error) {
      fail(error)
    }
  }
}
