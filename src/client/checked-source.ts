import { checkInteger, hasMethods, isBytes } from '../checks.ts'
import { untilAborted } from '../cmm/ask.ts'
import {
  AbortedError,
  EnvelopeError,
  InvalidArgumentError,
  checkNotAborted,
  reasonOf,
} from '../errors.ts'
import { fileSource } from './file-source.ts'
import type { RandomAccessSource } from './random-access.ts'

/** A source of our own, or one of the application, which may return or throw anything, late or never. */
export class CheckedSource implements RandomAccessSource {
  readonly size: number
  readonly #source: RandomAccessSource
  readonly #close: () => Promise<void>

  private constructor(source: RandomAccessSource, close = async (): Promise<void> => {}) {
    this.size = checkInteger(source.size, 'source.size', 0, Number.MAX_SAFE_INTEGER)
    this.#source = source
    this.#close = close
  }

  /** Opens what `openMessage` was given. */
  static async open(source: string | Uint8Array | RandomAccessSource): Promise<CheckedSource> {
    const given: unknown = source
    if (typeof source === 'string') {
      const file = await fileSource(source)
      return new CheckedSource(file, () => file.close())
    }
    if (isBytes(given)) return new CheckedSource(bytesSource(given))
    if (hasMethods(source, ['read'])) return new CheckedSource(source as RandomAccessSource)
    throw new InvalidArgumentError(
      'source',
      'source must be the path of a file, a Uint8Array, or an object with size and read(start, end, signal)',
    )
  }

  async read(start: number, end: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    checkNotAborted(signal)
    let bytes: unknown
    try {
      const reading = async (): Promise<Uint8Array> => this.#source.read(start, end, signal)
      bytes = await untilAborted(reading(), signal, () => {})
    } catch (cause) {
      if (signal?.aborted) throw new AbortedError(signal.reason)
      throw sourceError(`The source failed to read ${range(start, end)}: ${reasonOf(cause)}`, cause)
    }
    if (!isBytes(bytes)) {
      throw sourceError(`The source gave no Uint8Array for ${range(start, end)}`)
    }
    if (bytes.length !== end - start) {
      throw sourceError(`The source gave ${bytes.length} bytes for ${range(start, end)}`)
    }
    return bytes
  }

  async close(): Promise<void> {
    await this.#close()
  }
}

/** A message in memory, which its owner may change, transfer or resize meanwhile: tags and lengths tell. */
function bytesSource(bytes: Uint8Array): RandomAccessSource {
  return { size: bytes.length, read: async (start, end) => bytes.subarray(start, end) }
}

function sourceError(message: string, cause?: unknown): EnvelopeError {
  return new EnvelopeError('ERR_SOURCE', message, cause === undefined ? {} : { cause })
}

function range(start: number, end: number): string {
  return `the ${end - start} bytes from ${start} to before ${end}`
}
