import { fileURLToPath } from 'node:url'
import { startMoto } from '../../conformance/moto.ts'
import { DynamoDbEmulator } from '../../support/dynamodb/emulator.ts'
import { startDynamoDbLocal } from '../dynamodb/dynamodb-local.ts'
import { pythonEnvironment } from '../peers/python-environment.ts'

const requirements = fileURLToPath(new URL('../../conformance/requirements.txt', import.meta.url))

/** What stands for DynamoDB, for programs on this machine. */
export interface DynamoDbService {
  readonly name: string
  readonly endpoint: string
  close(): Promise<unknown>
}

/** One that starts, or says what this machine lacks for it. */
interface StartableService {
  readonly name: string
  start(): Promise<DynamoDbService | { readonly missing: string }>
}

/** What the exchange of branch keys runs on, one after the other: none of them is of this repository. */
export const dynamoDbServices: readonly StartableService[] = [
  {
    name: 'moto',
    async start() {
      const prepared = await pythonEnvironment('conformance', requirements)
      if ('missing' in prepared) return prepared
      const { endpoint, server } = await startMoto(prepared.python)
      return { name: 'moto', endpoint, close: () => server.stop() }
    },
  },
  {
    name: 'DynamoDB Local',
    async start() {
      const started = await startDynamoDbLocal()
      if ('missing' in started) return started
      const { endpoint, server } = started
      return { name: 'DynamoDB Local', endpoint, close: () => server.stop() }
    },
  },
]

/** The emulator of the default tests, for machines that can run none of these. */
export async function startEmulator(): Promise<DynamoDbService> {
  const emulator = await DynamoDbEmulator.start()
  return { name: 'dynalite', endpoint: emulator.endpoint, close: () => emulator.close() }
}
