import { InvalidArgumentError } from '../../errors.ts'
import type { SqlDatabase } from '../database/database.ts'
import { isMissingSavepoint, isOutsideTransaction } from '../database/dialects.ts'

/**
 * Refuses a client that is in a transaction. What others have written since that one began may be out of its sight;
 * a deadlock of a batch would undo it, and in MySQL the lock before columns are dropped would commit it.
 *
 * @throws InvalidArgumentError.
 */
export async function refuseTransaction(database: SqlDatabase): Promise<void> {
  if (database.dialect.name === 'mysql') await checkAutocommit(database)
  if (!(await isInTransaction(database))) return
  throw new InvalidArgumentError(
    'client',
    'client is in a transaction: each batch has to be one of its own, so pass a pool, or a client outside of any',
  )
}

/** A savepoint can be set in a transaction only; in MySQL it is set elsewhere too, and is gone at once. */
async function isInTransaction(database: SqlDatabase): Promise<boolean> {
  const savepoint = 'waxseal_backfill'
  try {
    await database.run({ text: `SAVEPOINT ${savepoint}` })
    if (database.dialect.name === 'mysql') {
      await database.run({ text: `ROLLBACK TO SAVEPOINT ${savepoint}` })
    }
  } catch (error) {
    if (isOutsideTransaction(error) || isMissingSavepoint(error)) return false
    throw error
  }
  await database.run({ text: `RELEASE SAVEPOINT ${savepoint}` })
  return true
}

/** Without it a read begins a transaction, which nobody ends, and which sees no later writes. */
async function checkAutocommit(database: SqlDatabase): Promise<void> {
  const { rows } = await database.run({ text: 'SELECT @@SESSION.autocommit AS autocommit' })
  if (rows.every(({ autocommit }) => Number(autocommit) === 1)) return
  throw new InvalidArgumentError('client', 'client has autocommit = 0: take one that has it on')
}
