import { open, stat } from 'node:fs/promises'
import { Command } from 'commander'
import { examine } from '../doctor/examine.ts'
import { findingsInWords } from '../doctor/words.ts'
import { CommandFailure, DONE, type ExitCode, FAILED } from '../failures.ts'
import { bytesOf, chunksOf } from '../inspect/inspect-source.ts'
import { jsonLine } from '../inspect/record.ts'
import { addKeyringFlags, addMessageFlags, addReportFlags, settingsOf } from '../options/flags.ts'
import { openSession } from '../options/session.ts'

/** `waxseal doctor`: why a message doesn't open with the given keys, and what to do. */
export function doctorCommand(): Command {
  const command = new Command('doctor')
    .summary('explain why a message does not open')
    .description('Explain, key by key, why a message does not open, and what to do about it.')
    .argument('<message>', 'a file; - for standard input')
    .addHelpText(
      'after',
      '\nExamples:\n  waxseal doctor backup.encrypted\n  waxseal doctor backup.encrypted --kms arn:aws:kms:…',
    )
  addKeyringFlags(command, 'decrypt')
  addMessageFlags(command, 'decrypt')
  addReportFlags(command)
  return command.action(async (input: string) => {
    process.exitCode = await doctor(command, input)
  })
}

async function doctor(command: Command, input: string): Promise<ExitCode> {
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
