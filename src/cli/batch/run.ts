import type { FileHandle } from 'node:fs/promises'
import { mapWithin } from '../../concurrency.ts'
import { reportOf } from '../failure-report.ts'
import { DONE, FAILED, type ExitCode, StandardOutputFailure, UsageError } from '../failures.ts'
import { quoted } from '../inspect/escape.ts'
import type { ReportSettings } from '../options/settings.ts'
import { listenToInterruption } from './interruption.ts'
import type { Job, JobResult } from './job.ts'
import { tellKmsCalls } from './kms-calls.ts'
import { isOfPlan, type Plan } from './plan.ts'
import { noProgress, type Progress } from './progress.ts'
import {
  appendRecord,
  inputName,
  openMetadata,
  type Outcome,
  outputName,
  printRecord,
  recordOf,
} from './records.ts'

/** What a job is given besides itself. */
export interface JobTools {
  /** Bytes of the source that are done, so far. */
  readonly onProgress: (bytesDone: number) => void
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

type Work = (job: Job, tools: JobTools) => Promise<JobResult>

/**
 * Works on all jobs, some at a time, shows progress on a terminal, writes the records, and at the end a summary of what
 * failed. One that fails doesn't stop the others.
 */
export async function runBatch(plan: Plan, options: BatchOptions, work: Work): Promise<ExitCode> {
  const metadata = await metadataOf(plan, options)
  const progress = await progressOf(plan, options)
  const interruption = listenToInterruption()
  const batch = new Batch(plan, options, metadata, progress)
  const stopTelling = options.verbose ? tellKmsCalls((text) => batch.say(text)) : undefined
  try {
    for (const { path, error } of plan.refused) {
      await batch.settle({ input: path, output: undefined }, { status: 'failed', error }, 0)
    }
    await mapWithin(options.jobs, plan.jobs, undefined, async (job) => {
      if (!interruption.signal.aborted && batch.lostRecord === undefined)
        await batch.run(job, work, interruption.signal)
    })
  } finally {
    batch.end(interruption.signal.aborted)
    stopTelling?.()
    await metadata?.close()
    interruption.end()
  }
  if (batch.lostRecord !== undefined) throw batch.lostRecord
  return batch.failed.length > 0 ? FAILED : DONE
}

async function metadataOf(plan: Plan, { metadata }: BatchOptions): Promise<FileHandle | undefined> {
  if (metadata === undefined) return undefined
  if (await isOfPlan(plan, metadata)) {
    throw new UsageError(`--metadata ${quoted(metadata)} is an input or an output, too`)
  }
  return openMetadata(metadata)
}

/** A terminal that standard output shares would have the bars between its lines. */
async function progressOf(plan: Plan, { quiet, json }: BatchOptions): Promise<Progress> {
  const isShown =
    process.stderr.isTTY && !quiet && !json && !(isToStdout(plan) && process.stdout.isTTY)
  if (!isShown) return noProgress
  const { progressOn } = await import('./bars.ts')
  return progressOn(process.stderr, plan.jobs)
}

function isToStdout({ jobs }: Plan): boolean {
  return jobs.some(({ target }) => target.kind === 'stdout')
}

class Batch {
  readonly failed: string[] = []
  /** Why a record could not be written. What is under way comes to its end, and no more begins. */
  lostRecord: Error | undefined
  readonly #several: boolean
  readonly #options: BatchOptions
  readonly #metadata: FileHandle | undefined
  readonly #progress: Progress
  readonly #records: NodeJS.WritableStream
  readonly #counts = { done: 0, skipped: 0, failed: 0 }

  constructor(
    plan: Plan,
    options: BatchOptions,
    metadata: FileHandle | undefined,
    progress: Progress,
  ) {
    this.#several = plan.jobs.length + plan.refused.length > 1
    this.#options = options
    this.#metadata = metadata
    this.#progress = progress
    this.#records = isToStdout(plan) ? process.stderr : process.stdout
  }

  async run(job: Job, work: Work, signal: AbortSignal): Promise<void> {
    const names = { input: inputName(job), output: outputName(job) }
    const bar = this.#progress.begin(job)
    const startedMs = performance.now()
    let outcome: Outcome
    try {
      const onProgress = (bytesDone: number): void => {
        bar.update(bytesDone)
      }
      const result = await work(job, { onProgress, signal })
      outcome = { status: result.skipped === undefined ? 'done' : 'skipped', result }
    } catch (error) {
      outcome = { status: 'failed', error }
    } finally {
      bar.end()
    }
    await this.settle(names, outcome, performance.now() - startedMs, signal.aborted)
  }

  async settle(
    names: { readonly input: string; readonly output: string | undefined },
    outcome: Outcome,
    durationMs: number,
    interrupted = false,
  ): Promise<void> {
    this.#counts[outcome.status]++
    if (outcome.status === 'failed') {
      this.failed.push(names.input)
      // After an interruption all fail for that one reason; a reader that had enough knows it.
      const { error } = outcome
      if (!interrupted && !(error instanceof StandardOutputFailure))
        this.#sayFailure(names.input, error)
    }
    const { json, operation } = this.#options
    if (!json && !this.#metadata) return
    const line = recordOf(operation, names, outcome, durationMs)
    try {
      if (json) await printRecord(this.#records, line)
      if (this.#metadata) await appendRecord(this.#metadata, line)
    } catch (error) {
      this.lostRecord ??= error instanceof Error ? error : new Error(String(error))
    }
  }

  say(text: string): void {
    this.#progress.say(text)
  }

  end(interrupted: boolean): void {
    this.#progress.stop()
    if (!this.#several || this.#options.quiet) return
    const { done, skipped, failed } = this.#counts
    const parts = [`${done} done`]
    if (skipped > 0) parts.push(`${skipped} skipped`)
    if (failed > 0) parts.push(`${failed} failed`)
    if (interrupted) parts.push('interrupted')
    const list = failed > 0 && !interrupted ? this.failed.map((path) => `  ${quoted(path)}\n`) : []
    const colon = list.length > 0 ? ':' : ''
    process.stderr.write(
      `waxseal: ${this.#options.operation}: ${parts.join(', ')}${colon}\n${list.join('')}`,
    )
  }

  #sayFailure(input: string, error: unknown): void {
    const { text } = reportOf(error, `waxseal ${this.#options.operation}`)
    const prefix = 'waxseal: '
    const name = input === '-' ? '' : `${quoted(input)}: `
    this.say(`${prefix}${name}${text.slice(prefix.length)}`)
  }
}
