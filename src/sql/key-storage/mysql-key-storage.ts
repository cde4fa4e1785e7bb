import { checkOptions } from '../../checks.ts'
import type {
  BranchKeyChange,
  BranchKeyRecord,
  BranchKeyRecordType,
  KeyStorage,
} from '../../keyrings/hierarchical/storage/key-storage.ts'
import type { StatementResult } from '../database/database.ts'
import { codeOf, mysql } from '../database/dialects.ts'
import { type MySqlConnection, type MySqlPool, mysqlDatabase } from '../database/mysql-database.ts'
import { columns, longestId, longestType } from './sql-records.ts'
import {
  type EnsuredKeyTable,
  type KeyTable,
  SqlKeyStorage,
  checkTableName,
} from './sql-key-storage.ts'

/** Options of {@link MySqlKeyStorage}. */
export interface MySqlKeyStorageOptions {
  /**
   * A pool of mysql2/promise, at the writer and not at a replica; a connection as well. Its time limits are the only
   * ones: set `connectTimeout`.
   */
  readonly client: MySqlPool | MySqlConnection
  /** The table's name; a dot in it separates the database. */
  readonly tableName: string
}

/**
 * Keeps the records of branch keys in a table of MySQL or MariaDB.
 *
 * Whoever loses the table loses all that was encrypted under its branch keys: it has to be among what is backed up.
 * It holds wrapped keys only, which open by KMS alone. The user needs SELECT, and to create and rotate keys INSERT
 * and UPDATE.
 *
 * @example
 * ```ts
 * const storage = new MySqlKeyStorage({ client: pool, tableName: 'branch_keys' })
 * await storage.createTable()
 * ```
 */
export class MySqlKeyStorage implements KeyStorage {
  /** What errors call it: the table's name. */
  readonly name: string
  readonly #storage: SqlKeyStorage

  /** @throws InvalidArgumentError if an option is not as described. */
  constructor(options: MySqlKeyStorageOptions) {
    checkOptions(options, ['client', 'tableName'])
    const { client, tableName } = options
    checkTableName(tableName)
    this.name = tableName
    this.#storage = new SqlKeyStorage(mysqlDatabase(client), tableName, keyTable(tableName))
  }

  /**
   * Creates the table unless it is there. One that is there has to have the columns and the primary key of a table of
   * branch keys, and be of InnoDB.
   *
   * @throws EnvelopeError ERR_KEY_STORAGE if it cannot be created or has another schema.
   */
  async createTable(): Promise<EnsuredKeyTable> {
    return await this.#storage.createTable()
  }

  async read(branchKeyId: string, type: BranchKeyRecordType): Promise<BranchKeyRecord | undefined> {
    return await this.#storage.read(branchKeyId, type)
  }

  async list(branchKeyId: string): Promise<readonly BranchKeyRecord[]> {
    return await this.#storage.list(branchKeyId)
  }

  /** One transaction. */
  async write(changes: readonly BranchKeyChange[]): Promise<'written' | 'conflict'> {
    return await this.#storage.write(changes)
  }
}

/** The lines of the definition, as SHOW CREATE TABLE writes them too. */
const definition = [
  `\`${columns.branchKeyId}\` varbinary(${longestId}) NOT NULL`,
  `\`${columns.type}\` varbinary(${longestType}) NOT NULL`,
  `\`${columns.ciphertext}\` blob NOT NULL`,
  `\`${columns.attributes}\` mediumblob NOT NULL`,
  `PRIMARY KEY (\`${columns.branchKeyId}\`,\`${columns.type}\`)`,
]
/** Others have no transactions. */
const engine = 'ENGINE=InnoDB'

function keyTable(tableName: string): KeyTable {
  const table = mysql.quote(tableName)
  return {
    // All binary: MySQL's collations take "a" for "A", and even utf8mb4_bin takes "a " for "a".
    createTable: `CREATE TABLE ${table} (\n  ${definition.join(',\n  ')}\n) ${engine}`,
    describe: { text: `SHOW CREATE TABLE ${table}` },
    problemOf,
    isMissing: (error) => ['ER_NO_SUCH_TABLE', 'ER_BAD_DB_ERROR'].includes(String(codeOf(error))),
    isThere: (error) => codeOf(error) === 'ER_TABLE_EXISTS_ERROR',
    text: (value) => Buffer.from(value, 'utf8'),
  }
}

function problemOf({ rows: [row = {}] }: StatementResult): string | undefined {
  // The mode ANSI_QUOTES has other quotes.
  const text = String(row['Create Table']).replaceAll('"', '`')
  const missing = [...definition, engine].find((line) => !text.includes(line))
  return missing === undefined ? undefined : `it lacks ${missing}`
}
