import type { Command } from 'commander'
import { examine } from '../doctor/examine.ts'
import type { Findings } from '../doctor/finding.ts'
import { findingsInWords } from '../doctor/words.ts'
import { openSource } from '../batch/source.ts'
import { CommandFailure, DONE, type ExitCode, FAILED } from '../failures.ts'
import { jsonLine } from '../inspect/record.ts'
import { settingsOf } from '../options/flags.ts'
import { openSession } from '../options/session.ts'

/** What `waxseal doctor` does. */
export async function doctor(command: Command, input: string): Promise<ExitCode> {
  const settings = await settingsOf(command)
  let findings: Findings
  try {
    findings = await withChunks(input, (chunks) =>
      examine(chunks, settings, (given) => openSession('decrypt', given)),
    )
  } catch (error) {
    if (settings.json && error instanceof CommandFailure) {
      const { message } = error
      const record = {
        operation: 'doctor',
        input,
        opens: false,
        findings: [],
        problem: { message },
      }
      process.stdout.write(jsonLine(record))
    }
    throw error
  }
  const { opens, list } = findings
  const record = { operation: 'doctor', input, opens, findings: list }
  const text = settings.json
    ? jsonLine(record)
    : findingsInWords(input, findings, process.stdout.isTTY)
  process.stdout.write(text)
  return opens ? DONE : FAILED
}

async function withChunks<T>(
  input: string,
  use: (chunks: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const source = await openSource(
    input === '-' ? { kind: 'stdin' } : { kind: 'file', path: input, size: undefined },
  )
  try {
    if (source.stats?.isDirectory() === true) {
      throw new CommandFailure('ERR_INPUT', `${input} is a folder: doctor takes one message`)
    }
    return await use(source.read(() => undefined))
  } finally {
    await source.close()
  }
}
