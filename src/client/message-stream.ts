import { type Duplex, Transform, type TransformCallback } from 'node:stream'
import { AbortedError, type WrapFailure } from '../errors.ts'
import type { EncryptionContext } from '../format/encryption-context.ts'
import type { MessageHeader } from '../format/header.ts'
import {
  type StartWork,
  type StreamWork,
  Waiting,
  checkChunk,
  highWaterMark,
} from './stream-work.ts'

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

/** The work of a stream as a stream of Node: chunks in order, errors with a code, an abort. */
export class MessageTransform extends Transform {
  readonly #work: StreamWork
  readonly #room = new Waiting()
  readonly #stopListening: () => void

  constructor(start: StartWork, signal: AbortSignal | undefined) {
    super({ readableHighWaterMark: highWaterMark, writableHighWaterMark: highWaterMark })
    this.#work = start({
      push: (bytes) => void this.push(bytes),
      opened: ({ header, encryptionContext, wrapFailures }) => {
        this.emit('header', header, encryptionContext, wrapFailures)
      },
      room: () => {
        // Node asks for more by _read once less than that is buffered.
        const full = this.readableLength >= this.readableHighWaterMark
        return full ? this.#room.wait() : undefined
      },
    })
    const abort = (): void => {
      this.destroy(new AbortedError(signal?.reason))
    }
    signal?.addEventListener('abort', abort, { once: true })
    this.#stopListening = () => signal?.removeEventListener('abort', abort)
    if (signal?.aborted) process.nextTick(abort)
  }

  override _transform(chunk: unknown, _encoding: string, callback: TransformCallback): void {
    settle(() => this.#work.takeChunk(checkChunk(chunk)), callback)
  }

  override _flush(callback: TransformCallback): void {
    settle(() => this.#work.takeEnd(), callback)
  }

  override _read(size: number): void {
    this.#room.end()
    super._read(size)
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#stopListening()
    this.#work.forget()
    this.#room.fail(error ?? new AbortedError('the stream was destroyed'))
    callback(error)
  }
}

function settle(work: () => Promise<void> | undefined, callback: TransformCallback): void {
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
