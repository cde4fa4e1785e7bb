import {
  EncryptedDatabase,
  type EncryptedDatabaseOptions,
  checkedCipher,
} from '../database/encrypted-database.ts'
import { type PgClient, type PgLite, type PgPool, pgDatabase } from '../database/pg-database.ts'

/**
 * Encrypted tables through pg: a pool, a client, or a PGlite.
 *
 * A client that is in a transaction stays in it: what needs a transaction is then a savepoint of it.
 *
 * @throws InvalidArgumentError if an argument is not as described.
 *
 * @example
 * ```ts
 * const db = encryptedPg(new pg.Pool(), { cipher })
 * await db.insert(users, { id: randomUUID(), email: 'ada@example.com' })
 * const [user] = await db.select(users, { where: { email: 'ada@example.com' } })
 * ```
 */
export function encryptedPg(
  client: PgPool | PgClient | PgLite,
  options: EncryptedDatabaseOptions,
): EncryptedDatabase {
  return new EncryptedDatabase(pgDatabase(client), checkedCipher(options))
}
