import { groupBy } from '../live/summary.ts'
import type { CommandCase } from './cases.ts'
import type { Program } from './programs.ts'

export interface CommandOutcome {
  readonly case: CommandCase
  readonly writer: Program['name']
  readonly reader: Program['name']
  failure?: string
}

/** The part of docs/interop.md on the command lines, of a run in which all passed. */
export function commandTable(
  versions: readonly string[],
  outcomes: readonly CommandOutcome[],
): string[] {
  const readers = ['waxseal', 'aws-encryption-cli'] as const
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rows = [...groupBy(outcomes, ({ case: one }) => one.group)].map(([group, ofGroup]) =>
    line([
      group,
      ...readers.map((name) => String(ofGroup.filter(({ reader }) => reader === name).length)),
    ]),
  )
  const named = versions.map((version) => `\`${version.replace('/', '` ')}`).join(', ')
  return [
    '## Command lines',
    `\`waxseal\` and AWS's \`aws-encryption-cli\`, of ${named}: one encrypts and the other one decrypts, through a pipe, by files and by whole folders. The table counts the exchanges, and among them the messages that had to be refused with nothing left under the name of the output.`,
    [
      line(['What', ...readers.map((name) => `${name} reads`)]),
      line(['---', ...readers.map(() => '---:')]),
      ...rows,
    ].join('\n'),
  ]
}
