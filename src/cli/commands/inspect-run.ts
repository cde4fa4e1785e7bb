import { findInputs } from '../batch/inputs.ts'
import type { Source } from '../batch/job.ts'
import { DONE, type ExitCode, FAILED, UsageError } from '../failures.ts'
import { escaped } from '../inspect/escape.ts'
import { HexListing } from '../inspect/hex-listing.ts'
import { inspectSource } from '../inspect/inspect-source.ts'
import { jsonLine, reportAsRecord } from '../inspect/record.ts'
import type { Report } from '../inspect/report.ts'
import { reportInWords } from '../inspect/words.ts'
import type { InspectFlags } from './inspect.ts'

/** What `waxseal inspect` does. */
export async function inspect(inputs: readonly string[], flags: InspectFlags): Promise<ExitCode> {
  const { recursive = false, follow = false } = flags
  if (inputs.length === 0 && process.stdin.isTTY) {
    throw new UsageError('Give a file, or pipe a message into standard input')
  }
  const { found, refused } = await findInputs(inputs, { recursive, follow })
  let exitCode: ExitCode = DONE
  let isFirst = true
  for (const { source } of found) {
    // Lines of JSON follow one another; texts have an empty line between.
    if (!isFirst && flags.json !== true) await print('\n')
    isFirst = false
    if (!(await inspectOne(source, flags))) exitCode = FAILED
  }
  for (const { path, error } of refused) {
    await complain(path, error, flags)
    exitCode = FAILED
  }
  return exitCode
}

/** Whether it is a message, or the header of an item, with nothing wrong about it. */
async function inspectOne(source: Source, flags: InspectFlags): Promise<boolean> {
  const name = source.kind === 'stdin' ? '(standard input)' : source.path
  let report: Report
  try {
    report = await inspectSource(source, flags.bytes === true ? new HexListing(print) : undefined)
  } catch (error) {
    await complain(name, error, flags)
    return false
  }
  await print(
    flags.json === true ? jsonLine(reportAsRecord(name, report)) : reportInWords(name, report),
  )
  return report.kind === 'item-header' || (report.kind === 'message' && !report.problem)
}

/** One file that could not be read doesn't stop the others. */
async function complain(input: string, error: unknown, { json }: InspectFlags): Promise<void> {
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`waxseal: ${escaped(input)}: ${escaped(message)}\n`)
  const record = {
    operation: 'inspect',
    input,
    kind: 'failed',
    verified: false,
    problem: { message },
  }
  if (json === true) await print(jsonLine(record))
}

/** Waits for a reader that is slow, so that no output gathers in memory. */
async function print(text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}
