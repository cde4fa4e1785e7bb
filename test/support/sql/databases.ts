import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import pg from 'pg'

/** A PostgreSQL in this process, and a pool of pg that reaches it over loopback. */
export interface EmbeddedPostgres {
  readonly db: PGlite
  readonly pool: pg.Pool
  /** For other clients: the database behind it is the same. */
  readonly url: string
  /** Another pool, for a test that wants its own. */
  connect(options?: pg.PoolConfig): pg.Pool
  close(): Promise<void>
}

/**
 * Takes some seconds: start one in `beforeAll`, for a whole file. Many connections are served, but one transaction at
 * a time: statements of others wait until it ends. So what needs two transactions at once needs a real server.
 */
export async function startPglite(): Promise<EmbeddedPostgres> {
  const db = await PGlite.create()
  const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: 0, maxConnections: 50 })
  await server.start()
  const url = `postgres://postgres:postgres@${server.getServerConn()}/postgres`
  const pools: pg.Pool[] = []
  const connect = (options: pg.PoolConfig = {}) => {
    const pool = new pg.Pool({ connectionString: url, max: 4, ...options })
    pools.push(pool)
    return pool
  }
  return {
    db,
    pool: connect(),
    url,
    connect,
    close: async () => {
      await Promise.all(pools.filter(({ ended }) => !ended).map(async (pool) => pool.end()))
      await server.stop()
      await db.close()
    },
  }
}

/** A real PostgreSQL that tests may fill, where one runs. */
export function postgresUrl(): string | undefined {
  return process.env['WAXSEAL_TEST_POSTGRES']
}

/** A real MariaDB or MySQL that tests may fill, where one runs. */
export function mariadbUrl(): string | undefined {
  return process.env['WAXSEAL_TEST_MARIADB']
}
