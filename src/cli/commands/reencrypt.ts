import { Command, Option } from 'commander'
import { jobCount } from '../batch/file-flags.ts'
import { endWith } from '../failures.ts'
import { addKeyringFlags, addMessageFlags, addReportFlags } from '../options/flags.ts'

/** The flags of `reencrypt` beside its settings. */
export interface ReencryptFlags {
  output?: string
  inPlace?: true
  recursive?: true
  follow?: true
  overwrite?: true
  preserve?: true
  unverified?: true
  jobs: number
}

const examples = `
Examples:
  waxseal reencrypt archive -r --in-place --from-kms OLD_ARN --kms NEW_ARN
  waxseal reencrypt a.encrypted -o b.encrypted --from-raw-aes old.key --local
`

/** `waxseal reencrypt`: messages from one set of keys to another. */
export function reencryptCommand(): Command {
  const command = new Command('reencrypt')
    .summary('move messages from old keys to new ones')
    .description('Decrypt messages with the keys of --from-…, encrypt them with the others.')
    .argument('[input...]', 'files, folders, globs; - for standard input')
  const flag = (flags: string, description: string): Option =>
    new Option(flags, description).helpGroup('Files:')
  command
    .addOption(flag('-o, --output <file>', 'a file, a folder, or - for standard output'))
    .addOption(flag('--in-place', 'replace the files, each once it is verified'))
    .addOption(flag('-r, --recursive', 'go through folders'))
    .addOption(flag('--follow', 'follow symbolic links in folders').hideHelp())
    .addOption(flag('--overwrite', 'replace outputs that exist'))
    .addOption(flag('--preserve', 'keep permissions and times').hideHelp())
    .addOption(flag('--unverified', 'do not decrypt what was written'))
    .addOption(
      flag('--jobs <number>', 'files at a time; default 4')
        .default(4, '4')
        .argParser(jobCount)
        .hideHelp(),
    )
  addKeyringFlags(command, 'decrypt', 'from-')
  addKeyringFlags(command, 'encrypt')
  addMessageFlags(command, 'decrypt')
  addMessageFlags(command, 'encrypt')
  addReportFlags(command)
  return command.addHelpText('after', examples).action(async (inputs: string[]) => {
    const { reencrypt } = await import('./reencrypt-run.ts')
    endWith(await reencrypt(command, inputs))
  })
}
