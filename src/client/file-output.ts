import { type FileHandle, link, open, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Writable } from 'node:stream'
import { EnvelopeError } from '../errors.ts'
import { join as joinBytes } from '../format/bytes.ts'
import { fileError, isSystemError, quote } from './file-errors.ts'

/** A file that will appear whole or not at all. */
export interface Destination {
  readonly path: string
  readonly overwrite: boolean
  /** The permissions of the new file: a replaced one's are kept. */
  readonly mode: number
  /** Whether they are given once it is whole, as those of a replaced file are: before, it is the owner's only. */
  readonly privateUntilWhole: boolean
}

/** How the names of temporary files end: a process that was killed leaves them. */
export const partialSuffix = '.waxseal-partial'

/** Bytes that are read or written in one go. */
export const pieceLength = 1 << 20

/** Refuses a destination that must not be replaced. */
export async function checkDestination(
  path: string,
  overwrite: boolean,
  mode: number,
): Promise<Destination> {
  const stats = await stat(path).catch(() => undefined)
  if (!stats) return { path, overwrite, mode, privateUntilWhole: false }
  if (!stats.isFile()) {
    const what = stats.isDirectory() ? 'a directory' : 'not a regular file'
    throw fileError(`destination ${quote(path)} is ${what}; give the path of a file`)
  }
  if (!overwrite) throw exists(path)
  return { path, overwrite, mode: stats.mode & 0o777, privateUntilWhole: true }
}

/**
 * Lets `write` fill a temporary file beside the destination, of which it is told the path, and then gives it the
 * destination's name, in one step of the file system. On any failure the temporary file is removed. Returns its length.
 */
export async function writeWhole(
  { path, overwrite, mode, privateUntilWhole }: Destination,
  random: Uint8Array,
  write: (output: FileHandle, temporary: string) => Promise<void>,
): Promise<number> {
  const temporary = join(dirname(path), `.${Buffer.from(random).toString('hex')}${partialSuffix}`)
  const output = await open(temporary, 'wx', privateUntilWhole ? 0o600 : mode)
  try {
    let length: number
    try {
      await write(output, temporary)
      if (privateUntilWhole) await output.chmod(mode)
      await output.sync()
      length = (await output.stat()).size
    } finally {
      await output.close()
    }
    if (overwrite) await rename(temporary, path)
    else await renameToNew(temporary, path)
    return length
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    throw error
  }
}

/**
 * Writes in order; what came while a write was under way is written in one.
 *
 * @param failed may say more of an error.
 */
export function writerTo(
  output: FileHandle,
  failed: (error: Error) => Error = (error) => error,
): Writable {
  const write = (bytes: Uint8Array, callback: (error?: Error) => void): void => {
    output.writeFile(bytes).then(
      () => {
        callback()
      },
      (error: unknown) => {
        callback(failed(asError(error)))
      },
    )
  }
  return new Writable({
    highWaterMark: pieceLength,
    write: (chunk: Uint8Array, _encoding, callback) => {
      write(chunk, callback)
    },
    writev: (chunks, callback) => {
      write(joinBytes(chunks.map(({ chunk }) => chunk as Uint8Array)), callback)
    },
  })
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : fileError('unreachable: not an error', error)
}

/** A rename that never replaces anything: `link` fails if the name is taken, even since the check. */
async function renameToNew(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path)
  } catch (error) {
    if (isSystemError(error) && error.code === 'EEXIST') throw exists(path)
    // A file system without hard links: check once more, as close to the rename as can be.
    await checkDestination(path, false, 0)
    await rename(temporary, path)
    return
  }
  await unlink(temporary)
}

function exists(path: string): EnvelopeError {
  return new EnvelopeError(
    'ERR_FILE_EXISTS',
    `destination ${quote(path)} exists; set overwrite to replace it, or choose another name`,
  )
}
