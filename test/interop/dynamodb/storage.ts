import { fileURLToPath } from 'node:url'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDbKeyStorage } from '../../../src/hierarchical.ts'
import { startMoto } from '../../conformance/moto.ts'
import { Tally } from '../../conformance/tally.ts'
import { dynamoDbCases } from '../../support/dynamodb/cases.ts'
import { dynamoDbClientConfig } from '../../support/dynamodb/emulator.ts'
import { rewrapCases } from '../../support/dynamodb/rewrap-cases.ts'
import { keyStorageCases } from '../../support/key-storage-spec.ts'
import type { RunningProgram } from '../live/processes.ts'
import { pythonEnvironment } from '../peers/python-environment.ts'
import { startDynamoDbLocal } from './dynamodb-local.ts'

interface Service {
  readonly name: string
  /** Starts it, or says what this machine lacks for it. */
  start(): Promise<{ endpoint: string; server: RunningProgram } | { missing: string }>
  /**
   * What the service does not do, or not always, as DynamoDB does: the name of a case, and why. It is
   * not run.
   */
  readonly cannot: Readonly<Record<string, string>>
}

const requirements = fileURLToPath(new URL('../../conformance/requirements.txt', import.meta.url))

const mixedUp = 'it answers several requests at once, without a lock'
const anyType = 'it looks for a key whatever type it has'
const keyError = 'a transaction without the keys fails with an error of Python'

const services: readonly Service[] = [
  {
    name: 'moto',
    async start() {
      const prepared = await pythonEnvironment('conformance', requirements)
      return 'missing' in prepared ? prepared : startMoto(prepared.python)
    },
    cannot: {
      'lets one of many concurrent writers create a branch key': mixedUp,
      'lets one of many concurrent writers replace a record': mixedUp,
      'createTable by several at once creates one table': mixedUp,
      'says what is wrong with a table with another partition key, whatever was asked': keyError,
      'says what is wrong with a table with other keys, whatever was asked': keyError,
      'says what is wrong with a table whose partition key is bytes, whatever was asked': anyType,
      'says what is wrong with a table whose sort key is a number, whatever was asked': anyType,
    },
  },
  {
    name: 'DynamoDB Local',
    start: startDynamoDbLocal,
    cannot: {
      'says what is wrong with a table without a sort key, whatever was asked':
        'a transaction may write to one item twice',
    },
  },
]

/** Runs the tests of `DynamoDbKeyStorage` on the services that this machine can run. */
export async function runDynamoDbStorage(): Promise<Tally> {
  const tally = new Tally()
  for (const service of services) {
    try {
      const started = await service.start()
      if ('missing' in started) {
        tally.skip(`DynamoDbKeyStorage on ${service.name}: ${started.missing}`)
        continue
      }
      const { endpoint, server } = started
      try {
        await runOn(service, endpoint, tally)
      } finally {
        await server.stop()
      }
    } catch (error) {
      tally.fail(`DynamoDbKeyStorage on ${service.name}: ${reasonOf(error)}`)
    }
  }
  return tally
}

async function runOn(
  { name: service, cannot }: Service,
  endpoint: string,
  tally: Tally,
): Promise<void> {
  const client = new DynamoDBClient(dynamoDbClientConfig(endpoint))
  try {
    const storage = new DynamoDbKeyStorage({ client, tableName: 'branch-keys' })
    await storage.createTable()
    const cases = [
      ...keyStorageCases.map(({ name, run }) => ({ name, run: () => run(storage) })),
      ...[...dynamoDbCases, ...rewrapCases].map(({ name, run }) => ({
        name,
        run: () => run(client),
      })),
    ]
    for (const name of Object.keys(cannot).filter(
      (name) => !cases.some((one) => one.name === name),
    ))
      tally.fail(`DynamoDbKeyStorage on ${service}: there is no case ${JSON.stringify(name)}`)
    for (const { name, run } of cases) {
      const what = `DynamoDbKeyStorage on ${service}: ${name}`
      const why = cannot[name]
      if (why === undefined) await runCase(what, run, tally)
      else tally.doesNotApply(`${what}: ${why}`)
    }
  } finally {
    client.destroy()
  }
}

async function runCase(what: string, run: () => Promise<void>, tally: Tally): Promise<void> {
  try {
    await run()
    tally.pass(what)
  } catch (error) {
    tally.fail(`${what}: ${reasonOf(error)}`)
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
