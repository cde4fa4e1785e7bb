import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { run, start } from '../live/processes.ts'
import { serverAccount } from './account.ts'
import { type LiveServer, onFreePort, startTimeoutMs } from './server.ts'

const user = 'postgres'

/** Starts PostgreSQL, the newest that is installed. */
export async function startPostgresql(): Promise<LiveServer | { missing: string }> {
  const programs = folderOfPrograms()
  if (programs === undefined) return { missing: 'PostgreSQL is not installed' }
  const account = await serverAccount()
  const folder = await account.folder('postgresql')
  const password = randomBytes(16).toString('hex')
  const env = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', TMPDIR: folder }
  const as = (program: string, args: readonly string[]): [string, string[]] => {
    const [command = '', ...rest] = [...account.prefix, join(programs, program), ...args]
    return [command, rest]
  }
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const data = join(folder, 'data')
    const passwordFile = join(folder, 'password')
    // Readable for the server's account, in a folder that is closed to all others.
    await writeFile(passwordFile, password, { mode: 0o644 })
    const init = ['-D', data, '-U', user, '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
    const timeoutMs = startTimeoutMs
    await run(...as('initdb', [...init, '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync']), {
      timeoutMs,
      env,
    })
    const { port, program } = await onFreePort((freePort) => {
      const settings = {
        listen_addresses: '127.0.0.1',
        port: String(freePort),
        unix_socket_directories: folder,
        logging_collector: 'on',
        log_directory: join(folder, 'log'),
      }
      const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
      const options = { ready: /redirecting log output/, timeoutMs, env }
      return start(...as('postgres', ['-D', data, ...args]), options)
    })
    const urlOf = (database: string) =>
      `postgres://${user}:${password}@127.0.0.1:${port}/${database}`
    const url = urlOf('postgres')
    const version = await connectOnce(url).catch(async (error: unknown) => {
      await program.stop()
      throw error
    })
    return {
      name: 'PostgreSQL',
      version,
      url,
      folder,
      async createDatabase(name) {
        await query(url, `CREATE DATABASE "${name}"`)
        return urlOf(name)
      },
      async logStatements() {
        await query(url, `ALTER SYSTEM SET log_statement = 'all'`)
        await query(url, 'SELECT pg_reload_conf()')
        await untilLogged(url)
      },
      async dump(database) {
        const file = join(folder, 'dump.sql')
        await run(join(programs, 'pg_dump'), ['--file', file, urlOf(database)], { timeoutMs, env })
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

/** Debian has its programs where no PATH finds them. */
function folderOfPrograms(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian) : []
  const folders = [
    ...versions
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => join(debian, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(':'),
  ]
  return folders.find((folder) =>
    ['initdb', 'postgres', 'pg_dump'].every((program) => existsSync(join(folder, program))),
  )
}

/** It takes connections a moment after it has begun its log. */
async function connectOnce(url: string): Promise<string> {
  const endsMs = performance.now() + startTimeoutMs
  for (;;) {
    try {
      const [row] = await query(url, 'SHOW server_version')
      return String(row?.['server_version'])
    } catch (error) {
      if (performance.now() >= endsMs) throw error
      await delay(50)
    }
  }
}

/** Settings are read again a moment after they were to be. */
async function untilLogged(url: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const [row] = await query(url, 'SHOW log_statement')
    if (row?.['log_statement'] === 'all') return
    await delay(50)
  }
  throw new Error('PostgreSQL does not log statements')
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}
