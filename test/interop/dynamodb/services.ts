import { fileURLToPath } from 'node:url'
import { startMoto } from '../../conformance/moto.ts'
import { Tally } from '../../conformance/tally.ts'
import type { RunningProgram } from '../live/processes.ts'
import { pythonEnvironment } from '../peers/python-environment.ts'
import { startDynamoDbLocal } from './dynamodb-local.ts'

const requirements = fileURLToPath(new URL('../../conformance/requirements.txt', import.meta.url))

type Started = { endpoint: string; server: RunningProgram } | { missing: string }

/** What stands for DynamoDB, and how it is started, or what this machine lacks for it. */
const services = {
  moto: async (): Promise<Started> => {
    const prepared = await pythonEnvironment('conformance', requirements)
    return 'missing' in prepared ? prepared : startMoto(prepared.python)
  },
  'DynamoDB Local': startDynamoDbLocal,
}

/**
 * What a service does not do, or not always, as DynamoDB does: the name of a case, and why. It is not run.
 */
type Gaps = Readonly<Record<keyof typeof services, Readonly<Record<string, string>>>>

interface ServiceCase {
  readonly name: string
  readonly run: () => Promise<void>
}

/** Something that is tested on the services. */
export interface Subject {
  readonly name: string
  readonly gaps: Gaps
  /** Its cases on the service of this endpoint, and what is closed after them. */
  readonly open: (endpoint: string) => Promise<{ cases: readonly ServiceCase[]; close: () => void }>
}

/** Runs all tests of all subjects on the services that this machine can run. */
export async function runOnServices(subjects: readonly Subject[]): Promise<Tally> {
  const tally = new Tally()
  for (const service of Object.keys(services) as (keyof typeof services)[]) {
    try {
      const started = await services[service]()
      if ('missing' in started) {
        for (const { name } of subjects) tally.skip(`${name} on ${service}: ${started.missing}`)
        continue
      }
      const { endpoint, server } = started
      try {
        for (const subject of subjects) {
          const { cases, close } = await subject.open(endpoint)
          await runCases(`${subject.name} on ${service}`, cases, subject.gaps[service], tally)
          close()
        }
      } finally {
        await server.stop()
      }
    } catch (error) {
      tally.fail(`${service}: ${reasonOf(error)}`)
    }
  }
  return tally
}

async function runCases(
  where: string,
  cases: readonly ServiceCase[],
  gaps: Readonly<Record<string, string>>,
  tally: Tally,
): Promise<void> {
  for (const gap of Object.keys(gaps)) {
    if (!cases.some(({ name }) => name === gap)) {
      tally.fail(`${where}: there is no case ${JSON.stringify(gap)}`)
    }
  }
  for (const { name, run } of cases) {
    const what = `${where}: ${name}`
    const why = gaps[name]
    if (why !== undefined) {
      tally.doesNotApply(`${what}: ${why}`)
      continue
    }
    try {
      await run()
      tally.pass(what)
    } catch (error) {
      tally.fail(`${what}: ${reasonOf(error)}`)
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
