import type { Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pieceLength } from '../../client/file-output.ts'
import { isSystemError, quote } from '../../client/file-errors.ts'
import { CommandFailure } from '../failures.ts'
import type { Source } from './job.ts'

/** A source under way. */
export interface OpenSource {
  /** Of a regular file. */
  readonly size: number | undefined
  /** Of a file of whatever kind. */
  readonly stats: Stats | undefined
  /** All its bytes, once. */
  read(onProgress: (bytesDone: number) => void): AsyncGenerator<Uint8Array>
  bytesRead(): number
  close(): Promise<void>
}

export async function openSource(source: Source): Promise<OpenSource> {
  if (source.kind === 'stdin') {
    const close = (): Promise<void> => Promise.resolve()
    return opened(undefined, undefined, standardInput(process.stdin), close)
  }
  const { path } = source
  const input = await orInputFailure(path, () => open(path, 'r'))
  const stats = await orInputFailure(path, () => input.stat())
  const size = stats.isFile() ? stats.size : undefined
  return opened(
    stats,
    size,
    size === undefined ? pieces(input, path) : whole(input, stats, path),
    () => input.close(),
  )
}

function opened(
  stats: Stats | undefined,
  size: number | undefined,
  bytes: AsyncIterable<Uint8Array>,
  close: () => Promise<void>,
): OpenSource {
  let bytesRead = 0
  return {
    stats,
    size,
    close,
    bytesRead: () => bytesRead,
    async *read(onProgress) {
      for await (const piece of bytes) {
        yield piece
        bytesRead += piece.length
        onProgress(bytesRead)
      }
    },
  }
}

async function* standardInput(input: Readable): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of input) yield chunk as Uint8Array
  } catch (error) {
    if (!isSystemError(error)) throw error
    throw new CommandFailure('ERR_INPUT', `standard input cannot be read: ${error.message}`, error)
  }
}

async function* pieces(input: FileHandle, path: string): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { buffer, bytesRead } = await orInputFailure(path, () =>
      input.read(Buffer.allocUnsafeSlow(pieceLength)),
    )
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

/** A regular file: what is read belongs together only if nobody wrote to it meanwhile. */
async function* whole(input: FileHandle, before: Stats, path: string): AsyncGenerator<Uint8Array> {
  let length = 0
  for await (const piece of pieces(input, path)) {
    length += piece.length
    if (length > before.size) break
    yield piece
  }
  const after = await orInputFailure(path, () => input.stat())
  if (length !== before.size || after.mtimeMs !== before.mtimeMs || after.size !== before.size) {
    throw new CommandFailure('ERR_INPUT', `${quote(path)} changed while it was read`)
  }
}

async function orInputFailure<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isSystemError(error)) throw error
    throw new CommandFailure('ERR_INPUT', `${quote(path)} cannot be read: ${error.message}`, error)
  }
}
