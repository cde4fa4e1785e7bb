import { isAbsolute } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { UsageError } from '../failures.ts'
import { fittingMembers } from './fitting-members.ts'
import {
  type Flag,
  detailsOfKeys,
  messageFlags,
  namesOfKeys,
  reportFlags,
  waysToKeys,
} from './flag-table.ts'
import type { SessionUse } from './session.ts'
import type { KeyringSettings, MessageSettings, ReportSettings } from './settings.ts'
import type { Members } from './settings-schema.ts'

const keyringFlags = [...namesOfKeys, ...detailsOfKeys, ...waysToKeys]

/** The help of a command has room for few of the second set of keys. */
const shownWithPrefix = ['kms', 'raw-aes', 'raw-rsa-private', 'local']

/**
 * Adds the flags that name keys: `--kms`, `--raw-aes` and so on.
 *
 * @param prefix stands in front of each, for a command with two sets of keys: `from-`.
 */
export function addKeyringFlags(command: Command, use: SessionUse, prefix = ''): void {
  for (const flag of keyringFlags.filter(isFor(use))) {
    const isHidden = prefix !== '' && !shownWithPrefix.includes(flag.name)
    addFlag(command, flag, 'Keys:', prefix, isHidden)
  }
}

/** Adds the flags on messages: `--context`, `--suite`, `--signatures` and so on, as far as they are for this use. */
export function addMessageFlags(command: Command, use: SessionUse): void {
  for (const flag of messageFlags.filter(isFor(use))) addFlag(command, flag, 'Messages:')
}

/** Adds `--json`, `--metadata`, `--quiet` and `--verbose`, or those of them that are named, and `--config`. */
export function addReportFlags(command: Command, names?: readonly string[]): void {
  for (const flag of reportFlags) {
    if (names?.includes(flag.name) !== false) addFlag(command, flag, 'Reports:')
  }
  const config = new Option('--config <file>', 'flags from a file (or WAXSEAL_CONFIG)')
  command.addOption(config.argParser(once).helpGroup('Reports:'))
}

/**
 * What a command was told: its flags, and where they say nothing the file of `--config`. Keys are taken from one of the
 * two: if a flag names a key, no key of the file is used. Of the encryption context both are taken.
 *
 * @throws UsageError with the flag, or the file with line and field, that is not as it should be.
 */
export async function settingsOf(
  command: Command,
  prefix = '',
): Promise<KeyringSettings & MessageSettings & ReportSettings> {
  // It takes longer to load than all that a help needs.
  const { settingsFrom } = await import('./settings-schema.ts')
  const flags = membersOf(command, prefix)
  const file = await fileMembers(command, prefix)
  const offered = [...flagsOf(command, prefix).keys()]
  const flagOf = (name: string): string => `--${flagName(name, prefix)}`
  return settingsFrom(flags, fittingMembers(flags, file, offered), flagOf)
}

function isFor(use: SessionUse): (flag: Flag) => boolean {
  return (flag) => flag.use === undefined || flag.use === use
}

function addFlag(command: Command, flag: Flag, group: string, prefix = '', isHidden = false): void {
  const name = `--${prefix}${flag.name}`
  // A command that does both, encrypt and decrypt, has what they share once.
  if (command.options.some(({ long }) => long === name)) return
  const names = flag.letter === undefined ? name : `-${flag.letter}, ${name}`
  const text = flag.value === undefined ? names : `${names} ${flag.value}`
  const option = new Option(text, flag.description).helpGroup(group)
  if (flag.choices) option.choices(flag.choices)
  const read = readers[flag.kind]
  if (read && flag.choices) readChoice(option, flag.choices)
  else if (read) option.argParser(read)
  if (flag.isRare || isHidden) option.hideHelp()
  command.addOption(option)
}

/** `choices` stays for the help and for completion; a flag that is given twice is refused all the same. */
function readChoice(option: Option, choices: readonly string[]): void {
  option.argParser((text, before: unknown) => {
    if (choices.includes(text)) return once(text, before)
    throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`)
  })
}

type Reader = (text: string, before: unknown) => unknown

const readers: Readonly<Record<Flag['kind'], Reader | undefined>> = {
  switch: undefined,
  text: once,
  number: (text, before) => asNumber(once(text, before)),
  list: (text, before) => [...listOf(before), text],
  pairs: withPair,
}

/** Of two values one would be silently without effect. */
function once(text: string, before: unknown): string {
  if (before !== undefined) throw new InvalidArgumentError('It is given twice.')
  if (text === '') throw new InvalidArgumentError('It must not be empty.')
  return text
}

/** Digits only: `Number` takes an empty text for 0, and `1e3` for 1000. The schema has the bounds. */
function asNumber(text: string): number {
  if (/^\d{1,16}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a number, in digits.')
}

function listOf(before: unknown): readonly unknown[] {
  return Array.isArray(before) ? before : []
}

/** What the context is to begin with: a pair's value may have further signs of equality. */
function withPair(text: string, before: unknown): Members {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('It must be KEY=VALUE.')
  const pairs: [string, unknown][] =
    typeof before === 'object' && before !== null ? Object.entries(before) : []
  const key = text.slice(0, at)
  if (pairs.some(([other]) => other === key)) {
    throw new InvalidArgumentError(`The key ${JSON.stringify(key)} is given twice.`)
  }
  // Not by assignment, which for `__proto__` would do something else.
  return Object.fromEntries([...pairs, [key, text.slice(at + 1)]])
}

/** The flags that were given, by the names without a prefix. */
function membersOf(command: Command, prefix: string): Members {
  const given: [string, unknown][] = []
  const values: Members = command.opts()
  for (const [name, option] of flagsOf(command, prefix)) {
    const value = values[option.attributeName()]
    if (value !== undefined) given.push([name, value])
  }
  return Object.fromEntries(given)
}

/** The flags of a command that are settings, by the names without a prefix. */
function flagsOf(command: Command, prefix: string): Map<string, Option> {
  const found = new Map<string, Option>()
  for (const { name } of [...keyringFlags, ...messageFlags, ...reportFlags]) {
    const long = `--${flagName(name, prefix)}`
    const option = command.options.find((candidate) => candidate.long === long)
    if (option) found.set(name, option)
  }
  return found
}

/** Only keys come twice, and so only their flags have a prefix. */
function flagName(name: string, prefix: string): string {
  const isOfKeys = keyringFlags.some((flag) => flag.name === name)
  return isOfKeys ? `${prefix}${name}` : name
}

/**
 * What the configuration file says for this command. It may say more: a team has one file for all that it does.
 * No file is looked for in the current folder, since whoever may write there would choose the keys.
 */
async function fileMembers(command: Command, prefix: string): Promise<Members> {
  const flag: unknown = command.getOptionValue('config')
  const isFlag = typeof flag === 'string'
  const path = isFlag ? flag : process.env['WAXSEAL_CONFIG']
  if (path === undefined || path === '') return {}
  if (!isFlag && !isAbsolute(path)) {
    throw new UsageError(
      `WAXSEAL_CONFIG must be an absolute path: ${path} is another file in each folder, and whoever put it there ` +
        'would choose the keys',
    )
  }
  const { readConfigurationFile } = await import('./configuration-file.ts')
  const all = await readConfigurationFile(path)
  const taken: [string, unknown][] = []
  for (const name of flagsOf(command, prefix).keys()) {
    const member = flagName(name, prefix)
    if (Object.hasOwn(all, member)) taken.push([name, all[member]])
  }
  return Object.fromEntries(taken)
}
