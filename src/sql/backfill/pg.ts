import { checkObject } from '../../checks.ts'
import { type PgClient, type PgLite, type PgPool, pgDatabase } from '../database/pg-database.ts'
import type { AnyTable } from '../table.ts'
import { backfillDatabase, reindexDatabase } from './backfill.ts'
import type { BackfillOptions, BackfillProgress, ReindexOptions } from './options.ts'

/** The database that a backfill works on. */
export interface PgBackfillClient {
  /** A pool or a connected client of pg, or a PGlite. */
  readonly client: PgPool | PgClient | PgLite
}

/**
 * Encrypts plaintext columns that are there already into encrypted ones, in batches, and verifies what it has written.
 * It can be stopped at any time, also by a crash, and started again: it finds what is left by looking at the rows.
 *
 * The application has to write both columns in one statement before it begins; the guide has the order of steps.
 *
 * @throws InvalidArgumentError if an option is not as described, or the table has not the columns.
 * @throws EnvelopeError `ERR_BACKFILL` with the key of a row that is not as it should be, or if there is plaintext
 * left in a column that was to be dropped.
 * @throws FieldError of a value that could not be encrypted or decrypted.
 * @throws AbortedError after the batch in which `signal` was raised.
 *
 * @example
 * ```ts
 * await backfill({ client: pool, cipher, table: users, from: { email: 'email_plain' }, plaintext: 'clear' })
 * ```
 */
export async function backfill<Table extends AnyTable>(
  options: PgBackfillClient & BackfillOptions<Table>,
): Promise<BackfillProgress> {
  checkObject(options, 'options')
  return await backfillDatabase(pgDatabase(options.client), options)
}

/**
 * Computes blind indexes of encrypted columns that have got one later, or another one, and of rows whose index was
 * changed. Values are decrypted and stay as they are. It can be stopped and started again.
 *
 * @throws InvalidArgumentError if an option is not as described, or the table has not the columns.
 * @throws FieldError of a value that could not be decrypted.
 * @throws AbortedError after the batch in which `signal` was raised.
 *
 * @example
 * ```ts
 * const { indexed } = await reindex({ client: pool, cipher, table: users })
 * ```
 */
export async function reindex<Table extends AnyTable>(
  options: PgBackfillClient & ReindexOptions<Table>,
): Promise<BackfillProgress> {
  checkObject(options, 'options')
  return await reindexDatabase(pgDatabase(options.client), options)
}
