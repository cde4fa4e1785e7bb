import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../live/processes.ts'
import type { LiveServer } from './server.ts'
import type { Subject } from './subject.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const timeoutMs = 300_000

/** Test files that run on a real server too, where these variables say where it is. */
const variables = { PostgreSQL: 'WAXSEAL_TEST_POSTGRES', MariaDB: 'WAXSEAL_TEST_MARIADB' }
const folders = ['database', 'key-storage', 'mysql2', 'pg'].map((name) => `test/unit/sql/${name}/`)
const vitest = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url))

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

/** The key storages, and the adapters for pg and mysql2: their own tests, of which those on the server are told. */
export const suites: Subject = {
  name: 'Tests of drivers',
  async open(server) {
    const url = await server.createDatabase('suites')
    const report = await reportOf(server, url)
    const cases = report.testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ fullName }) => fullName.includes(` on ${server.name}`))
      .map(({ fullName, status, failureMessages }) => ({
        name: fullName,
        async run() {
          if (status !== 'passed') throw new Error(`${status} ${failureMessages.join('\n')}`)
        },
      }))
    if (cases.length === 0) throw new Error(`No test says that it is on ${server.name}`)
    return { cases, close: async () => undefined }
  },
}

async function reportOf(server: LiveServer, url: string): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'waxseal-suites-'))
  const file = join(folder, 'report.json')
  const env = { ...process.env, [variables[server.name]]: url }
  const pattern = ` on ${server.name}`
  const args = ['run', '--root', root, ...folders, '--typecheck.enabled=false', '-t', pattern]
  const reporter = ['--reporter=json', `--outputFile=${file}`]
  try {
    await run(process.execPath, [vitest, ...args, ...reporter], { timeoutMs, env })
    return await reportIn(file)
  } catch (error) {
    // A failed test is an exit code: what failed is in the report.
    const report = await reportIn(file).catch(() => undefined)
    if (report) return report
    throw error
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function reportIn(file: string): Promise<Report> {
  return JSON.parse(await readFile(file, 'utf8')) as Report
}
