import {
  EncryptedDatabase,
  type EncryptedDatabaseOptions,
  checkedCipher,
} from '../database/encrypted-database.ts'
import { type MySqlConnection, type MySqlPool, mysqlDatabase } from '../database/mysql-database.ts'

/**
 * Encrypted tables through mysql2/promise: a pool or a connection.
 *
 * A connection that is in a transaction stays in it: what needs a transaction is then a savepoint of it.
 *
 * @throws InvalidArgumentError if an argument is not as described.
 *
 * @example
 * ```ts
 * const db = encryptedMysql2(mysql.createPool(url), { cipher })
 * await db.insert(users, { id: randomUUID(), email: 'ada@example.com' })
 * const [user] = await db.select(users, { where: { email: 'ada@example.com' } })
 * ```
 */
export function encryptedMysql2(
  client: MySqlPool | MySqlConnection,
  options: EncryptedDatabaseOptions,
): EncryptedDatabase {
  return new EncryptedDatabase(mysqlDatabase(client), checkedCipher(options))
}
