import { tracingChannel } from 'node:diagnostics_channel'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { KMSClient } from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { KmsDiscoveryKeyring, KmsKeyring, dangerouslyAnyAccount } from '../../../src/kms.ts'
import { fakeClient } from '../../support/fake-kms-client.ts'
import { outage, refusal } from '../../support/flaky-keyring.ts'
import {
  decryptionMaterials,
  encryptionMaterials,
  failure,
  foreignKey,
} from '../../support/materials.ts'

const arn = 'arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555'
const wrappedUnder = (providerInfo: string) =>
  foreignKey({ providerId: 'aws-kms', providerInfo: Buffer.from(providerInfo) })
const wrapped = wrappedUnder(arn)

describe('while KMS does not answer', () => {
  it.each([
    ['one call is made, however many data keys there are', outage(), 1],
    ['a key out of reach says nothing of the next', named('KeyUnavailableException'), 3],
    ['a refusal says nothing of the next', refusal(), 3],
  ])('%s', async (_, error, asked) => {
    const { client, calls } = fakeClient(error)
    const keyring = new KmsKeyring({ client, keyId: arn })
    const { attempts } = await keyring.onDecrypt(decryptionMaterials(), [wrapped, wrapped, wrapped])
    expect([calls.length, attempts.length]).toEqual([asked, 3])
    const untried = attempts.slice(asked)
    expect(untried).toMatchObject(untried.map(() => ({ outcome: 'skipped', key: arn })))
  })
})

describe('an answer of KMS that cannot be read', () => {
  /** A server that answers everything with the same, which is no JSON and holds a data key. */
  async function badServer() {
    const dataKey = Buffer.alloc(32, 'secret')
    const server = createServer((_request, response) => {
      response.end(`{"Plaintext":${dataKey.toString('base64')}}`)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const client = new KMSClient({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 1,
    })
    const close = () => {
      client.destroy()
      server.close()
    }
    return { client, secret: dataKey.toString('base64').slice(0, 6), close }
  }

  it('shows no byte of it in the error, the attempt or the diagnostics', async () => {
    const { client, secret, close } = await badServer()
    const told: unknown[] = []
    const handlers = { error: (call: object) => void told.push(call) }
    const channel = tracingChannel('waxseal:kms')
    channel.subscribe(handlers as Parameters<typeof channel.subscribe>[0])
    const keyring = new KmsKeyring({ client, keyId: arn })
    const error = await failure(() => keyring.onEncrypt(encryptionMaterials()))
    const { attempts } = await keyring.onDecrypt(decryptionMaterials(), [wrapped])
    channel.unsubscribe(handlers as Parameters<typeof channel.unsubscribe>[0])
    close()
    expect(told).toHaveLength(2)
    const shown = inspect([error, error.stack, attempts, told], { depth: 6, showHidden: true })
    expect(shown).toContain('not valid JSON')
    expect(shown).not.toContain(secret)
  })
})

describe('an answer of KMS with the wrong members', () => {
  it.each<[string, object]>([
    ['a plaintext that is text', { Plaintext: 'x'.repeat(32) }],
    ['an empty ciphertext', { CiphertextBlob: new Uint8Array(0) }],
    ['a ciphertext that is text', { CiphertextBlob: 'abc' }],
    ['a KeyId that is an object', { KeyId: {} }],
  ])('is refused by GenerateDataKey: %s', async (_, wrong) => {
    const good = { Plaintext: new Uint8Array(32), CiphertextBlob: new Uint8Array(9), KeyId: arn }
    const keyring = new KmsKeyring({ client: fakeClient({ ...good, ...wrong }).client, keyId: arn })
    expect(await failure(() => keyring.onEncrypt(encryptionMaterials()))).toMatchObject({
      code: 'ERR_WRAP_FAILED',
      message: expect.stringContaining('answered with'),
    })
  })

  it('is an attempt of Decrypt: a plaintext that is text', async () => {
    const { client } = fakeClient({ Plaintext: 'x'.repeat(32), KeyId: arn })
    const keyring = new KmsKeyring({ client, keyId: arn })
    const { attempts } = await keyring.onDecrypt(decryptionMaterials(), [wrapped])
    expect(attempts).toMatchObject([
      { outcome: 'failed', reason: expect.stringContaining('0 bytes') },
    ])
  })
})

describe('the name of a key in a message', () => {
  it.each([
    ['with a line break', arn.replace('us-east-1', 'us\n2026 FAKE')],
    ['with a control character', arn.replace('000000000000', '\u001b[31m')],
    ['of a megabyte', `${arn}${'a'.repeat(1 << 20)}`],
  ])('%s gets into no reason, hint or region', async (_, name) => {
    const { client, calls } = fakeClient(named('AccessDeniedException'))
    const keyring = new KmsDiscoveryKeyring({ client, discoveryFilter: dangerouslyAnyAccount })
    const keys = [wrappedUnder(name)]
    const error = await failure(() => keyring.onDecrypt(decryptionMaterials(), keys))
    expect(error.code).toBe('ERR_UNWRAP_FAILED')
    expect(error.message).toMatch(/^[^\n]*\n[^\n]{0,600}$/)
    expect(calls).toEqual([])
  })
})

describe('a discovery keyring', () => {
  it('refuses a client that does not tell its region', () => {
    const client = { send: () => undefined } as unknown as KMSClient
    expect(
      () => new KmsDiscoveryKeyring({ client, discoveryFilter: dangerouslyAnyAccount }),
    ).toThrow(expect.objectContaining({ field: 'client' }))
  })
})

function named(name: string): Error {
  return Object.assign(new Error('says KMS'), { name })
}
