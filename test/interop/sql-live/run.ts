import { Tally } from '../../conformance/tally.ts'
import { backfills, drizzle, kysely, prisma } from './adapters.ts'
import { administrator } from './administrator.ts'
import { dumps } from './dumps.ts'
import { installServers } from './install.ts'
import { rows } from './many-rows.ts'
import type { LiveServer, ServerStart } from './server.ts'
import { servers } from './servers.ts'
import type { Subject } from './subject.ts'
import { suites } from './suites.ts'

const subjects: readonly Subject[] = [
  administrator,
  dumps,
  suites,
  backfills,
  kysely,
  drizzle,
  prisma,
  rows,
]

/** Runs all tests of all subjects on the servers that this machine has, or can install. */
export async function runSql(): Promise<Tally> {
  const tally = new Tally()
  for (const [name, start] of Object.entries(servers)) {
    try {
      const server = await startOrInstall(start)
      if ('missing' in server) {
        for (const subject of subjects) tally.skip(`${subject.name}: ${server.missing}`)
        continue
      }
      try {
        console.log(`${name} ${server.version}`)
        for (const subject of subjects) await runSubject(subject, server, tally)
      } finally {
        await server.stop()
        await server.remove()
      }
    } catch (error) {
      tally.fail(`${name}: ${reasonOf(error)}`)
    }
  }
  return tally
}

async function startOrInstall(start: ServerStart): ReturnType<ServerStart> {
  const server = await start()
  if (!('missing' in server)) return server
  await installServers()
  return await start()
}

async function runSubject(subject: Subject, server: LiveServer, tally: Tally): Promise<void> {
  const where = `${subject.name} on ${server.name}`
  try {
    const { cases, close } = await subject.open(server)
    try {
      for (const { name, run } of cases) {
        try {
          await run()
          tally.pass(`${where}: ${name}`)
        } catch (error) {
          tally.fail(`${where}: ${name}: ${reasonOf(error)}`)
        }
      }
    } finally {
      await close()
    }
  } catch (error) {
    tally.fail(`${where}: ${reasonOf(error)}`)
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
