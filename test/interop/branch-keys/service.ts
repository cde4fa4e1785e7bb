import { fileURLToPath } from 'node:url'
import { startMoto } from '../../conformance/moto.ts'
import { DynamoDbEmulator } from '../../support/dynamodb/emulator.ts'
import { pythonEnvironment } from '../peers/python-environment.ts'

const requirements = fileURLToPath(new URL('../../conformance/requirements.txt', import.meta.url))

/** What stands for DynamoDB, for programs on this machine. */
export interface DynamoDbService {
  readonly name: string
  readonly endpoint: string
  close(): Promise<unknown>
}

/** moto's server, which is nobody's own; without Python, the emulator of the default tests. */
export async function startDynamoDb(): Promise<DynamoDbService> {
  const prepared = await pythonEnvironment('conformance', requirements)
  if ('python' in prepared) {
    const { endpoint, server } = await startMoto(prepared.python)
    return { name: 'moto', endpoint, close: () => server.stop() }
  }
  const emulator = await DynamoDbEmulator.start()
  return { name: 'dynalite', endpoint: emulator.endpoint, close: () => emulator.close() }
}
