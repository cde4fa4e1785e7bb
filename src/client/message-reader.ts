import { checkInteger, checkOptions, checkSignal } from '../checks.ts'
import type { FrameOpening } from '../engine/frame-opening.ts'
import { InvalidArgumentError, checkNotAborted } from '../errors.ts'
import type { EncryptionContext } from '../format/encryption-context.ts'
import type { MessageHeader } from '../format/header.ts'
import type { CheckedSource } from './checked-source.ts'
import type { FrameReads } from './frame-reads.ts'
import type { SealedReader } from './sealed-reader.ts'

/** What a message was opened to. */
interface Opened {
  readonly size: number
  readonly header: MessageHeader
  readonly encryptionContext: EncryptionContext
  readonly source: CheckedSource
  readonly opening: FrameOpening
  readonly frames: FrameReads
}

/** Reads ranges of a message whose header and final frame have been verified. */
export class MessageReader implements SealedReader {
  readonly size: number
  readonly header: MessageHeader
  readonly encryptionContext: EncryptionContext
  readonly #source: CheckedSource
  readonly #opening: FrameOpening
  readonly #frames: FrameReads
  #closing: Promise<void> | undefined

  constructor({ size, header, encryptionContext, source, opening, frames }: Opened) {
    this.size = size
    this.header = header
    this.encryptionContext = encryptionContext
    this.#source = source
    this.#opening = opening
    this.#frames = frames
  }

  async read(
    start: number,
    end: number,
    options: { signal?: AbortSignal } = {},
  ): Promise<Uint8Array> {
    checkOptions(options, ['signal'])
    const signal = checkSignal(options.signal)
    checkInteger(start, 'start', 0, this.size)
    checkInteger(end, 'end', start, this.size)
    this.#frames.checkOpen()
    checkNotAborted(signal)
    if (start === end) return new Uint8Array(0)
    const plaintext = newBytes(end - start)
    try {
      await this.#frames.readInto(plaintext, start, signal)
      return plaintext
    } catch (error) {
      plaintext.fill(0)
      throw error
    }
  }

  close(): Promise<void> {
    this.#frames.close()
    this.#opening.destroy()
    this.#closing ??= this.#source.close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function newBytes(length: number): Uint8Array {
  try {
    return new Uint8Array(length)
  } catch (cause) {
    throw new InvalidArgumentError(
      'end',
      `${length} bytes at once are more than this process can hold: read them in parts`,
      cause,
    )
  }
}
