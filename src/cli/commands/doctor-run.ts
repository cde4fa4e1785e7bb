import { open, stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { examine } from '../doctor/examine.ts'
import { findingsInWords } from '../doctor/words.ts'
import { CommandFailure, DONE, type ExitCode, FAILED } from '../failures.ts'
import { bytesOf, chunksOf } from '../inspect/inspect-source.ts'
import { jsonLine } from '../inspect/record.ts'
import { settingsOf } from '../options/flags.ts'
import { openSession } from '../options/session.ts'

/** What `waxseal doctor` does. */
export async function doctor(command: Command, input: string): Promise<ExitCode> {
  const settings = await settingsOf(command)
  const findings = await withChunks(input, (chunks) =>
    examine(chunks, settings, (given) => openSession('decrypt', given)),
  )
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
  if (input === '-') return use(bytesOf(process.stdin))
  if ((await stat(input)).isDirectory()) {
    throw new CommandFailure('ERR_INPUT', `${input} is a folder: doctor takes one message`)
  }
  const file = await open(input)
  try {
    return await use(chunksOf(file))
  } finally {
    await file.close()
  }
}
