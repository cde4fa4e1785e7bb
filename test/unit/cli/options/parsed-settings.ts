import { Command } from 'commander'
import {
  addKeyringFlags,
  addMessageFlags,
  addReportFlags,
  settingsOf,
} from '../../../../src/cli/options/flags.ts'
import type { SessionUse } from '../../../../src/cli/options/session.ts'

/** A command with all flags for a use, and a second set of keys as `reencrypt` has them. */
export function commandFor(use: SessionUse): Command {
  const command = new Command('tested').exitOverride().configureOutput({ writeErr: () => {} })
  addKeyringFlags(command, use)
  addKeyringFlags(command, 'decrypt', 'from-')
  addMessageFlags(command, use)
  addReportFlags(command)
  return command
}

/** The settings that these flags make. */
export async function parsedSettings(use: SessionUse, flags: readonly string[], prefix?: string) {
  return settingsOf(commandFor(use).parse([...flags], { from: 'user' }), prefix)
}
