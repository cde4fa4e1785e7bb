import { EnvelopeError, checkNotAborted } from '../../errors.ts'
import type { SqlDatabase } from '../database/database.ts'
import { refuseTransaction } from './no-transaction.ts'
import type { Plan } from './plan.ts'
import type { Statements } from './statements.ts'
import { checkWholeTable } from './whole-table.ts'

/**
 * Says so if the work is not done though all rows have been gone through: an application writes plaintext still.
 *
 * @throws EnvelopeError ERR_BACKFILL if there is plaintext left.
 */
export async function checkNothingLeft(
  plan: Plan,
  statements: Statements,
  database: SqlDatabase,
): Promise<void> {
  const { rows } = await database.run(statements.leftOver())
  if (rows.length === 0) return
  const which = plan.clear ? '' : ', which is not encrypted'
  throw new EnvelopeError(
    'ERR_BACKFILL',
    `${plan.table.name} has got plaintext again in ${statements.plaintexts.join(' or ')}${which}: an application still ` +
      'writes it. No column was dropped. Stop that, and start the backfill again',
  )
}

/**
 * Drops the columns of the plaintexts, if nothing is in them: nobody can write between the look and the drop.
 *
 * @throws EnvelopeError ERR_BACKFILL if there is plaintext left.
 */
export async function dropPlaintexts(
  plan: Plan,
  statements: Statements,
  database: SqlDatabase,
): Promise<void> {
  checkNotAborted(plan.signal)
  await refuseTransaction(database)
  await database.transaction(async (transaction) => {
    for (const statement of statements.lockTable()) await transaction.run(statement)
    // The table may be another one than it was: while others had it, and while the lock was waited for.
    await checkWholeTable(plan, transaction)
    await checkNothingLeft(plan, statements, transaction)
    checkNotAborted(plan.signal)
    await transaction.run(statements.dropPlaintexts())
  }, statements.unlockTable())
}
