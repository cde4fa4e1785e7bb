import { type Command, InvalidArgumentError, Option } from 'commander'
import type { PlanOptions } from './plan.ts'

/** The flags of a command that makes files of files. */
export interface FileFlags {
  readonly output?: string
  readonly recursive?: true
  readonly follow?: true
  readonly suffix: string
  readonly overwrite?: true
  readonly interactive?: true
  readonly preserve?: true
  readonly jobs: number
}

/** Adds the flags on inputs and outputs: `-o`, `--recursive` and so on. */
export function addFileFlags(command: Command): void {
  const flag = (flags: string, description: string): Option =>
    new Option(flags, description).helpGroup('Files:')
  command
    .addOption(flag('-o, --output <file>', 'a file, a folder, - for standard output'))
    .addOption(flag('-r, --recursive', 'go through folders'))
    .addOption(
      flag('--suffix <text>', 'of ciphertexts in a folder')
        .argParser(suffixOf)
        .default('.encrypted'),
    )
    .addOption(flag('--overwrite', 'replace files that exist'))
    .addOption(flag('--interactive', 'ask before a file is replaced').conflicts('overwrite'))
    .addOption(flag('--preserve', 'keep permissions and times').hideHelp())
    .addOption(flag('--follow', 'follow symbolic links in folders').hideHelp())
    .addOption(flag('--jobs <number>', 'files at a time').argParser(jobCount).default(4).hideHelp())
}

/** What the flags say of a plan. */
export function planOptions(flags: FileFlags, rename: PlanOptions['rename']): PlanOptions {
  const { output, recursive = false, follow = false } = flags
  return { output, recursive, follow, rename }
}

/** It is a part of a name: with more than that it would lead out of the output folder. */
function suffixOf(text: string): string {
  if (!/[/\\\0]/.test(text)) return text
  throw new InvalidArgumentError('It must not have a slash, a backslash or a NUL.')
}

/** How many files at a time, as `--jobs` says it. */
export function jobCount(text: string): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= 1 && count <= 64) return count
  throw new InvalidArgumentError('It must be a number from 1 to 64.')
}
