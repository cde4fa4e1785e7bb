import { InvalidArgumentError } from '../../errors.ts'
import type { SqlDatabase, Statement } from '../database/database.ts'
import type { Plan } from './plan.ts'
import type { Row } from './statements.ts'

/**
 * Looks before anything is done whether the table has all columns, and whether those that are to be cleared can be.
 *
 * @returns the collations that have to be said when parts of the primary key are compared.
 * @throws InvalidArgumentError if not.
 */
export async function checkColumns(
  plan: Plan,
  database: SqlDatabase,
): Promise<ReadonlyMap<string, string>> {
  const { table } = plan
  const { rows } = await database.run(listColumns(plan, database))
  const columns = new Map(rows.map((row) => [String(row['name'] ?? row['Field']), row]))
  for (const { column, plaintext } of plan.columns) {
    const names = [...Object.keys(table.primaryKey), column.name, column.index?.column]
    const lacking = names.find((name) => name !== undefined && !columns.has(name))
    if (lacking !== undefined) {
      throw new InvalidArgumentError('table', `The table ${table.name} has no column ${lacking}`)
    }
    if (plaintext) checkPlaintext(plan, plaintext.column, columns.get(plaintext.column))
  }
  return keyCollations(plan, columns)
}

function checkPlaintext({ table, clear }: Plan, name: string, row: Row | undefined): void {
  if (!row) {
    throw new InvalidArgumentError(
      'from',
      `The table ${table.name} has no column ${name}. If an earlier run has dropped it, nothing is left to do`,
    )
  }
  if (clear && (row['nullable'] === 0 || row['Null'] === 'NO')) {
    throw new InvalidArgumentError(
      'plaintext',
      `${table.name}.${name} cannot be cleared, since it is NOT NULL: have it take NULL first`,
    )
  }
}

function listColumns(plan: Plan, { dialect }: SqlDatabase): Statement {
  const name = dialect.quote(plan.table.name)
  if (dialect.name === 'mysql') return { text: `SHOW FULL COLUMNS FROM ${name}` }
  return {
    // By regclass, so that the table is looked for where the other statements find it.
    text:
      'SELECT attname AS name, CASE WHEN attnotnull THEN 0 ELSE 1 END AS nullable FROM pg_attribute ' +
      'WHERE attrelid = CAST(CAST($1 AS text) AS regclass) AND attnum > 0 AND NOT attisdropped',
    values: [name],
  }
}

/**
 * MySQL compares a column of an older character set, such as latin1, with a value that has other letters than those of
 * ASCII by the rules of the connection. Rows would then be in one order and looked for in another, and some never found.
 */
function keyCollations({ table }: Plan, columns: ReadonlyMap<string, Row>): Map<string, string> {
  const collations = Object.keys(table.primaryKey).map((name): [string, unknown] => [
    name,
    columns.get(name)?.['Collation'],
  ])
  return new Map(
    collations.filter(
      (pair): pair is [string, string] =>
        typeof pair[1] === 'string' && /^(?!utf8mb4_)\w+$/.test(pair[1]),
    ),
  )
}
