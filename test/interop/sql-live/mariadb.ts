import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import mysql from 'mysql2/promise'
import { run, start } from '../live/processes.ts'
import { serverAccount } from './account.ts'
import { type LiveServer, onFreePort, startTimeoutMs } from './server.ts'

const user = 'root'

/** Starts MariaDB. */
export async function startMariadb(): Promise<LiveServer | { missing: string }> {
  const programs = ['mariadbd', 'mariadb-install-db', 'mariadb-dump'].map(pathOf)
  const [mariadbd, install, dump] = programs
  if (mariadbd === undefined || install === undefined || dump === undefined) {
    return { missing: 'MariaDB is not installed' }
  }
  const account = await serverAccount()
  const folder = await account.folder('mariadb')
  const password = randomBytes(16).toString('hex')
  const env = { PATH: searched.join(':'), LC_ALL: 'C.UTF-8', TMPDIR: folder, HOME: folder }
  const as = (program: string, args: readonly string[]): [string, string[]] => {
    const [command = '', ...rest] = [...account.prefix, program, ...args]
    return [command, rest]
  }
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const data = join(folder, 'data')
    const timeoutMs = startTimeoutMs
    const fresh = ['--no-defaults', `--datadir=${data}`, '--skip-test-db']
    await run(...as(install, [...fresh, '--auth-root-authentication-method=normal']), {
      timeoutMs,
      env,
    })
    // Carried out before it takes connections: nobody gets in without the password.
    const initFile = join(folder, 'init.sql')
    const statements = [
      `ALTER USER '${user}'@'localhost' IDENTIFIED BY '${password}';`,
      `DELETE FROM mysql.global_priv WHERE Host <> 'localhost' OR User NOT IN ('${user}', 'mariadb.sys');`,
      'FLUSH PRIVILEGES;',
    ]
    await writeFile(initFile, `${statements.join('\n')}\n`, { mode: 0o644 })
    const { port, program } = await onFreePort((freePort) => {
      const args = [
        '--no-defaults',
        `--datadir=${data}`,
        `--socket=${join(folder, 'socket')}`,
        `--pid-file=${join(folder, 'pid')}`,
        `--port=${freePort}`,
        '--bind-address=127.0.0.1',
        `--init-file=${initFile}`,
        // The log that replicas read, with whole rows: another place where a plaintext could be.
        `--log-bin=${join(folder, 'changes')}`,
        '--binlog-format=ROW',
        '--server-id=1',
        `--general-log-file=${join(folder, 'statements.log')}`,
        '--character-set-server=utf8mb4',
        '--max-allowed-packet=64M',
      ]
      return start(...as(mariadbd, args), { ready: /ready for connections/, timeoutMs, env })
    })
    const urlOf = (database: string) => `mysql://${user}:${password}@127.0.0.1:${port}/${database}`
    const url = urlOf('mysql')
    const [row] = await query(url, 'SELECT version() AS version').catch(async (error: unknown) => {
      await program.stop()
      throw error
    })
    return {
      name: 'MariaDB',
      version: String(row?.['version']),
      url,
      folder,
      async createDatabase(name) {
        await query(url, `CREATE DATABASE \`${name}\``)
        return urlOf(name)
      },
      async logStatements() {
        await query(url, 'SET GLOBAL general_log = ON')
      },
      async dump(database) {
        const args = ['--no-defaults', '--host=127.0.0.1', `--port=${port}`, `--user=${user}`]
        const environment = { ...env, MYSQL_PWD: password }
        const file = `--result-file=${join(folder, 'dump.sql')}`
        await run(dump, [...args, '--hex-blob', file, database], { timeoutMs, env: environment })
      },
      async stop() {
        await program.stop()
      },
      remove,
    }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Servers are where an ordinary user's PATH does not lead. */
const searched = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin']

function pathOf(program: string): string | undefined {
  return searched.map((folder) => join(folder, program)).find((path) => existsSync(path))
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const connection = await mysql.createConnection(url)
  try {
    const [rows] = await connection.query(text)
    return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : []
  } finally {
    await connection.end()
  }
}
