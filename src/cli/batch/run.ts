import type { ExitCode } from '../failures.ts'
import type { ReportSettings } from '../options/settings.ts'
import type { Job, JobResult } from './job.ts'
import type { Plan } from './plan.ts'

/** What a job is given besides itself. */
export interface JobTools {
  /** Bytes of the source that are done, so far. */
  onProgress(bytesDone: number): void
  /** Raised when the user interrupts. */
  readonly signal: AbortSignal
}

/** How a batch is run. */
export interface BatchOptions extends ReportSettings {
  /** What is done, in the infinitive: `encrypt`. */
  readonly operation: string
  /** How many jobs at a time. */
  readonly jobs: number
}

/**
 * Works on all jobs, some at a time, shows progress on a terminal, writes the records, and at the end a summary of what
 * failed. One that fails doesn't stop the others.
 */
export async function runBatch(
  _plan: Plan,
  _options: BatchOptions,
  _work: (job: Job, tools: JobTools) => Promise<JobResult>,
): Promise<ExitCode> {
  throw new Error('not built yet')
}
