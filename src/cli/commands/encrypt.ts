import { Command, Option } from 'commander'
import { Base64Decoder, Base64Encoder } from '../batch/base64.ts'
import { addFileFlags, type FileFlags } from '../batch/file-flags.ts'
import { transformFiles } from '../batch/transform-files.ts'
import { UsageError } from '../failures.ts'
import { addKeyringFlags, addMessageFlags, addReportFlags, settingsOf } from '../options/flags.ts'
import { openSession } from '../options/session.ts'

interface Flags extends FileFlags {
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
    .action(async (inputs: string[], flags: Flags) => {
      process.exitCode = await encrypt(command, inputs, flags)
    })
}

async function encrypt(command: Command, inputs: readonly string[], flags: Flags) {
  const settings = await settingsOf(command)
  const toStdout = flags.output === undefined || flags.output === '-'
  if (toStdout && process.stdout.isTTY && !flags.encode) {
    throw new UsageError('a message is no text for a terminal; give -o FILE, or --encode')
  }
  return transformFiles(inputs, flags, settings, {
    operation: 'encrypt',
    rename: (name) => name + flags.suffix,
    mode: 0o666, // less the umask: whom it lets may read a ciphertext
    openSession: () => openSession('encrypt', settings),
    stream: (client, { encryptOptions }, size) =>
      // A cache counts the bytes under a key, and is passed by where they are not known.
      client.encryptStream({
        ...encryptOptions,
        ...(size !== undefined && !flags.decode && { plaintextLength: size }),
      }),
    before: () => (flags.decode ? [new Base64Decoder()] : []),
    after: () => (flags.encode ? [new Base64Encoder()] : []),
  })
}
