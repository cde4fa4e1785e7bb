import { Command, Option } from 'commander'
import { Base64Decoder, Base64Encoder } from '../batch/base64.ts'
import { addFileFlags, type FileFlags } from '../batch/file-flags.ts'
import { HeldOutput } from '../batch/hold.ts'
import { transformFiles } from '../batch/transform-files.ts'
import { addKeyringFlags, addMessageFlags, addReportFlags, settingsOf } from '../options/flags.ts'
import { openSession } from '../options/session.ts'

interface Flags extends FileFlags {
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
    .action(async (inputs: string[], flags: Flags) => {
      process.exitCode = await decrypt(command, inputs, flags)
    })
}

async function decrypt(command: Command, inputs: readonly string[], flags: Flags) {
  const settings = await settingsOf(command)
  return transformFiles(inputs, flags, settings, {
    operation: 'decrypt',
    rename: (name) => decryptedName(name, flags.suffix),
    mode: 0o600, // a plaintext is its owner's only
    openSession: () => openSession('decrypt', settings),
    stream: (client, { decryptOptions }) => client.decryptStream(decryptOptions),
    check: (session, header, encryptionContext) => {
      session.checkHeader(header, encryptionContext)
    },
    before: () => (flags.decode ? [new Base64Decoder()] : []),
    after: ({ target }) => [
      // A file has its name only when all is verified, anyway.
      ...(flags.buffer && target.kind === 'stdout' ? [new HeldOutput()] : []),
      ...(flags.encode ? [new Base64Encoder()] : []),
    ],
  })
}

function decryptedName(name: string, suffix: string): string {
  if (suffix === '') return name
  const isNamed = name.endsWith(suffix) && name.length > suffix.length
  return isNamed ? name.slice(0, -suffix.length) : `${name}.decrypted`
}
