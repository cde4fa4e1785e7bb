import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { LocalKms } from '../../../src/local-kms/index.ts'
import type { Totals } from '../live/summary.ts'
import { commandCases } from './cases.ts'
import { commandTable, type CommandOutcome } from './document.ts'
import { exchangeByCommands } from './exchange.ts'
import { prepareAws, type Program, waxseal } from './programs.ts'

/**
 * Exchanges messages between `waxseal` and AWS's command line, and prints what came of that.
 *
 * @returns the part of docs/interop.md on it, or `undefined` if that command line is not there, or anything failed.
 */
export async function runCommands(totals: Totals): Promise<string[] | undefined> {
  try {
    const aws = await prepareAws()
    if ('missing' in aws) {
      totals.skipped++
      console.log(`SKIP commands: ${aws.missing}`)
      return undefined
    }
    const outcomes = await exchangeAll(aws)
    for (const outcome of outcomes) print(outcome, totals)
    if (outcomes.some(({ failure }) => failure !== undefined)) return undefined
    return commandTable(await versionsOf(aws), outcomes)
  } catch (error) {
    totals.failed++
    console.log(`FAIL commands: ${reasonOf(error)}`)
    return undefined
  }
}

/** As many at once as there are processors: most of the time goes into starting Python and Node. */
async function exchangeAll(aws: Program): Promise<CommandOutcome[]> {
  const folder = await mkdtemp(join(tmpdir(), 'waxseal-commands-'))
  // Of its own: its calls are counted.
  const kms = await LocalKms.start({ log: () => undefined })
  try {
    const outcomes: CommandOutcome[] = []
    const jobs: (() => Promise<void>)[] = []
    for (const [writer, reader] of [
      [aws, waxseal],
      [waxseal, aws],
    ] as const) {
      for (const one of await commandCases(kms)) {
        const outcome: CommandOutcome = { case: one, writer: writer.name, reader: reader.name }
        outcomes.push(outcome)
        jobs.push(async () => {
          try {
            await exchangeByCommands({ writer, reader }, one, folder, kms)
          } catch (error) {
            outcome.failure = reasonOf(error)
          }
        })
      }
    }
    const left = jobs.values()
    const work = async () => {
      for (const job of left) await job()
    }
    await Promise.all(Array.from({ length: availableParallelism() }, work))
    return outcomes
  } finally {
    await kms.close()
    await rm(folder, { recursive: true })
  }
}

function print({ case: one, writer, reader, failure }: CommandOutcome, totals: Totals): void {
  const does = one.refused ? 'refuses' : 'reads'
  const what = `commands: ${writer} writes, ${reader} ${does}, by ${one.way}: ${one.group}: ${one.name}`
  if (failure === undefined) totals.passed++
  else totals.failed++
  console.log(failure === undefined ? `PASS ${what}` : `FAIL ${what}\n  ${failure}`)
}

/** What it says of itself: `aws-encryption-sdk-cli/4.3.0 aws-encryption-sdk/3.3.1`. */
async function versionsOf({ command: [program, ...before] }: Program): Promise<string[]> {
  const { stdout } = await promisify(execFile)(program, [...before, '--version'])
  return stdout.trim().split(/\s+/)
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
