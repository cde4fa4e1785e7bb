import type { Command } from 'commander'
import { Base64Decoder, Base64Encoder } from '../batch/base64.ts'
import { transformFiles } from '../batch/transform-files.ts'
import { type ExitCode, UsageError } from '../failures.ts'
import { settingsOf } from '../options/flags.ts'
import { openSession } from '../options/session.ts'
import type { EncryptFlags } from './encrypt.ts'

/** What `waxseal encrypt` does. */
export async function encrypt(
  command: Command,
  inputs: readonly string[],
  flags: EncryptFlags,
): Promise<ExitCode> {
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
