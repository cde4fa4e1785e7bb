import { Command, Option } from 'commander'
import { addFileFlags, type FileFlags } from '../batch/file-flags.ts'
import { endWith } from '../failures.ts'
import { addKeyringFlags, addMessageFlags, addReportFlags } from '../options/flags.ts'

/** The flags of `encrypt` beside its settings. */
export interface EncryptFlags extends FileFlags {
  readonly encode?: true
  readonly decode?: true
}

/** `waxseal encrypt`: files, folders or a pipe into messages. */
export function encryptCommand(): Command {
  const command = new Command('encrypt')
    .summary('encrypt files or a pipe')
    .description('Encrypt files, folders or standard input; each becomes one message.')
    .argument('[input...]', 'files, folders, globs; - or none: standard input')
  addFileFlags(command)
  command
    .addOption(new Option('--encode', 'write base64').helpGroup('Files:'))
    .addOption(new Option('--decode', 'the input is base64').helpGroup('Files:').hideHelp())
  addKeyringFlags(command, 'encrypt')
  addMessageFlags(command, 'encrypt')
  addReportFlags(command)
  return command
    .addHelpText(
      'after',
      `
Examples:
  waxseal encrypt --kms alias/backups -r archive -o sealed/
  pg_dump db | waxseal encrypt --local --context db=main > dump.encrypted`,
    )
    .action(async (inputs: string[], flags: EncryptFlags) => {
      const { encrypt } = await import('./encrypt-run.ts')
      endWith(await encrypt(command, inputs, flags))
    })
}
