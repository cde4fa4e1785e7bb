import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cleanEnvironment } from '../../conformance/moto.ts'
import { type RunningProgram, run, start } from '../live/processes.ts'
import { missingForJava } from '../peers/java.ts'
import { installFolder, installOnce, installTimeoutMs } from '../peers/peer.ts'

const startTimeoutMs = 120_000
const pom = fileURLToPath(new URL('pom.xml', import.meta.url))
const launcher = fileURLToPath(new URL('Launcher.java', import.meta.url))
const running = /Running on (http:\/\/127\.0\.0\.1:\d+)/

/** The machines that DynamoDB Local's SQLite is there for, on Maven Central. */
const machines = ['linux-x64', 'darwin-x64', 'win32-x64']

/**
 * Starts AWS's DynamoDB Local on the loopback interface, after it was installed by Maven, once.
 *
 * @returns its address, or why this machine can't run it.
 * @throws Error if the machine has all that it needs, and it still does not start.
 */
export async function startDynamoDbLocal(): Promise<
  { endpoint: string; server: RunningProgram } | { missing: string }
> {
  const machine = `${process.platform}-${process.arch}`
  if (!machines.includes(machine)) return { missing: `It has no SQLite for ${machine}` }
  const missing = await missingForJava()
  if (missing !== undefined) return { missing }
  const folder = installFolder('dynamodb-local')
  await installOnce(folder, [pom], async () => {
    const args = ['--batch-mode', '--quiet', '--file', pom, 'dependency:copy-dependencies']
    await run('mvn', args, { timeoutMs: installTimeoutMs })
  })
  const jars = join(folder, 'dependency')
  const args = [`-Djava.library.path=${jars}`, '-cp', join(jars, '*'), launcher]
  const options = { ready: running, timeoutMs: startTimeoutMs, env: cleanEnvironment() }
  const server = await start('java', args, options)
  return { endpoint: running.exec(server.output)?.[1] ?? '', server }
}
