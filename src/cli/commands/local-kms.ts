import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { LocalKms } from '../../local-kms/index.ts'
import { checkOption, type LocalKmsOptions } from '../../local-kms/options.ts'

interface Flags {
  port?: number
  store?: string
  region?: string
  account?: string
  quota?: number
}

/** `waxseal local-kms`: a LocalKms in a terminal, until it is interrupted. */
export function localKmsCommand(): Command {
  const flag = (flags: string, description: string, option: keyof LocalKmsOptions, read = asText) =>
    new Option(flags, description).argParser((text) => checked(option, read(text)))
  return new Command('local-kms')
    .summary('run a KMS for development and tests')
    .description('Run a KMS for development and tests on 127.0.0.1, without an AWS account.')
    .addOption(flag('--port <number>', 'TCP port (default: a free one)', 'port', asNumber))
    .addOption(flag('--store <file>', 'keep the keys in this file, in the clear', 'storePath'))
    .addOption(flag('--region <name>', 'where none is named (default: us-east-1)', 'region'))
    .addOption(flag('--account <id>', '12 digits (default: 000000000000)', 'accountId'))
    .addOption(
      flag(
        '--quota <number>',
        'requests a second and region (default: no limit)',
        'quotaPerSecond',
        asNumber,
      ),
    )
    .addHelpText('after', '\nExamples:\n  waxseal local-kms --store keys.json --port 4566\n')
    .action(serve)
}

async function serve({ port, store, region, account, quota }: Flags): Promise<void> {
  const stopped = interruption() // awaited later, listened to from now on: none is lost
  const kms = await LocalKms.start({
    ...(port !== undefined && { port }),
    ...(store !== undefined && { storePath: store }),
    ...(region !== undefined && { region }),
    ...(account !== undefined && { accountId: account }),
    ...(quota !== undefined && { quotaPerSecond: quota }),
    log: (message) => process.stderr.write(`waxseal: ${message}\n`),
  })
  process.stdout.write(greeting(kms, store))
  await stopped
  await kms.close()
}

function greeting(kms: LocalKms, store: string | undefined): string {
  const { endpoint, region, credentials } = kms.clientConfig()
  const set = process.platform === 'win32' ? 'set' : 'export'
  const environment = {
    AWS_ENDPOINT_URL_KMS: endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region, // what older AWS CLIs and the SDK for Python read
  }
  return [
    `LocalKms listens on ${endpoint}`,
    store === undefined
      ? 'Its keys are in memory and end with it; --store FILE keeps them.'
      : `Its keys are kept in ${resolve(store)}`,
    '',
    'For the AWS CLI and SDKs:',
    ...Object.entries(environment).map(([name, value]) => `  ${set} ${name}=${value}`),
    '',
    'Ctrl+C stops it.',
    '',
  ].join('\n')
}

/** A second signal finds no listener, and so ends the process at once. */
async function interruption(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        resolve()
      })
    }
  })
}

function checked(option: keyof LocalKmsOptions, value: unknown): unknown {
  const problem = checkOption(option, value)
  if (problem === undefined) return value
  throw new InvalidArgumentError(problem)
}

function asText(text: string): unknown {
  return text
}

/** Digits only: `Number` takes an empty text for 0, and `1e3` for 1000. */
function asNumber(text: string): unknown {
  return /^\d+$/.test(text) ? Number(text) : text
}
