import { Command, Option } from 'commander'
import { addFileFlags, type FileFlags } from '../batch/file-flags.ts'
import { endWith } from '../failures.ts'
import { addKeyringFlags, addMessageFlags, addReportFlags } from '../options/flags.ts'

/** The flags of `decrypt` beside its settings. */
export interface DecryptFlags extends FileFlags {
  readonly encode?: true
  readonly decode?: true
  readonly buffer?: true
}

/** `waxseal decrypt`: messages back to what they were made of. */
export function decryptCommand(): Command {
  const command = new Command('decrypt')
    .summary('decrypt files or a pipe')
    .description('Decrypt messages; a file appears only once all of it is verified.')
    .argument('[input...]', 'files, folders, globs; - or none: standard input')
  addFileFlags(command)
  command
    .addOption(new Option('--decode', 'the input is base64').helpGroup('Files:'))
    .addOption(new Option('--encode', 'write base64').helpGroup('Files:').hideHelp())
    .addOption(
      new Option('--buffer', 'write nothing to a pipe before all is verified').helpGroup('Files:'),
    )
  addKeyringFlags(command, 'decrypt')
  addMessageFlags(command, 'decrypt')
  addReportFlags(command)
  return command
    .addHelpText(
      'after',
      `
Examples:
  waxseal decrypt --kms-discovery 123456789012 -r sealed -o archive/
  waxseal decrypt --local --buffer dump.encrypted | psql db`,
    )
    .action(async (inputs: string[], flags: DecryptFlags) => {
      const { decrypt } = await import('./decrypt-run.ts')
      endWith(await decrypt(command, inputs, flags))
    })
}
