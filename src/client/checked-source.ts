import type { FileHandle } from 'node:fs/promises'
import { checkInteger, hasMethods, isBytes } from '../checks.ts'
import { untilAborted } from '../cmm/ask.ts'
import {
  AbortedError,
  EnvelopeError,
  InvalidArgumentError,
  checkNotAborted,
  reasonOf,
} from '../errors.ts'
import { copyBytes } from '../format/bytes.ts'
import { fileError, isSystemError, quote } from './file-errors.ts'
import { checkPath, openSource } from './files.ts'
import type { RandomAccessSource } from './sealed-reader.ts'

/** A source of our own, or one of the application, which may return or throw anything, late or never. */
export class CheckedSource implements RandomAccessSource {
  readonly size: number
  readonly #source: RandomAccessSource
  readonly #close: () => Promise<void>

  private constructor(source: RandomAccessSource, close = async (): Promise<void> => {}) {
    this.size = checkInteger(sizeOf(source), 'source.size', 0, Number.MAX_SAFE_INTEGER)
    this.#source = source
    this.#close = close
  }

  /** Opens what `openMessage` was given. */
  static async open(source: string | Uint8Array | RandomAccessSource): Promise<CheckedSource> {
    const given: unknown = source
    if (typeof source === 'string') return CheckedSource.#openFile(source)
    if (isBytes(given)) return new CheckedSource(bytesSource(given))
    if (hasMethods(source, ['read'])) return new CheckedSource(source as RandomAccessSource)
    throw new InvalidArgumentError(
      'source',
      'source must be the path of a file, a Uint8Array, or an object with size and read(start, end, signal)',
    )
  }

  /** Opens a file once: another one that gets its name meanwhile is not read. */
  static async #openFile(path: string): Promise<CheckedSource> {
    checkPath(path, 'source')
    const file = await openSource(path)
    const close = (): Promise<void> => ofFile(path, file.close())
    try {
      const { size } = await ofFile(path, file.stat())
      return new CheckedSource(fileSource(file, size), close)
    } catch (error) {
      await close().catch(() => undefined) // what went wrong first is what matters
      throw error
    }
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
    // What another thread could change between the tag's reading of it and the cipher's is copied first.
    return bytes.buffer instanceof SharedArrayBuffer ? copyBytes(bytes) : bytes
  }

  async close(): Promise<void> {
    await this.#close()
  }
}

function fileSource(file: FileHandle, size: number): RandomAccessSource {
  return {
    size,
    async read(start, end) {
      const buffer = Buffer.allocUnsafeSlow(end - start)
      for (let filled = 0; filled < buffer.length;) {
        const { length } = buffer
        const { bytesRead } = await file.read(buffer, filled, length - filled, start + filled)
        if (bytesRead === 0) throw new Error(`the file now ends at byte ${start + filled}`)
        filled += bytesRead
      }
      return buffer
    },
  }
}

/** What a call on an open file comes to. */
async function ofFile<T>(path: string, call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    if (!isSystemError(error)) throw error
    throw fileError(`source ${quote(path)} cannot be read: ${error.message}`, error)
  }
}

/** A message in memory, which its owner may change, transfer or resize meanwhile: tags and lengths tell. */
function bytesSource(bytes: Uint8Array): RandomAccessSource {
  return { size: bytes.length, read: async (start, end) => bytes.subarray(start, end) }
}

function sizeOf(source: RandomAccessSource): number {
  try {
    return source.size
  } catch (cause) {
    throw sourceError(`The source failed to tell its size: ${reasonOf(cause)}`, cause)
  }
}

function sourceError(message: string, cause?: unknown): EnvelopeError {
  return new EnvelopeError('ERR_SOURCE', message, cause === undefined ? {} : { cause })
}

function range(start: number, end: number): string {
  return `the ${end - start} bytes from ${start} to before ${end}`
}
