import { EnvelopeError, InvalidArgumentError, checkNotAborted } from '../../errors.ts'
import type { SqlDatabase } from '../database/database.ts'
import { boundKey } from '../row-key.ts'
import type { AnyTable } from '../table.ts'
import { runBatch } from './batch.ts'
import { checkColumns } from './columns.ts'
import { checkNothingLeft, dropPlaintexts } from './drop.ts'
import { refuseTransaction } from './no-transaction.ts'
import type { BackfillOptions, BackfillProgress, ReindexOptions } from './options.ts'
import { type Plan, backfillPlan, reindexPlan } from './plan.ts'
import { type Row, Statements } from './statements.ts'
import { checkWholeTable } from './whole-table.ts'

/** An application's transaction can be in the way of a batch, and a batch can be repeated. */
const mostAttempts = 10

/** `backfill` on a database of whichever driver. */
export async function backfillDatabase<Table extends AnyTable>(
  database: SqlDatabase,
  options: BackfillOptions<Table>,
): Promise<BackfillProgress> {
  const plan = backfillPlan(options)
  const statements = await prepare(plan, database)
  try {
    const progress = await runBatches(plan, statements, database)
    if (plan.drop) await dropPlaintexts(plan, statements, database)
    else await checkNothingLeft(plan, statements, database)
    return progress
  } catch (error) {
    if (!EnvelopeError.is(error)) await checkStillThere(plan, database)
    throw error
  }
}

/** `reindex` on a database of whichever driver. */
export async function reindexDatabase<Table extends AnyTable>(
  database: SqlDatabase,
  options: ReindexOptions<Table>,
): Promise<BackfillProgress> {
  const plan = reindexPlan(options)
  return await runBatches(plan, await prepare(plan, database), database)
}

async function prepare(plan: Plan, database: SqlDatabase): Promise<Statements> {
  checkNotAborted(plan.signal)
  await refuseTransaction(database)
  await checkWholeTable(plan, database)
  return new Statements(plan, database.dialect, await checkColumns(plan, database))
}

/** Says what became of the columns if another run has dropped them meanwhile, rather than the driver's error. */
async function checkStillThere(plan: Plan, database: SqlDatabase): Promise<void> {
  try {
    await checkColumns(plan, database)
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw error
  }
}

/**
 * All rows, in the order of the primary key. Where it is, the key of the last row says; and what is left to do, the
 * rows themselves: so there is nothing else to be kept, or to be wrong after a crash.
 */
async function runBatches(
  plan: Plan,
  statements: Statements,
  database: SqlDatabase,
): Promise<BackfillProgress> {
  let progress: BackfillProgress = {
    rows: 0,
    encrypted: 0,
    verified: 0,
    differing: 0,
    indexed: 0,
    cleared: 0,
  }
  let last: Row | undefined
  for (;;) {
    const { rows } = await database.run(statements.nextKeys(last))
    last = rows.at(-1)
    if (!last) return progress
    // A driver that rounds large numbers would have other rows locked than were found, or none.
    for (const key of rows) boundKey(plan.table, key)
    progress = add(progress, await transact(plan, statements, database, rows))
    await plan.onProgress?.(progress)
    checkNotAborted(plan.signal)
  }
}

async function transact(
  plan: Plan,
  statements: Statements,
  database: SqlDatabase,
  keys: readonly Row[],
): Promise<BackfillProgress> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await database.transaction((inner) => runBatch(plan, statements, inner, keys))
    } catch (error) {
      if (attempt === mostAttempts || !database.dialect.isContention(error)) throw error
    }
  }
}

function add(total: BackfillProgress, batch: BackfillProgress): BackfillProgress {
  return {
    rows: total.rows + batch.rows,
    encrypted: total.encrypted + batch.encrypted,
    verified: total.verified + batch.verified,
    differing: total.differing + batch.differing,
    indexed: total.indexed + batch.indexed,
    cleared: total.cleared + batch.cleared,
  }
}
