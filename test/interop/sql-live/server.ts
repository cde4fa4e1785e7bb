import { createServer } from 'node:net'
import type { RunningProgram } from '../live/processes.ts'

/** A real database server on the loopback interface, with data of its own. */
export interface LiveServer {
  readonly name: 'PostgreSQL' | 'MariaDB'
  readonly version: string
  /** Where the superuser gets in, with the password. */
  readonly url: string
  /** Has all that it writes: data files, logs of changes, and the log of statements. */
  readonly folder: string
  /** A new database; returns its address. */
  createDatabase(name: string): Promise<string>
  /** Has it write every statement to a log from now on, with all parameters. */
  logStatements(): Promise<void>
  /** Has its tool for back-ups write a database to a file in the folder. */
  dump(database: string): Promise<void>
  /** Ends it, so that everything is in its files. */
  stop(): Promise<void>
  /** Removes its files. */
  remove(): Promise<void>
}

/** How a server is started, or what this machine lacks for it. */
export type ServerStart = () => Promise<LiveServer | { missing: string }>

export const startTimeoutMs = 60_000

/** Starts on a free port. Another process may take it meanwhile, so there are three attempts. */
export async function onFreePort(
  attempt: (port: number) => Promise<RunningProgram>,
): Promise<{ port: number; program: RunningProgram }> {
  for (let left = 2; ; left--) {
    const port = await freePort()
    try {
      return { port, program: await attempt(port) }
    } catch (error) {
      if (left === 0) throw error
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port)
        else reject(new Error('There is no free port'))
      })
    })
  })
}
