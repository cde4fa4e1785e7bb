import mysql from 'mysql2/promise'
import pg from 'pg'
import type { KeyStorage } from '../../../src/hierarchical.ts'
import { MySqlKeyStorage, PgKeyStorage } from '../../../src/sql/key-storage/index.ts'
import { mariadbUrl, postgresUrl, startPglite } from './databases.ts'

/** A kind of storage in a database that runs here, with a table of its own. */
export interface StartedKeyStorage {
  readonly storage: KeyStorage & { createTable(): Promise<{ readonly created: boolean }> }
  /** Runs a statement on the database. */
  execute(statement: string): Promise<unknown>
  close(): Promise<void>
}

const tableName = 'waxseal_test_branch_keys'

async function inPglite(): Promise<StartedKeyStorage> {
  const postgres = await startPglite()
  return {
    storage: new PgKeyStorage({ client: postgres.pool, tableName }),
    execute: async (statement) => postgres.db.exec(statement),
    close: async () => postgres.close(),
  }
}

async function inPostgres(connectionString: string): Promise<StartedKeyStorage> {
  const pool = new pg.Pool({ connectionString })
  await pool.query(`DROP TABLE IF EXISTS ${tableName}`)
  return {
    storage: new PgKeyStorage({ client: pool, tableName }),
    execute: async (statement) => pool.query(statement),
    close: async () => pool.end(),
  }
}

async function inMariadb(uri: string): Promise<StartedKeyStorage> {
  const pool = mysql.createPool({ uri })
  await pool.query(`DROP TABLE IF EXISTS ${tableName}`)
  return {
    storage: new MySqlKeyStorage({ client: pool, tableName }),
    execute: async (statement) => pool.query(statement),
    close: async () => pool.end(),
  }
}

/** Those that can be had here: an embedded PostgreSQL always, real servers where they run. */
export function keyStorages(): readonly (readonly [string, () => Promise<StartedKeyStorage>])[] {
  const [postgres, mariadb] = [postgresUrl(), mariadbUrl()]
  return [
    ['PgKeyStorage on PGlite', inPglite] as const,
    ...(postgres === undefined
      ? []
      : [['PgKeyStorage on PostgreSQL', async () => inPostgres(postgres)] as const]),
    ...(mariadb === undefined
      ? []
      : [['MySqlKeyStorage on MariaDB', async () => inMariadb(mariadb)] as const]),
  ]
}
