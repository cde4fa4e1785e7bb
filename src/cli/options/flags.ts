import type { Command } from 'commander'
import type { SessionUse } from './session.ts'
import type { KeyringSettings, MessageSettings, ReportSettings } from './settings.ts'

/**
 * Adds the flags that name keys: `--kms`, `--raw-aes` and so on.
 *
 * @param prefix stands in front of each, for a command with two sets of keys: `from-`.
 */
export function addKeyringFlags(_command: Command, _use: SessionUse, _prefix = ''): void {
  throw new Error('not built yet')
}

/** Adds the flags on messages: `--context`, `--suite`, `--signatures` and so on, as far as they are for this use. */
export function addMessageFlags(_command: Command, _use: SessionUse): void {
  throw new Error('not built yet')
}

/** Adds `--json`, `--metadata`, `--quiet`, `--verbose` and `--config`. */
export function addReportFlags(_command: Command): void {
  throw new Error('not built yet')
}

/**
 * What a command was told: its flags, and where they say nothing the file of `--config`. Keys are taken from one of the
 * two: if a flag names a key, no key of the file is used.
 *
 * @throws UsageError with the flag, or the file with line and field, that is not as it should be.
 */
export async function settingsOf(
  _command: Command,
  _prefix = '',
): Promise<KeyringSettings & MessageSettings & ReportSettings> {
  throw new Error('not built yet')
}
