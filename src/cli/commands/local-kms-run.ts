import { resolve } from 'node:path'
import { LocalKms } from '../../local-kms/index.ts'
import { checkOption, type LocalKmsOptions } from '../../local-kms/options.ts'
import { UsageError } from '../failures.ts'
import type { LocalKmsFlags } from './local-kms.ts'

/** What `waxseal local-kms` does, until it is interrupted. */
export async function serve({ port, store, region, account, quota }: LocalKmsFlags): Promise<void> {
  check('--store', 'storePath', store)
  check('--region', 'region', region)
  check('--account', 'accountId', account)
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

function check(flag: string, option: keyof LocalKmsOptions, value: string | undefined): void {
  const problem = checkOption(option, value)
  if (problem !== undefined) throw new UsageError(`${flag} ${JSON.stringify(value)}: ${problem}`)
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
