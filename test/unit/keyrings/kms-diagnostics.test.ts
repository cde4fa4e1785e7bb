import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KmsCall } from '../../../src/index.ts'
import { KmsKeyring, KmsRsaKeyring } from '../../../src/kms.ts'
import { fakeClient } from '../../support/fake-kms-client.ts'
import { decryptionMaterials, encryptionMaterials, foreignKey } from '../../support/materials.ts'
import { expectNoTraces } from '../../support/traces.ts'

const keyId = 'arn:aws:kms:us-east-1:111122223333:key/k1'
const secret = Buffer.from(Array.from({ length: 32 }, (_, index) => 101 + 3 * index))
const wrapped = foreignKey({ providerId: 'aws-kms', providerInfo: Buffer.from(keyId) })

const events = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const
let published: { event: string; call: KmsCall; shown: KmsCall }[] = []
const listeners = events.map((event) => ({
  name: `tracing:waxseal:kms:${event}`,
  listen: (message: unknown) => {
    const call = message as KmsCall
    published.push({ event, call, shown: { ...call } }) // as it was at that time
  },
}))
beforeEach(() => {
  published = []
  for (const { name, listen } of listeners) subscribe(name, listen)
})
afterEach(() => {
  for (const { name, listen } of listeners) unsubscribe(name, listen)
})

/** Waits for the work, and until all has been told of it. */
async function told(work: Promise<unknown>): Promise<void> {
  await work
  await new Promise((resolve) => setImmediate(resolve))
}

const answer = () => ({
  KeyId: keyId,
  Plaintext: Uint8Array.from(secret),
  CiphertextBlob: new Uint8Array(3),
})
type Operation = [name: string, work: (keyring: KmsKeyring) => Promise<unknown>]
const operations: Operation[] = [
  ['GenerateDataKey', (keyring) => keyring.onEncrypt(encryptionMaterials())],
  ['Encrypt', (keyring) => keyring.onEncrypt(encryptionMaterials().withDataKey(secret))],
  ['Decrypt', (keyring) => keyring.onDecrypt(decryptionMaterials(), [wrapped])],
]

describe('the tracing channel waxseal:kms', () => {
  it.each(operations)('tells of %s: what, which key, how long', async (operation, work) => {
    await told(work(new KmsKeyring({ client: fakeClient(answer()).client, keyId })))
    const ended = { operation, keyId, durationMs: expect.any(Number) as unknown }
    expect(published.map(({ event, shown }) => [event, shown])).toEqual([
      ['start', { operation, keyId }],
      ['end', { operation, keyId }],
      ['asyncStart', ended],
      ['asyncEnd', ended],
    ])
    expect(published.at(-1)?.call.durationMs).toBeGreaterThanOrEqual(0)
    // So that a listener can match them.
    expect(new Set(published.map(({ call }) => call)).size).toBe(1)
  })

  it.each(operations)('tells of an error of %s', async (operation, work) => {
    const error = Object.assign(new Error('no'), { name: 'AccessDeniedException' })
    const keyring = new KmsKeyring({ client: fakeClient(error).client, keyId })
    await told(work(keyring).catch(() => undefined))
    const failed = { operation, keyId, error, durationMs: expect.any(Number) as unknown }
    expect(published.map(({ event, shown }) => [event, shown])).toEqual([
      ['start', { operation, keyId }],
      ['end', { operation, keyId }],
      ['error', failed],
      ['asyncStart', failed],
      ['asyncEnd', failed],
    ])
  })

  it.each(operations)('shows no plaintext of %s', async (_, work) => {
    // The answer's plaintext is not overwritten here until all has been told.
    const answers: Uint8Array[] = []
    const keep = () => {
      const given = answer()
      given.Plaintext.fill = () => given.Plaintext
      answers.push(given.Plaintext)
      return given
    }
    await told(work(new KmsKeyring({ client: fakeClient(keep).client, keyId })))
    expect(answers.map((each) => Buffer.from(each))).toEqual([secret])
    expect(published).toHaveLength(4)
    expectNoTraces(published, [secret])
  })

  it('names the key as the call does: by the alias that was given', async () => {
    const keyring = new KmsKeyring({ client: fakeClient(answer()).client, keyId: 'alias/orders' })
    await keyring.onEncrypt(encryptionMaterials())
    expect(published[0]?.call.keyId).toBe('alias/orders')
  })

  it('tells of the RSA keyring’s Decrypt, and shows no plaintext', async () => {
    const { client } = fakeClient({ ...answer(), Plaintext: Uint8Array.from(secret) })
    const keyring = new KmsRsaKeyring({
      keyId,
      client,
      encryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    })
    const key = { ...wrapped, providerId: 'aws-kms-rsa' }
    await told(keyring.onDecrypt(decryptionMaterials(), [key]))
    expect(published.map(({ event }) => event)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
    expect(published[0]?.call).toMatchObject({ operation: 'Decrypt', keyId })
    expectNoTraces(published, [secret])
  })

  it('is silent about what is skipped', async () => {
    const { client } = fakeClient(answer())
    const keyring = new KmsKeyring({ client, keyId })
    await told(keyring.onDecrypt(decryptionMaterials(), [foreignKey()]))
    expect(published).toEqual([])
  })
})
