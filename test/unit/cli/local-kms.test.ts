import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  KMSClient,
  ListKeysCommand,
} from '@aws-sdk/client-kms'
import { afterEach, describe, expect, it } from 'vitest'
import { LocalKms } from '../../../src/local-kms/index.ts'

/* The bin as it is built: `npm test` builds it first. */
const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo()
})

function waxseal(...args: string[]) {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  cleanUp.push(() => child.kill('SIGKILL'))
  return child
}

/** Runs to the end. */
async function run(...args: string[]) {
  const child = waxseal(...args)
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { stdout, stderr, status }
}

/** Runs `waxseal local-kms` until it says all that it has to say, and gives the variables it names. */
async function serve(...args: string[]) {
  const child = waxseal('local-kms', ...args)
  const stderr = text(child.stderr)
  let stdout = ''
  child.stdout.setEncoding('utf8')
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    stdout += String(chunk)
    if (stdout.includes('Ctrl+C')) break
  }
  const variables: Record<string, string> = {}
  for (const [, name = '', value = ''] of stdout.matchAll(/(?:export|set) (\w+)=(.*)/g)) {
    variables[name] = value
  }
  return { child, stdout, stderr, variables }
}

function clientFor(variables: Record<string, string>) {
  const client = new KMSClient({
    endpoint: variables['AWS_ENDPOINT_URL_KMS'] ?? '',
    region: variables['AWS_REGION'] ?? '',
    credentials: {
      accessKeyId: variables['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: variables['AWS_SECRET_ACCESS_KEY'] ?? '',
    },
    maxAttempts: 1,
  })
  cleanUp.push(() => client.destroy())
  return client
}

async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM') {
  const closed = once(child, 'close')
  child.kill(signal)
  return closed
}

describe('waxseal local-kms', () => {
  it('serves, says where and for whom, and warns', async () => {
    const { child, stdout, stderr, variables } = await serve()
    const { KeyMetadata } = await clientFor(variables).send(new CreateKeyCommand({}))
    expect(KeyMetadata?.Arn).toContain(':us-east-1:000000000000:')
    expect(stdout).toContain(`listens on ${variables['AWS_ENDPOINT_URL_KMS'] ?? ''}`)
    expect(stdout).toContain('in memory')
    expect(variables['AWS_DEFAULT_REGION']).toBe(variables['AWS_REGION'])
    await stop(child)
    expect(await stderr).toMatch(/^waxseal: .*development and tests only.*\n$/)
  })

  it('takes the port, region, account and quota that it is given', async () => {
    const args = ['--region', 'eu-west-1', '--account', '123456789012', '--quota', '1']
    const first = await serve(...args)
    const port = new URL(first.variables['AWS_ENDPOINT_URL_KMS'] ?? '').port
    await stop(first.child)
    const { variables } = await serve(...args, '--port', port)
    expect(variables['AWS_ENDPOINT_URL_KMS']).toBe(`http://127.0.0.1:${port}`)
    const client = clientFor(variables)
    const { KeyMetadata } = await client.send(new CreateKeyCommand({}))
    expect(KeyMetadata?.Arn).toContain(':eu-west-1:123456789012:')
    const errors = await Promise.all(
      Array.from({ length: 10 }, () =>
        client.send(new ListKeysCommand({})).catch((error: unknown) => error),
      ),
    )
    expect(errors).toContainEqual(expect.objectContaining({ name: 'ThrottlingException' }))
  })

  it('keeps its keys in a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'waxseal-cli-'))
    cleanUp.push(() => rm(folder, { recursive: true }))
    const file = join(folder, 'keys.json')
    const first = await serve('--store', file)
    expect(first.stdout).toContain(file)
    const { KeyMetadata } = await clientFor(first.variables).send(new CreateKeyCommand({}))
    await stop(first.child)
    expect(await readFile(file, 'utf8')).toContain(KeyMetadata?.Arn)
    const { variables } = await serve('--store', file)
    await clientFor(variables).send(new DescribeKeyCommand({ KeyId: KeyMetadata?.KeyId }))
  })

  it.skipIf(process.platform === 'win32').each(['SIGINT', 'SIGTERM'] as const)(
    'ends well by %s',
    async (signal) => {
      const { child } = await serve()
      expect(await stop(child, signal)).toEqual([0, null])
    },
  )

  it('fails in one line where the port is taken', async () => {
    await using kms = await LocalKms.start({ log: () => {} })
    const { port } = new URL(kms.endpoint)
    const { stdout, stderr, status } = await run('local-kms', '--port', port)
    expect(status).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(new RegExp(`^waxseal: .*port ${port} .*\\n$`))
  })

  it('fails in one line where the store can not be written', async () => {
    const { stdout, stderr, status } = await run('local-kms', '--store', join(cli, 'keys.json'))
    expect(status).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^waxseal: .*keys\.json.*\n$/)
  })
})

describe('waxseal', () => {
  it.each([
    ['nonsense', 'nonsense'],
    ['local-kms --prot 1', '--port'],
    ['local-kms --port', '--port'],
    ['local-kms --port http', '--port'],
    ['local-kms --port 65536', '65536'],
    ['local-kms --port 1e3', '1e3'],
    ['local-kms --port 65536', '0 to 65535'],
    ['local-kms --region moon', 'us-east-1'],
    ['local-kms --account 1', '12 digits'],
    ['local-kms --quota 0', '--quota'],
    ['local-kms keys.json', 'too many arguments'],
  ])('says in one line what is wrong with %s', async (args, reason) => {
    const { stdout, stderr, status } = await run(...args.split(' '))
    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^waxseal: [^\n]+\n$/)
    expect(stderr).toContain(reason)
  })

  it('without a command shows its help, and that this was no use', async () => {
    const { stdout, stderr, status } = await run()
    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain('Usage: waxseal')
  })

  it.each([
    ['--help', 'local-kms'],
    ['local-kms --help', '--store'],
  ])('%s fits a screen', async (args, contained) => {
    const { stdout, stderr, status } = await run(...args.split(' '))
    expect(status).toBe(0)
    expect(stderr).toBe('')
    expect(stdout).toContain(contained)
    const lines = stdout.split('\n')
    expect(lines.length).toBeLessThanOrEqual(24)
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80)
  })
})
