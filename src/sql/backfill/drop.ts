import { EnvelopeError, InvalidArgumentError } from '../../errors.ts'
import type { SqlDatabase } from '../database/database.ts'
import type { Plan } from './plan.ts'
import type { Statements } from './statements.ts'

/**
 * Looks before anything is done whether the table has all columns, and whether those that are to be cleared can be.
 *
 * @throws InvalidArgumentError if not.
 */
export async function checkColumns(
  plan: Plan,
  statements: Statements,
  database: SqlDatabase,
): Promise<void> {
  const { rows } = await database.run(statements.columns())
  // PostgreSQL was asked for lower case names; MySQL's are its own.
  const nullable = new Map(
    rows.map((row) => [
      String(row['name'] ?? row['Field']),
      row['nullable'] === 1 || row['Null'] === 'YES',
    ]),
  )
  const { table } = plan
  for (const { column, plaintext } of plan.columns) {
    const names = [column.name, column.index?.column].filter((name) => name !== undefined)
    for (const name of names) {
      if (nullable.has(name)) continue
      throw new InvalidArgumentError('table', `The table ${table.name} has no column ${name}`)
    }
    if (!plaintext) continue
    const name = plaintext.column
    if (!nullable.has(name)) {
      throw new InvalidArgumentError(
        'from',
        `The table ${table.name} has no column ${name}. If an earlier run has dropped it, nothing is left to do`,
      )
    }
    if (plan.clear && !nullable.get(name)) {
      throw new InvalidArgumentError(
        'plaintext',
        `${table.name}.${name} cannot be cleared, since it is NOT NULL: have it take NULL first`,
      )
    }
  }
}

/**
 * Drops the columns of the plaintexts, if nothing is in them: nobody can write between the look and the drop.
 *
 * @throws EnvelopeError ERR_BACKFILL if there is plaintext left. Nothing is dropped then.
 */
export async function dropPlaintexts(
  plan: Plan,
  statements: Statements,
  database: SqlDatabase,
): Promise<void> {
  await database.transaction(async (transaction) => {
    await transaction.run(statements.lockTable())
    try {
      const { rows } = await transaction.run(statements.leftOver())
      if (rows.length > 0) throw leftOver(plan, statements)
      await transaction.run(statements.dropPlaintexts())
    } finally {
      // In MySQL these statements end the transaction, and the lock is the connection's.
      if (database.dialect.name === 'mysql') await transaction.run({ text: 'UNLOCK TABLES' })
    }
  })
}

function leftOver(plan: Plan, { plaintexts }: Statements): EnvelopeError {
  return new EnvelopeError(
    'ERR_BACKFILL',
    `${plan.table.name} has got plaintext again in ${plaintexts.join(' or ')}, so nothing was dropped: an application ` +
      'still writes it. Stop that, and start the backfill again',
  )
}
