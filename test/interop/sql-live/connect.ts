import mysql from 'mysql2/promise'
import pg from 'pg'
import type { SqlDatabase } from '../../../src/sql/database/database.ts'
import { mysqlDatabase } from '../../../src/sql/database/mysql-database.ts'
import { pgDatabase } from '../../../src/sql/database/pg-database.ts'
import type { LiveServer } from './server.ts'

/** The pool of a server's driver, as its adapter takes it. */
type Pool =
  | { readonly driver: 'pg'; readonly pool: pg.Pool }
  | { readonly driver: 'mysql2'; readonly pool: mysql.Pool }

export interface Connected {
  readonly url: string
  readonly client: Pool
  readonly database: SqlDatabase
  readonly close: () => Promise<void>
}

/** A new database of a server, by the driver that is for it. */
export async function connect(server: LiveServer, name: string): Promise<Connected> {
  const url = await server.createDatabase(name)
  if (server.name === 'PostgreSQL') {
    const pool = new pg.Pool({ connectionString: url, max: 4 })
    const close = () => pool.end()
    return { url, client: { driver: 'pg', pool }, database: pgDatabase(pool), close }
  }
  const pool = mysql.createPool({ uri: url, connectionLimit: 4 })
  const close = () => pool.end()
  return { url, client: { driver: 'mysql2', pool }, database: mysqlDatabase(pool), close }
}

/** The type of a column that has bytes: ciphertexts are not of one length, indexes are. */
export function bytesType({ dialect }: SqlDatabase): 'bytea' | 'blob' {
  return dialect.name === 'postgresql' ? 'bytea' : 'blob'
}

/** Runs a statement whose placeholders are question marks, and returns its rows. */
export async function ask(
  database: SqlDatabase,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  let position = 0
  const own = text.replaceAll('?', () => database.dialect.placeholder(++position))
  return (await database.run({ text: own, ...(values.length > 0 && { values }) })).rows
}
