import { groupBy } from '../live/summary.ts'
import { itemDirections, type ItemOutcome } from './exchange.ts'
import type { ItemRun } from './run.ts'

/** The part of docs/interop.md on items. */
export function itemTables({
  versions,
  dynamoDbName,
  outcomes,
  refusals,
  table,
}: ItemRun): string[] {
  const name = 'aws-database-encryption-sdk-dynamodb'
  const version = `\`${name}\` ${versions[name] ?? ''}`
  const refused = refusals.filter(({ isRead }) => !isRead).length
  return [
    '## Items of DynamoDB',
    `With ${version}, for Java. Random items, of every type and depth, with names and values of all planes of Unicode, with and without a sort key, of which some attributes are encrypted, signed, in the encryption context or neither, of both versions of the format and under both algorithm suites: each is encrypted by both sides and decrypted by the other one, which has to find what was in it, the same actions and the same encryption context. What was encrypted has to come out alike to the last digit.`,
    keyringTable(outcomes),
    `Of ${refusals.length} encrypted items that were changed, or are read under another configuration, both sides refuse the same ${refused} and read the other ${refusals.length - refused}: a byte of the header, the footer or a value flipped, values swapped, taken from another item, removed, added or of another type, another table or key.`,
    `A table in ${dynamoDbName} that the Java library's client of DynamoDB and one with waxseal's plugin share, with beacons that only the former writes: ${table.length} reads and comparisons.`,
  ]
}

/** One row a keyring, one column a direction; only a run in which all passed is written. */
function keyringTable(outcomes: readonly ItemOutcome[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const byKeyring = groupBy(outcomes, ({ plan }) => plan.combination.name)
  return [
    line(['Keyring', 'Java writes', 'Java reads']),
    line(['---', '---:', '---:']),
    ...[...byKeyring].map(([name, ofOne]) => {
      const counts = itemDirections.map(
        (direction) => ofOne.filter((outcome) => outcome.direction === direction).length,
      )
      return line([name, ...counts.map(String)])
    }),
  ].join('\n')
}
