import { Command } from 'commander'
import { endWith } from '../failures.ts'
import { addKeyringFlags, addMessageFlags, addReportFlags } from '../options/flags.ts'

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
  addReportFlags(command, ['json'])
  return command.action(async (input: string) => {
    const { doctor } = await import('./doctor-run.ts')
    endWith(await doctor(command, input))
  })
}
