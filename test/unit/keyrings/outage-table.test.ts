import { readFileSync } from 'node:fs'
import { DisableKeyCommand, EnableKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { EnvelopeClient, FailoverKeyring } from '../../../src/index.ts'
import { KmsMrkKeyring } from '../../../src/kms.ts'
import { LocalKms } from '../../../src/local-kms/index.ts'
import { FlakyKeyring } from '../../support/flaky-keyring.ts'
import { failure } from '../../support/materials.ts'

// Which errors let a FailoverKeyring go on to the next candidate.

describe('each row of the table in the guide to surviving an outage', () => {
  const rows = rowsOf('../../../docs/guides/surviving-an-outage.md')

  it('is found, yes and no', () => {
    const yes = rows.filter(([, failsOver]) => failsOver === 'yes')
    expect([yes.length > 8, rows.length - yes.length > 8]).toEqual([true, true])
  })

  it.each(rows)('%s fails over: %s', async (error, failsOver) => {
    const [near, far] = [new FlakyKeyring('near'), new FlakyKeyring('far')]
    const isCode = /^(E|UND_ERR_)[A-Z_]+$/.test(error)
    near.error = Object.assign(new Error('said by KMS'), isCode ? { code: error } : { name: error })
    const client = new EnvelopeClient({ keyring: new FailoverKeyring({ candidates: [near, far] }) })
    const written = await client.encrypt('x').then(
      () => 'yes',
      () => 'no',
    )
    expect(written).toBe(failsOver)

    const { ciphertext } = await new EnvelopeClient({ keyring: far }).encrypt('x')
    const reader = new EnvelopeClient({ keyring: new FailoverKeyring({ candidates: [near, far] }) })
    const read = await reader.decrypt(ciphertext).then(
      () => 'yes',
      () => 'no',
    )
    expect(read).toBe(failsOver)
  })
})

describe('with the errors that the SDK really throws', () => {
  const near = 'eu-central-1'
  const far = 'eu-west-1'
  let kms: LocalKms
  let clients: KMSClient[]
  let keyArns: string[]
  let end: () => unknown = () => undefined

  beforeAll(async () => {
    kms = await LocalKms.start({ region: near, log: () => undefined })
    const keyArn = await kms.createKey({ multiRegion: true })
    keyArns = [keyArn, await kms.replicateKey(keyArn, far)]
    clients = [near, far].map(
      (region) =>
        new KMSClient({
          ...kms.clientConfig(region),
          maxAttempts: 1,
          requestHandler: { requestTimeout: 200, throwOnRequestTimeout: true },
        }),
    )
  })
  afterEach(() => end())
  afterAll(async () => {
    clients.forEach((client) => client.destroy())
    await kms.close()
  })

  /** A new one for each test, since a keyring remembers an outage. */
  const makeClient = () =>
    new EnvelopeClient({
      keyring: new FailoverKeyring({
        candidates: clients.map(
          (client, index) => new KmsMrkKeyring({ client, keyId: keyArns[index] ?? '' }),
        ),
      }),
    })

  it.each<[string, () => () => unknown]>([
    ['a connection that breaks', () => kms.outage(near, 'reset')],
    ['no answer in time', () => kms.outage(near, 'timeout')],
    ['KMSInternalException', () => kms.outage(near, 'error')],
    ['ThrottlingException', () => kms.fail({ region: near, error: 'ThrottlingException' })],
    [
      'DependencyTimeoutException',
      () => kms.fail({ region: near, error: 'DependencyTimeoutException' }),
    ],
    ['KeyUnavailableException', () => kms.fail({ region: near, error: 'KeyUnavailableException' })],
  ])('%s lets it go on', async (_, begin) => {
    const { ciphertext } = await makeClient().encrypt('x')
    end = begin()
    await makeClient().encrypt('x')
    const { plaintext } = await makeClient().decrypt(ciphertext)
    expect(Buffer.from(plaintext).toString()).toBe('x')
  })

  it.each<[string, () => Promise<() => unknown>]>([
    [
      'AccessDeniedException',
      async () => {
        const [keyArn = ''] = keyArns
        const lift = ['GenerateDataKey', 'Decrypt'].map((operation) => kms.deny(keyArn, operation))
        return () => lift.forEach((each) => each())
      },
    ],
    [
      'DisabledException',
      async () => {
        const [KeyId] = keyArns
        await clients[0]?.send(new DisableKeyCommand({ KeyId }))
        return () => clients[0]?.send(new EnableKeyCommand({ KeyId }))
      },
    ],
    ...(['NotFoundException', 'InvalidKeyUsageException', 'KMSInvalidStateException'] as const).map(
      (error): [string, () => Promise<() => unknown>] => [
        error,
        async () => kms.fail({ region: near, error }),
      ],
    ),
  ])('%s is an answer, and nobody else is asked', async (name, begin) => {
    const { ciphertext } = await makeClient().encrypt('x')
    end = await begin()
    kms.resetCalls()
    expect((await failure(() => makeClient().encrypt('x'))).message).toContain(name)
    expect(await failure(() => makeClient().decrypt(ciphertext))).toMatchObject({
      attempts: [{ region: near, outcome: 'failed', reason: expect.stringContaining(name) }],
    })
    expect(kms.calls({ region: far })).toBe(0)
  })
})

function rowsOf(path: string): [error: string, failsOver: string][] {
  const text = readFileSync(new URL(path, import.meta.url), 'utf8')
  const section = /## Which errors fail over\n([^]*?)(?=\n## |$)/.exec(text)?.[1] ?? ''
  return [...section.matchAll(/^\|(.*?)\|.*\| *(yes|no) *\|$/gm)].flatMap(
    ([, names = '', answer = '']) =>
      [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']): [string, string] => [name, answer]),
  )
}
