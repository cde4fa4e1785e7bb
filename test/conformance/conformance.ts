import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LocalKms } from '../../src/local-kms/index.ts'
import { operations } from '../../src/local-kms/operations/table.ts'
import { start } from '../interop/live/processes.ts'
import { pythonEnvironment } from '../interop/peers/python-environment.ts'
import { AwsCli, awsCliSteps } from './aws-cli.ts'
import { declaredErrors } from './aws-model.ts'
import { accountId } from './call.ts'
import { topics } from './calls/index.ts'
import { conformanceDocument } from './document.ts'
import { given } from './given.ts'
import { startMoto } from './moto.ts'
import { compareServices, type Results, type TopicResult } from './results.ts'
import { Service } from './service.ts'
import { Tally } from './tally.ts'

const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url))
const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const startTimeoutMs = 60_000

/** Compares LocalKms with moto, has the AWS CLI use it, and prints what came of that. */
export async function runConformance(): Promise<Tally> {
  const tally = new Tally()
  const folder = await mkdtemp(join(tmpdir(), 'waxseal-conformance-'))
  try {
    const prepared = await pythonEnvironment('conformance', requirements)
    if ('missing' in prepared) {
      tally.skip(`moto and the AWS CLI: ${prepared.missing}`)
    } else {
      const { python } = prepared
      await compareWithMoto(python, tally)
      await useAwsCli(python, folder, tally)
      await useTerminal(python, folder, tally)
    }
  } catch (error) {
    tally.fail(messageOf(error))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return tally
}

async function compareWithMoto(python: string, tally: Tally): Promise<void> {
  const kms = await LocalKms.start({ accountId, log: () => undefined })
  const moto = await startMoto(python)
  const services = [
    new Service(kms.endpoint, given()),
    new Service(moto.endpoint, given()),
  ] as const
  try {
    const results = await compareServices(topics, ...services, declaredErrors(python))
    for (const topic of results.topics) printTopic(topic, tally)
    for (const operation of operationsWithoutCall()) tally.fail(`No call of ${operation}`)
    for (const problem of results.notShown) tally.fail(`The list of known differences: ${problem}`)
    if (tally.failed === 0)
      await writeDocument(results, [pinned('moto'), pinned('botocore')], tally)
    else console.log('docs/local-kms-conformance.md is not written: not every call passed')
  } finally {
    for (const service of services) service.close()
    await moto.server.stop()
    await kms.close()
  }
}

/** What LocalKms can do and the list leaves out. */
function operationsWithoutCall(): readonly string[] {
  const called = new Set(topics.flatMap(({ calls }) => calls.map(({ operation }) => operation)))
  return [...operations.keys()].filter((operation) => !called.has(operation))
}

function printTopic({ title, calls }: TopicResult, tally: Tally): void {
  const wrong = calls.filter(({ problems }) => problems.length > 0)
  const same = calls.filter(({ differences }) => differences.length === 0).length
  tally.passed += calls.length - wrong.length
  tally.failed += wrong.length
  const what = `${calls.length} calls, ${same} the same with moto`
  console.log(`${wrong.length > 0 ? 'FAIL' : 'PASS'} ${title}: ${what}, ${wrong.length} wrong`)
  for (const { call, problems } of wrong) {
    for (const problem of problems) console.log(`  ${call.name}: ${problem}`)
  }
}

/** CI changes no file: there, a document that is not what this run would write is a failure. */
async function writeDocument(
  results: Results,
  versions: readonly string[],
  tally: Tally,
): Promise<void> {
  const { current, wanted, write } = await conformanceDocument(results, versions)
  if (current === wanted) console.log('docs/local-kms-conformance.md says what was compared')
  else if (process.env['CI']) {
    tally.fail('docs/local-kms-conformance.md is not up to date: run npm run test:conformance')
  } else {
    await write()
    console.log('docs/local-kms-conformance.md is written anew')
  }
}

async function useAwsCli(python: string, folder: string, tally: Tally): Promise<void> {
  const kms = await LocalKms.start({ log: () => undefined })
  try {
    await printSteps('LocalKms', new AwsCli(python, folder, variablesFor(kms)), tally)
  } finally {
    await kms.close()
  }
}

/** As in a terminal: with the variables that `waxseal local-kms` prints, and until it is stopped. */
async function useTerminal(python: string, folder: string, tally: Tally): Promise<void> {
  const args = ['--import', import.meta.resolve('tsx'), cli, 'local-kms']
  const options = { ready: /Ctrl\+C/, timeoutMs: startTimeoutMs }
  const program = await start(process.execPath, args, options)
  const variables = [...program.output.matchAll(/(?:export|set) (\w+)=(\S+)/g)]
  const environment = Object.fromEntries(
    variables.map(([, name = '', value = '']) => [name, value]),
  )
  try {
    await printSteps('waxseal local-kms', new AwsCli(python, folder, environment), tally)
  } finally {
    const code = await program.stop()
    if (code === 0) tally.pass('waxseal local-kms ends when it is told to')
    else tally.fail(`waxseal local-kms ended with ${code}`)
  }
}

async function printSteps(where: string, aws: AwsCli, tally: Tally): Promise<void> {
  for (const { name, run } of awsCliSteps(aws)) {
    try {
      await run()
      tally.pass(`AWS CLI on ${where}: ${name}`)
    } catch (error) {
      tally.fail(`AWS CLI on ${where}: ${name}: ${messageOf(error)}`)
    }
  }
}

function variablesFor(kms: LocalKms): Record<string, string> {
  const { endpoint, region, credentials } = kms.clientConfig()
  return {
    AWS_ENDPOINT_URL_KMS: endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_DEFAULT_REGION: region,
  }
}

/** `moto 5.2.5`, as the requirements pin it. */
function pinned(name: string): string {
  const version = new RegExp(`^${name}==(\\S+)$`, 'm').exec(readFileSync(requirements, 'utf8'))?.[1]
  return `${name} ${version ?? ''}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
