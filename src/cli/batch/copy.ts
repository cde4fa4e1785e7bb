import { lstat, mkdir, realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Duplex, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { isSystemError, quote } from '../../client/file-errors.ts'
import {
  checkDestination,
  type Destination,
  writeWhole,
  writerTo,
} from '../../client/file-output.ts'
import { nodeBackend } from '../../crypto/node.ts'
import { EnvelopeError } from '../../errors.ts'
import { CommandFailure, StandardOutputFailure } from '../failures.ts'
import type { FileTarget, Job } from './job.ts'
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
  job: Job,
  streams: MakeStreams,
  options: CopyOptions,
  tools: JobTools,
): Promise<Copied> {
  const { source, target } = job
  if (target.kind === 'stdout') {
    const input = await openSource(source)
    const output = new StandardOutput()
    await closing(input, () => pump(input, streams, output, tools))
    return { bytesRead: input.bytesRead(), bytesWritten: output.bytesWritten }
  }
  try {
    // What refuses the target does so before the source is opened, which waits for a writer if it is a FIFO.
    const path = await finalPath(target.path)
    const destination = await checkDestination(path, options.overwrite, options.mode)
    const input = await openSource(source)
    const write = (): Promise<number> =>
      writeFrom(input, target, destination, streams, options, tools)
    const bytesWritten = await closing(input, write)
    return { bytesRead: input.bytesRead(), bytesWritten }
  } catch (error) {
    throw ofTarget(target.path, error)
  }
}

/** Bytes of a source and of what was made of it. */
interface Copied {
  readonly bytesRead: number
  readonly bytesWritten: number
}

async function writeFrom(
  input: OpenSource,
  target: FileTarget,
  destination: Destination,
  streams: MakeStreams,
  options: CopyOptions,
  tools: JobTools,
): Promise<number> {
  if (target.makeFolders) await mkdir(dirname(destination.path), { recursive: true })
  const kept = options.preserve ? input.stats : undefined
  return writeWhole(
    kept ? { ...destination, mode: kept.mode & 0o777, privateUntilWhole: true } : destination,
    nodeBackend.randomBytes(6),
    async (output, temporary) => {
      const file = writerTo(output, (error) => outputFailure(target.path, error))
      await pump(input, streams, file, tools)
      await options.verify?.(temporary)
      if (kept) await output.utimes(kept.atime, kept.mtime)
      tools.signal.throwIfAborted()
    },
  )
}

async function pump(
  input: OpenSource,
  streams: MakeStreams,
  output: Writable,
  { signal, onProgress }: JobTools,
): Promise<void> {
  await pipeline([Readable.from(input.read(onProgress)), ...streams(input.size), output], {
    signal,
  })
}

async function closing<T>(input: OpenSource, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } finally {
    await input.close()
  }
}

/** A symbolic link stays, and what it leads to is replaced. */
async function finalPath(path: string): Promise<string> {
  try {
    if (!(await lstat(path)).isSymbolicLink()) return path
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return path
    throw error
  }
  return realpath(path)
}

/** What an error of the file system or of the library means for the file that was to be written. */
function ofTarget(path: string, error: unknown): unknown {
  if (EnvelopeError.is(error) && error.code === 'ERR_FILE_EXISTS') {
    return new EnvelopeError(error.code, `${quote(path)} exists; --overwrite replaces it`)
  }
  // Errors of the keyrings come with a code of their own, or are the AWS SDK's.
  return isSystemError(error) && isOfFiles(error) ? outputFailure(path, error) : error
}

function isOfFiles({ path, syscall }: NodeJS.ErrnoException): boolean {
  return path !== undefined || syscall === 'fsync' || syscall === 'close'
}

function outputFailure(path: string, error: NodeJS.ErrnoException): CommandFailure {
  const reason =
    error.code === 'ENAMETOOLONG'
      ? 'its name is too long for the file system; give another by -o FILE, or a shorter --suffix'
      : error.message
  return new CommandFailure('ERR_OUTPUT', `${quote(path)} cannot be written: ${reason}`, error)
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
