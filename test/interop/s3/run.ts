import { fileURLToPath } from 'node:url'
import { startMoto } from '../../conformance/moto.ts'
import { Tally } from '../../conformance/tally.ts'
import { pythonEnvironment } from '../peers/python-environment.ts'
import { s3Cases } from './cases.ts'
import { countingClient } from './client.ts'

const requirements = fileURLToPath(new URL('../../conformance/requirements.txt', import.meta.url))

/** Reads slices of objects from moto's S3, where this machine has Python. */
export async function runS3(): Promise<Tally> {
  const tally = new Tally()
  try {
    const prepared = await pythonEnvironment('conformance', requirements)
    if ('missing' in prepared) {
      tally.skip(`slices of S3 on moto: ${prepared.missing}`)
      return tally
    }
    const { endpoint, server } = await startMoto(prepared.python)
    const { s3, fetched } = countingClient(endpoint)
    try {
      for (const { name, run } of s3Cases) {
        const what = `slices of S3 on moto: ${name}`
        try {
          await run(s3, fetched)
          tally.pass(what)
        } catch (error) {
          tally.fail(`${what}: ${reasonOf(error)}`)
        }
      }
    } finally {
      s3.destroy()
      await server.stop()
    }
  } catch (error) {
    tally.fail(`slices of S3 on moto: ${reasonOf(error)}`)
  }
  return tally
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
