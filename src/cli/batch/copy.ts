import { type FileHandle, lstat, mkdir, realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Duplex, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { isSystemError, quote } from '../../client/file-errors.ts'
import { checkDestination, writeWhole, writerTo } from '../../client/file-output.ts'
import { nodeBackend } from '../../crypto/node.ts'
import { CommandFailure } from '../failures.ts'
import type { Job } from './job.ts'
import type { JobTools } from './run.ts'
import { type OpenSource, openSource } from './source.ts'

/** How a source goes to its target. */
export interface CopyOptions {
  /** Replace a target that exists. */
  readonly overwrite: boolean
  /** Give the target the permissions and the times of the source. */
  readonly preserve: boolean
  /** The permissions of a new file, before the umask. */
  readonly mode: number
  /**
   * Called with the path of the whole new file before it gets its name; what it throws leaves the target as it was.
   */
  readonly verify?: (path: string) => Promise<void>
}

/** Makes the streams between a source, whose size is known of regular files, and a target. */
export type MakeStreams = (size: number | undefined) => readonly Duplex[]

/**
 * Sends a job's source through the streams into its target. A file appears whole or not at all, and only if the source
 * was read to its end and has not changed meanwhile.
 */
export async function copyThrough(
  { source, target }: Job,
  streams: MakeStreams,
  options: CopyOptions,
  tools: JobTools,
): Promise<{ bytesRead: number; bytesWritten: number }> {
  // What refuses the target does so before the source is opened, which waits for a writer if it is a FIFO.
  const path = target.kind === 'file' ? await finalPath(target.path) : undefined
  const destination =
    path === undefined ? undefined : await checkDestination(path, options.overwrite, options.mode)
  const input = await openSource(source)
  const pump = async (output: Writable): Promise<void> => {
    const { signal } = tools
    const report = (bytesDone: number): void => {
      tools.onProgress(bytesDone)
    }
    await pipeline([Readable.from(input.read(report)), ...streams(input.size), output], {
      signal,
    })
  }
  try {
    if (!destination || target.kind !== 'file') {
      const output = new StandardOutput()
      await pump(output)
      return { bytesRead: input.bytesRead(), bytesWritten: output.bytesWritten }
    }
    if (target.makeFolders) await mkdir(dirname(destination.path), { recursive: true })
    const keptMode = options.preserve ? input.stats?.mode : undefined
    const bytesWritten = await writeWhole(
      keptMode === undefined ? destination : { ...destination, mode: keptMode & 0o777 },
      nodeBackend.randomBytes(6),
      async (output, temporary) => {
        await pump(writerTo(output, (error) => outputFailure(target.path, error)))
        await options.verify?.(temporary)
        if (options.preserve) await preserve(output, input)
        tools.signal.throwIfAborted()
      },
    )
    return { bytesRead: input.bytesRead(), bytesWritten }
  } catch (error) {
    // Errors of the keyrings come with a code of their own, or are the AWS SDK's.
    if (target.kind === 'file' && isSystemError(error) && isOfFiles(error)) {
      throw outputFailure(target.path, error)
    }
    throw error
  } finally {
    await input.close()
  }
}

/** A symbolic link stays, and what it leads to is replaced. */
async function finalPath(path: string): Promise<string> {
  try {
    if ((await lstat(path)).isSymbolicLink()) return await realpath(path)
    return path
  } catch (error) {
    if (!isSystemError(error)) throw error
    if (error.code === 'ENOENT' && error.syscall === 'lstat') return path
    throw outputFailure(path, error)
  }
}

async function preserve(output: FileHandle, { stats }: OpenSource): Promise<void> {
  if (!stats) return
  await output.chmod(stats.mode & 0o777)
  await output.utimes(stats.atime, stats.mtime)
}

function isOfFiles({ path, syscall }: NodeJS.ErrnoException): boolean {
  return path !== undefined || syscall === 'fsync' || syscall === 'close'
}

function outputFailure(path: string, error: Error): CommandFailure {
  return new CommandFailure(
    'ERR_OUTPUT',
    `${quote(path)} cannot be written: ${error.message}`,
    error,
  )
}

/** Standard output failed. The program says so where it listens to it, or nothing if the reader had enough. */
export class StandardOutputFailure extends CommandFailure {
  constructor(cause: Error) {
    super('ERR_OUTPUT', `standard output cannot be written: ${cause.message}`, cause)
  }
}

/** Standard output, which is not ended: it may be asked for more. */
class StandardOutput extends Writable {
  bytesWritten = 0

  override _write(chunk: Uint8Array, _encoding: string, callback: (error?: Error) => void): void {
    process.stdout.write(chunk, (error) => {
      this.bytesWritten += chunk.length
      if (error) callback(new StandardOutputFailure(error))
      else callback()
    })
  }
}
