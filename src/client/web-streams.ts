import { isBytes } from '../checks.ts'
import { AbortedError, EnvelopeError, errorName } from '../errors.ts'
import { checkLength } from './options.ts'
import {
  type OpenedHeader,
  type StartWork,
  type StreamWork,
  Waiting,
  checkChunk,
  highWaterMark,
} from './stream-work.ts'

/**
 * The two sides of a Web Stream of one message, as `pipeThrough` takes them. What is written has to be
 * `Uint8Array`s; each may be reused once its `write` has resolved.
 */
export interface MessageTransformStream {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  /**
   * Resolves before there is any output, once the header of the message has been written or verified. Rejects if
   * the stream fails before that; nobody has to look at it.
   */
  readonly opened: Promise<OpenedHeader>
}

/**
 * The work of a stream as a Web Stream. The platform's own `TransformStream` would not do: in Node 20 it tells
 * nobody that its readable side was cancelled or its writable side aborted, and the keys would stay in memory.
 */
export class WebMessageStream implements MessageTransformStream {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  readonly opened: Promise<OpenedHeader>
  readonly #work: StreamWork
  /** For the reader to want more. */
  readonly #room = new Waiting()
  /** For the end of the write or close that is under way, or for a failure before it. */
  readonly #taking = new Waiting()
  #output: ReadableStreamDefaultController<Uint8Array> | undefined
  #input: WritableController | undefined
  #resolveOpened: ((header: OpenedHeader) => void) | undefined
  #rejectOpened: ((error: unknown) => void) | undefined
  readonly #stopListening: () => void
  #over = false

  constructor(start: StartWork, signal: AbortSignal | undefined) {
    this.opened = new Promise((resolve, reject) => {
      this.#resolveOpened = resolve
      this.#rejectOpened = reject
    })
    this.opened.catch(() => undefined) // the two sides have the error as well
    this.#work = start({
      push: (bytes) => {
        if (!this.#over) this.#output?.enqueue(bytes)
      },
      opened: ({ header, encryptionContext, wrapFailures }) => {
        const pairs = { ...encryptionContext }
        this.#resolveOpened?.({ header, encryptionContext: pairs, wrapFailures })
      },
      room: () => this.#whenRoom(),
    })
    this.readable = this.#makeReadable()
    this.writable = this.#makeWritable()
    const abort = (): void => {
      this.#fail(new AbortedError(signal?.reason))
    }
    signal?.addEventListener('abort', abort, { once: true })
    this.#stopListening = () => signal?.removeEventListener('abort', abort)
    if (signal?.aborted) abort()
  }

  #makeReadable(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#output = controller
        },
        pull: () => {
          this.#room.end()
        },
        cancel: (reason) => {
          this.#fail(givenUp(reason))
        },
      },
      { highWaterMark, size: byteLength },
    )
  }

  #makeWritable(): WritableStream<Uint8Array> {
    return new WritableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#input = controller as WritableController
          // The sink's own `abort` is only called once a write has ended, which may wait for a key forever.
          const { signal } = this.#input
          signal.addEventListener('abort', () => {
            this.#fail(givenUp(signal.reason))
          })
        },
        write: (chunk) => this.#run(() => this.#take(checkChunk(chunk))),
        close: () => this.#run(() => this.#end()),
      },
      { highWaterMark, size: byteLength },
    )
  }

  #take(chunk: Uint8Array): Promise<void> | undefined {
    const room = this.#whenRoom()
    if (!room) return this.#work.takeChunk(chunk)
    const { length } = chunk
    return room.then(() => {
      checkLength(chunk, length, 'chunk')
      return this.#work.takeChunk(chunk)
    })
  }

  #end(): Promise<void> | undefined {
    const waiting = this.#work.takeEnd()
    if (waiting) return waiting.then(() => this.#close())
    this.#close()
    return undefined
  }

  /** Does what a write or a close asks for, which then fails with the whole stream, and the stream with it. */
  #run(work: () => Promise<void> | undefined): Promise<void> | undefined {
    try {
      const waiting = work()
      if (!waiting) return undefined
      waiting.then(
        () => {
          this.#taking.end()
        },
        (error: unknown) => {
          this.#fail(error)
        },
      )
      return this.#taking.wait()
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  #whenRoom(): Promise<void> | undefined {
    const desired = this.#output?.desiredSize ?? 0
    return desired > 0 ? undefined : this.#room.wait()
  }

  #close(): void {
    if (this.#over) return
    this.#endWork()
    this.#output?.close()
  }

  /** The first reason counts, and both sides have it. */
  #fail(error: unknown): void {
    if (this.#over) return
    this.#endWork()
    this.#rejectOpened?.(error)
    this.#output?.error(error)
    // Of a side that is being aborted, the abort would fail.
    if (this.#input?.signal.aborted === false) this.#input.error(error)
    this.#room.fail(error)
    this.#taking.fail(error)
  }

  #endWork(): void {
    this.#over = true
    this.#stopListening()
    this.#work.forget()
  }
}

/** Node's types leave the signal out, which says that the writable side is being aborted. */
type WritableController = WritableStreamDefaultController & { readonly signal: AbortSignal }

/** Of what is no bytes it says nothing: the write refuses it, with an error that names the reason. */
function byteLength(chunk: Uint8Array | undefined): number {
  return isBytes(chunk) ? chunk.byteLength : 0
}

/** The error of a stream that one of its sides has given up: the reason, or if there is none, an abort. */
function givenUp(reason: unknown): unknown {
  const isOurs = EnvelopeError.is(reason)
  const isAbort = reason === undefined || errorName(reason) === 'AbortError'
  return isAbort && !isOurs ? new AbortedError(reason) : reason
}
