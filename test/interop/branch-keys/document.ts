import { groupBy } from '../live/summary.ts'
import { type BranchKeyExchange, type DeedOutcome, noBeaconKey } from './exchange.ts'
import type { ParticipantName } from './participant.ts'
import { countDeeds } from './summary.ts'

/** The part of docs/interop.md on branch keys. */
export function branchKeyTables(
  { versions, outcomes }: Pick<BranchKeyExchange, 'versions' | 'outcomes'>,
  services: readonly string[],
): string[] {
  const names = [...versions.keys()]
  const javascript = Object.entries(versions.get('JavaScript') ?? {})
  const packages = javascript.map(([name, version]) => `\`${name}\` ${version}`)
  const of = (what: DeedOutcome['what']) => outcomes.filter((outcome) => outcome.what === what)
  const records = countDeeds(of('records')).passed
  return [
    '## Branch keys',
    `All on one table, in ${services.join(', and then all again in ')}. JavaScript is ${packages.join(', ')}. The records of ${records} branch keys, read without any of the libraries, were as the specification describes those of hierarchy version 1, and KMS opened them. The tables count calls that read a branch key and found in it what KMS had: the active key, both versions, the beacon key, by key stores of each KMS configuration.`,
    table('Created by', names, of('branch key'), ({ key }) => key.creator),
    table('Version by', names, of('branch key'), ({ key }) => key.versioner),
    '## Messages under branch keys',
    'Of every algorithm suite, plaintext with frames and encryption context; under the active version, and under the one before.',
    table('Written by', names, of('message'), ({ writer }) => writer),
    table('Branch key created by', names, of('message'), ({ key }) => key.creator),
    `Not applicable: ${noBeaconKey}.`,
  ]
}

/** One row a library by what it did before, one column a library that read. */
function table(
  title: string,
  names: readonly ParticipantName[],
  outcomes: readonly DeedOutcome[],
  rowOf: (outcome: DeedOutcome) => ParticipantName | undefined,
): string {
  const rows = groupBy(outcomes, (outcome) => rowOf(outcome) ?? '')
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line([title, ...names.map((name) => `${name} reads`)]),
    line(['---', ...names.map(() => '---:')]),
    ...names.map((row) => {
      const readers = groupBy(rows.get(row) ?? [], ({ reader }) => reader ?? '')
      return line([row, ...names.map((name) => cell(readers.get(name) ?? []))])
    }),
  ].join('\n')
}

function cell(outcomes: readonly DeedOutcome[]): string {
  const { passed, failed, notApplicable } = countDeeds(outcomes)
  const parts = [
    ...(passed > 0 ? [String(passed)] : []),
    ...(failed > 0 ? [`${failed} FAILED`] : []),
    ...(notApplicable > 0 ? [`${notApplicable} n/a`] : []),
  ]
  return parts.join(', ') || '0'
}
