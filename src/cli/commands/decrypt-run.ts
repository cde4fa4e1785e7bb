import type { Command } from 'commander'
import { Base64Decoder, Base64Encoder } from '../batch/base64.ts'
import { HeldOutput } from '../batch/hold.ts'
import { transformFiles } from '../batch/transform-files.ts'
import type { ExitCode } from '../failures.ts'
import { settingsOf } from '../options/flags.ts'
import { openSession } from '../options/session.ts'
import type { DecryptFlags } from './decrypt.ts'

/** What `waxseal decrypt` does. */
export async function decrypt(
  command: Command,
  inputs: readonly string[],
  flags: DecryptFlags,
): Promise<ExitCode> {
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
