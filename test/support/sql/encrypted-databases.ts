import mysql from 'mysql2/promise'
import pg from 'pg'
import type { FieldCipher } from '../../../src/sql.ts'
import { type EncryptedDatabase, encryptedPg } from '../../../src/sql/pg/index.ts'
import { encryptedMysql2 } from '../../../src/sql/mysql2/index.ts'
import { mariadbUrl, postgresUrl, startPglite } from './databases.ts'

/** A database with an adapter that needs no query builder. */
export interface StartedDatabase {
  readonly dialect: 'postgresql' | 'mysql'
  adapter(cipher: FieldCipher): EncryptedDatabase
  /** An adapter of one connection, which is given back. */
  withConnection(
    cipher: FieldCipher,
    use: (adapter: EncryptedDatabase, query: (text: string) => Promise<unknown>) => Promise<void>,
  ): Promise<void>
  query(text: string): Promise<readonly Record<string, unknown>[]>
  close(): Promise<void>
}

function ofPool(pool: pg.Pool, close: () => Promise<void>): StartedDatabase {
  return {
    dialect: 'postgresql',
    adapter: (cipher) => encryptedPg(pool, { cipher }),
    async withConnection(cipher, use) {
      const client = await pool.connect()
      try {
        await use(encryptedPg(client, { cipher }), async (text) => client.query(text))
      } finally {
        client.release()
      }
    },
    query: async (text) => (await pool.query<Record<string, unknown>>(text)).rows,
    close,
  }
}

async function onPglite(): Promise<StartedDatabase> {
  const postgres = await startPglite()
  return ofPool(postgres.pool, async () => postgres.close())
}

async function onPostgres(connectionString: string): Promise<StartedDatabase> {
  const pool = new pg.Pool({ connectionString })
  await pool.query('DROP SCHEMA IF EXISTS waxseal_pg CASCADE')
  await pool.query('CREATE SCHEMA waxseal_pg')
  await pool.end()
  const own = new pg.Pool({ connectionString, options: '-c search_path=waxseal_pg' })
  return ofPool(own, async () => own.end())
}

async function onMariadb(uri: string): Promise<StartedDatabase> {
  const setUp = await mysql.createConnection({ uri })
  await setUp.query('DROP DATABASE IF EXISTS waxseal_mysql2')
  await setUp.query('CREATE DATABASE waxseal_mysql2')
  await setUp.end()
  const pool = mysql.createPool({ uri, database: 'waxseal_mysql2' })
  return {
    dialect: 'mysql',
    adapter: (cipher) => encryptedMysql2(pool, { cipher }),
    async withConnection(cipher, use) {
      const connection = await pool.getConnection()
      try {
        await use(encryptedMysql2(connection, { cipher }), async (text) => connection.query(text))
      } finally {
        connection.release()
      }
    },
    query: async (text) => (await pool.query<mysql.RowDataPacket[]>(text))[0],
    close: async () => pool.end(),
  }
}

/** Those that can be had here: an embedded PostgreSQL always, real servers where they run. */
export function encryptedDatabases(): readonly (readonly [
  string,
  () => Promise<StartedDatabase>,
])[] {
  const [postgres, mariadb] = [postgresUrl(), mariadbUrl()]
  return [
    ['encryptedPg on PGlite', onPglite] as const,
    ...(postgres === undefined
      ? []
      : [['encryptedPg on PostgreSQL', async () => onPostgres(postgres)] as const]),
    ...(mariadb === undefined
      ? []
      : [['encryptedMysql2 on MariaDB', async () => onMariadb(mariadb)] as const]),
  ]
}
