import type { Duplex } from 'node:stream'
import type { Job } from './job.ts'
import type { JobTools } from './run.ts'

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

/**
 * Sends a job's source through the streams into its target. A file appears whole or not at all, and only if the source
 * was read to its end and has not changed meanwhile.
 */
export async function copyThrough(
  _job: Job,
  _streams: readonly Duplex[],
  _options: CopyOptions,
  _tools: JobTools,
): Promise<{ bytesRead: number; bytesWritten: number }> {
  throw new Error('not built yet')
}
