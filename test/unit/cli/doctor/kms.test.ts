import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  DisableKeyCommand,
  EncryptCommand,
  KMSClient,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EnvelopeClient, MultiKeyring } from '../../../../src/index.ts'
import { KmsKeyring } from '../../../../src/kms.ts'
import { LocalKms } from '../../../../src/local-kms/index.ts'
import { type DoctorSettings, findings, wrongs } from './support.ts'

let kms: LocalKms
let keyArn: string
let message: Uint8Array
const cleanUp: (() => unknown)[] = []

beforeEach(async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local')
  vi.stubEnv('AWS_REGION', undefined)
  vi.stubEnv('AWS_DEFAULT_REGION', undefined)
  vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent')
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent')
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
  kms = await LocalKms.start({ log: () => {} })
  cleanUp.push(() => kms.close())
  keyArn = await kms.createKey({ alias: 'alias/orders' })
  message = await encryptUnder(keyArn)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  for (const undo of cleanUp.splice(0).reverse()) await undo()
})

function clientIn(region = kms.region) {
  const client = new KMSClient({ ...kms.clientConfig(region), maxAttempts: 1 })
  cleanUp.push(() => client.destroy())
  return client
}

async function encryptUnder(...keyIds: string[]) {
  const [first, ...others] = keyIds.map(
    (keyId) => new KmsKeyring({ client: clientIn(keyId.split(':')[3]), keyId }),
  )
  const keyring = new MultiKeyring({ ...(first && { generator: first }), children: others })
  const options = { encryptionContext: { tenant: 'acme' } }
  const { ciphertext } = await new EnvelopeClient({ keyring }).encrypt('text', options)
  return ciphertext
}

/** An endpoint that answers each call with one error. */
async function answering(status: number, type: string, text: string) {
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(JSON.stringify({ __type: type, message: text }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUp.push(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface Case {
  readonly cause: string
  readonly prepare?: () => unknown
  readonly settings?: () => Partial<DoctorSettings> | Promise<Partial<DoctorSettings>>
  readonly why: RegExp
  readonly advice: RegExp
}

const otherKey = 'arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555'

const cases: readonly Case[] = [
  {
    cause: 'a disabled key',
    prepare: () => clientIn().send(new DisableKeyCommand({ KeyId: keyArn })),
    why: /key is disabled/,
    advice: /aws kms enable-key --key-id arn:/,
  },
  {
    cause: 'a key that is pending deletion',
    prepare: () => clientIn().send(new ScheduleKeyDeletionCommand({ KeyId: keyArn })),
    why: /pending deletion/,
    advice: /aws kms cancel-key-deletion --key-id arn:/,
  },
  {
    cause: 'a key that was deleted',
    prepare: async () => {
      await clientIn().send(new ScheduleKeyDeletionCommand({ KeyId: keyArn }))
      kms.advanceClock(31 * 24 * 60 * 60 * 1000)
    },
    why: /has no such key/,
    advice: /was deleted/,
  },
  {
    cause: 'a denial',
    prepare: () => kms.deny(keyArn, 'Decrypt'),
    why: /AWS denies access/,
    advice: /allow kms:Decrypt on arn:/,
  },
  {
    cause: 'throttling',
    prepare: () => kms.fail({ operation: 'Decrypt', error: 'ThrottlingException', times: 100 }),
    why: /throttles/,
    advice: /later/,
  },
  {
    cause: 'another key',
    settings: () => ({ kms: [otherKey] }),
    why: /is another key$/,
    advice: /give --kms arn:/,
  },
  {
    cause: 'another account',
    settings: () => ({ kms: [otherKey.replace('000000000000', '111122223333')] }),
    why: /another key, of another place: account 111122223333/,
    advice: /give --kms arn:/,
  },
  {
    cause: 'another region',
    settings: () => ({ kms: [keyArn.replace('us-east-1', 'eu-west-1')] }),
    why: /names another region, and it is no multi-Region key/,
    advice: /give --kms arn:aws:kms:us-east-1/,
  },
  {
    cause: 'an alias',
    settings: () => ({ kms: ['alias/orders'], region: 'us-east-1' }),
    why: /is an alias/,
    advice: /give --kms arn:/,
  },
  {
    cause: 'a key id',
    settings: () => ({ kms: [keyArn.split('/')[1] ?? ''], region: 'us-east-1' }),
    why: /is a key id/,
    advice: /give --kms arn:/,
  },
  {
    cause: 'discovery in another account',
    settings: () => ({ kms: [], kmsDiscovery: ['111122223333:us-east-1'] }),
    why: /is for another account/,
    advice: /--kms-discovery 000000000000:us-east-1, if you trust/,
  },
  {
    cause: 'discovery in another region',
    settings: () => ({ kms: [], kmsDiscovery: ['000000000000:eu-west-1'] }),
    why: /asks eu-west-1, and the key is in "us-east-1"/,
    advice: /--kms-discovery 000000000000:us-east-1/,
  },
  {
    cause: 'an endpoint where nobody listens',
    settings: () => ({ endpoint: 'http://127.0.0.1:1' }),
    why: /not reachable/,
    advice: /--endpoint/,
  },
  {
    cause: 'a clock that is wrong',
    settings: async () => {
      const text = 'Signature expired: 20200101T000000Z is now earlier than 20200101T001000Z'
      return { endpoint: await answering(400, 'InvalidSignatureException', text) }
    },
    why: /the clock of this machine/,
    advice: /NTP/,
  },
  {
    cause: 'credentials that nobody knows',
    settings: async () => ({
      endpoint: await answering(400, 'UnrecognizedClientException', 'The token is invalid.'),
    }),
    why: /does not know the credentials/,
    advice: /get-caller-identity/,
  },
  {
    cause: 'no credentials',
    prepare: () => {
      vi.stubEnv('AWS_ACCESS_KEY_ID', undefined)
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined)
    },
    why: /no AWS credentials/,
    advice: /--profile/,
  },
  {
    cause: 'no region',
    settings: () => ({ kms: [], kmsDiscovery: ['000000000000'] }),
    why: /no region is known: give --region/i,
    advice: /^/,
  },
  {
    cause: 'a pair that was not given on encryption',
    settings: () => ({ context: { purpose: 'backup' } }),
    why: /cannot open the data key/,
    advice: /--context/,
  },
]

describe('doctor, with KMS', () => {
  it.each(cases)('explains $cause', async ({ prepare, settings, why, advice }) => {
    await prepare?.()
    const given = { kms: [keyArn], endpoint: kms.endpoint, ...(await settings?.()) }
    const [first = '', ...others] = await wrongs(message, given)
    const [text, whatToDo] = first.split(' => ')
    expect(text).toMatch(why)
    expect(whatToDo).toMatch(advice)
    expect(others).toEqual([])
  })

  it('says that it opens, and by which key', async () => {
    const second = await kms.createKey({ region: 'eu-west-1' })
    const both = await encryptUnder(keyArn, second)
    const found = await findings(both, { kms: [second], endpoint: kms.endpoint })
    expect(found.opens).toBe(true)
    expect(found.list.filter(({ about }) => about === 'data key')).toEqual([
      expect.objectContaining({ verdict: 'note', text: expect.stringContaining(keyArn) }),
      expect.objectContaining({ verdict: 'right', text: expect.stringContaining(second) }),
    ])
  })

  it('knows a replica of a multi-Region key', async () => {
    const primary = await kms.createKey({ multiRegion: true })
    const replica = await kms.replicateKey(primary, 'eu-west-1')
    const sealed = await encryptUnder(primary)
    const given = { kms: [replica], endpoint: kms.endpoint }
    expect(await wrongs(sealed, given)).toEqual([expect.stringMatching(/replica.*add --mrk/)])
    expect(await wrongs(sealed, { ...given, mrk: true })).toEqual([])
  })

  it('explains each data key', async () => {
    const second = await kms.createKey()
    const both = await encryptUnder(keyArn, second)
    await clientIn().send(new DisableKeyCommand({ KeyId: second }))
    const found = await wrongs(both, { kms: [otherKey, second], endpoint: kms.endpoint })
    expect(found).toEqual([
      expect.stringMatching(/^data key: 1\. .* is another key/),
      expect.stringMatching(/^data key: 2\. .* is disabled/),
    ])
  })

  it('says what a CiphertextBlob of KMS is not', async () => {
    const client = clientIn()
    const { CiphertextBlob = new Uint8Array() } = await client.send(
      new EncryptCommand({ KeyId: keyArn, Plaintext: new Uint8Array(8) }),
    )
    const found = await wrongs(CiphertextBlob, { kms: [keyArn], endpoint: kms.endpoint })
    expect(found).toEqual([expect.stringContaining('it is no message')])
  })
})
