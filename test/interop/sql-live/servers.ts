import { startMariadb } from './mariadb.ts'
import { startPostgresql } from './postgresql.ts'
import type { LiveServer, ServerStart } from './server.ts'

/** All servers that encrypted columns are tested on. */
export const servers: Readonly<Record<LiveServer['name'], ServerStart>> = {
  PostgreSQL: startPostgresql,
  MariaDB: startMariadb,
}
