import { checkOptions } from '../../checks.ts'
import type {
  BranchKeyChange,
  BranchKeyRecord,
  BranchKeyRecordType,
  KeyStorage,
} from '../../keyrings/hierarchical/storage/key-storage.ts'
import type { StatementResult } from '../database/database.ts'
import { codeOf, postgresql } from '../database/dialects.ts'
import { type PgClient, type PgLite, type PgPool, pgDatabase } from '../database/pg-database.ts'
import { columns } from './sql-records.ts'
import {
  type EnsuredKeyTable,
  type KeyTable,
  SqlKeyStorage,
  checkTableName,
} from './sql-key-storage.ts'

/** Options of {@link PgKeyStorage}. */
export interface PgKeyStorageOptions {
  /**
   * A pool of pg, at the writer and not at a replica; a client of pg or a PGlite as well. Its time limits are the
   * only ones: set `connectionTimeoutMillis` and `query_timeout`.
   */
  readonly client: PgPool | PgClient | PgLite
  /** The table's name; a dot in it separates the schema. */
  readonly tableName: string
}

/**
 * Keeps the records of branch keys in a table of PostgreSQL.
 *
 * Whoever loses the table loses all that was encrypted under its branch keys: it has to be among what is backed up.
 * It holds wrapped keys only, which open by KMS alone. The role needs SELECT, and to create and rotate keys INSERT
 * and UPDATE.
 *
 * @example
 * ```ts
 * const storage = new PgKeyStorage({ client: pool, tableName: 'branch_keys' })
 * await storage.createTable()
 * ```
 */
export class PgKeyStorage implements KeyStorage {
  /** What errors call it: the table's name. */
  readonly name: string
  readonly #storage: SqlKeyStorage

  /** @throws InvalidArgumentError if an option is not as described. */
  constructor(options: PgKeyStorageOptions) {
    checkOptions(options, ['client', 'tableName'])
    const { client, tableName } = options
    checkTableName(tableName)
    this.name = tableName
    this.#storage = new SqlKeyStorage(pgDatabase(client), tableName, keyTable(tableName))
  }

  /**
   * Creates the table unless it is there. One that is there has to have the primary key of a table of branch keys.
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

function keyTable(tableName: string): KeyTable {
  const table = postgresql.quote(tableName)
  return {
    // The collation: whatever that of the database is, two ids are one only if they are so byte by byte.
    createTable: `CREATE TABLE ${table} (
  "${columns.branchKeyId}" text COLLATE "C" NOT NULL,
  "${columns.type}" text COLLATE "C" NOT NULL,
  "${columns.ciphertext}" bytea NOT NULL,
  "${columns.attributes}" text NOT NULL,
  PRIMARY KEY ("${columns.branchKeyId}", "${columns.type}")
)`,
    describe: {
      text: `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
  coalesce(a.attnum = ANY (i.indkey), false) AS is_key,
  coalesce(c.collisdeterministic, true) AS is_exact
FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
  LEFT JOIN pg_collation c ON c.oid = a.attcollation
WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped`,
      values: [table],
    },
    problemOf,
    isMissing: (error) => ['42P01', '3F000'].includes(String(codeOf(error))),
    isThere: (error) => codeOf(error) === '42P07',
    text: (value) => value,
  }
}

/** Without its primary key two writers could both create a branch key; by some collations two ids would be one. */
function problemOf({ rows }: StatementResult): string | undefined {
  const wanted = [
    `${columns.branchKeyId} text true`,
    `${columns.type} text true`,
    `${columns.ciphertext} bytea false`,
    `${columns.attributes} text false`,
  ]
  const found = rows.map(
    (row) => `${String(row['name'])} ${String(row['type'])} ${String(row['is_key'])}`,
  )
  const wrong = wanted.find((column) => !found.includes(column))
  const keys = rows.filter((row) => row['is_key'] === true)
  const inexact = keys.find((row) => row['is_exact'] !== true)
  if (inexact) return `the collation of ${String(inexact['name'])} takes different texts for one`
  if (wrong === undefined && keys.length === 2) return undefined
  return `its primary key must be ${columns.branchKeyId} and ${columns.type}, both text, beside ${columns.ciphertext} of type bytea and ${columns.attributes} of type text`
}
