import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { EnvelopeClient } from '../../../../src/index.ts'
import { KmsKeyring } from '../../../../src/kms.ts'
import { LocalKms } from '../../../../src/local-kms/index.ts'
import { Workplace } from './workplace.ts'

let kms: LocalKms
let keyArn: string
let place: Workplace
beforeAll(async () => {
  kms = await LocalKms.start({ log: () => {} })
  keyArn = await kms.createKey()
})
afterAll(async () => {
  await kms.close()
})
beforeEach(async () => {
  place = await Workplace.make()
  const { region, credentials } = kms.clientConfig()
  vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey)
  vi.stubEnv('AWS_REGION', region)
  vi.stubEnv('AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', 'true')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await place.remove()
})

const toKms = () => {
  kms.resetCalls()
  const keys = [...place.fromFlags, '--kms', keyArn, '--endpoint', kms.endpoint]
  return place.run(place.messages, '-r', '--in-place', '--jobs', '1', ...keys)
}
const calls = () => ({
  generated: kms.calls({ operation: 'GenerateDataKey' }),
  decrypted: kms.calls({ operation: 'Decrypt' }),
})
const names = ['a', 'b', 'c', 'd']
const all = (status: string) => Object.fromEntries(names.map((name) => [name, status]))

async function expectUnderKms(): Promise<void> {
  const { KMSClient } = await import('@aws-sdk/client-kms')
  const client = new KMSClient(kms.clientConfig())
  const envelope = new EnvelopeClient({ keyring: new KmsKeyring({ keyId: keyArn, client }) })
  for (const name of names) {
    const { plaintext } = await envelope.decrypt(await readFile(place.path(name)))
    expect(Buffer.from(plaintext).toString()).toBe(name)
  }
  client.destroy()
}

describe('a folder that moves to a KMS key', () => {
  beforeEach(async () => {
    for (const name of names) await place.put(name)
  })

  test('costs two calls a file, and a file that is skipped one', async () => {
    await writeFile(place.path('x'), 'no message')
    expect((await toKms()).statuses).toEqual({ ...all('done'), x: 'failed' })
    expect(calls()).toEqual({ generated: 4, decrypted: 4 })
    expect((await toKms()).statuses).toEqual({ ...all('skipped'), x: 'failed' })
    expect(calls()).toEqual({ generated: 0, decrypted: 4 })
    await expectUnderKms()
  })

  test.each(['GenerateDataKey', 'Decrypt'] as const)(
    'goes on after %s has failed for a while, and again in a further run',
    async (operation) => {
      const before = await readFile(place.path('a'))
      const recover = kms.fail({ operation, error: 'AccessDeniedException', times: 2 })
      const first = await toKms()
      recover()
      expect(first.status).toBe(1)
      expect(first.statuses).toEqual({ ...all('done'), a: 'failed', b: 'failed' })
      expect(first.stderr).toContain('AccessDenied')
      expect(await readFile(place.path('a'))).toEqual(before)
      expect(await place.left()).toEqual([Workplace.journal, ...names])
      const again = await toKms()
      expect(again.statuses).toEqual({ ...all('skipped'), a: 'done', b: 'done' })
      expect(again.status).toBe(0)
      expect(await place.left()).toEqual(names)
      await expectUnderKms()
    },
  )

  test('says what keeps it from the new key, of files that are done', async () => {
    await writeFile(place.path('x'), 'no message')
    await toKms()
    const recover = kms.deny(keyArn, 'Decrypt')
    const denied = await toKms()
    recover()
    expect(denied.statuses).toEqual({ ...all('failed'), x: 'failed' })
    expect(denied.stderr).toContain('AccessDenied')
    await expectUnderKms()
  })
})
