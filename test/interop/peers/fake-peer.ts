// A peer that is waxseal itself and lies: what test/interop/exchange.test.ts finds the lies of.
//   node --import tsx fake-peer.ts LIE JOBS.json RESULTS.json
import { readFileSync, writeFileSync } from 'node:fs'
import { EnvelopeClient, algorithmSuites } from '../../../src/index.ts'
import { type KeyringSpec, keyringOf } from '../../support/keyring-spec.ts'
import type { MessageJob, Result } from '../live/jobs.ts'

const [lie = '', jobsFile = '', resultsFile = ''] = process.argv.slice(2)
const { jobs, keyrings } = JSON.parse(readFileSync(jobsFile, 'utf8')) as {
  jobs: MessageJob[]
  keyrings: Record<string, KeyringSpec>
}

async function run(job: MessageJob): Promise<Result> {
  const spec = keyrings[job.keyring]
  if (!spec) return { error: 'no such keyring' }
  const noClient = () => {
    throw new Error('There is no KMS here')
  }
  const client = new EnvelopeClient({
    keyring: keyringOf(spec, noClient),
    commitmentPolicy: job.commitmentPolicy,
  })
  if (job.do === 'decrypt') {
    const { plaintext, encryptionContext } = await client.decrypt(base64(job.message))
    return { plaintext: Buffer.from(plaintext).toString('base64'), encryptionContext }
  }
  const suite = Object.values(algorithmSuites).find(({ id }) => id === job.suiteId)
  const { ciphertext } = await client.encrypt(base64(job.plaintext), {
    encryptionContext: job.encryptionContext,
    ...(suite && { algorithmSuite: suite.name }),
  })
  return { message: Buffer.from(ciphertext).toString('base64') }
}

function distort(result: Result): Result | undefined {
  switch (lie) {
    case 'plaintext':
      return 'plaintext' in result ? { ...result, plaintext: 'AAAA' } : result
    case 'context':
      return 'plaintext' in result ? { ...result, encryptionContext: { other: 'pair' } } : result
    case 'message': {
      if (!('message' in result)) return result
      const message = base64(result.message)
      message.writeUInt8(message.readUInt8(message.length - 1) ^ 1, message.length - 1)
      return { message: message.toString('base64') }
    }
    case 'silence':
      return undefined
    default:
      return result
  }
}

function base64(text: string): Buffer {
  return Buffer.from(text, 'base64')
}

if (lie === 'crash') process.exit(3)
const results: Record<string, Result | undefined> = {}
for (const job of jobs) {
  const result = await run(job).catch((error: unknown): Result => ({ error: String(error) }))
  results[job.id] = lie === 'error' ? { error: 'it refuses' } : distort(result)
}
writeFileSync(resultsFile, JSON.stringify({ versions: { fake: '1' }, results }))
