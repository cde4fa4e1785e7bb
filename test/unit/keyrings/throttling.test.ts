import { KMSClient } from '@aws-sdk/client-kms'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { KmsKeyring } from '../../../src/kms.ts'
import { LocalKms } from '../../../src/local-kms/index.ts'
import { decryptionMaterials, encryptionMaterials, failure } from '../../support/materials.ts'

// The library has no retries of its own: the SDK's `standard` ones have to be enough.

describe('throttling', () => {
  let kms: LocalKms
  let keyId: string
  beforeAll(async () => {
    kms = await LocalKms.start({ log: () => undefined })
    keyId = await kms.createKey()
  })
  afterEach(() => void vi.restoreAllMocks())
  afterAll(() => kms.close())

  it('of 30% of the calls is survived by 10,000 operations, by the retries of the SDK', async () => {
    shortenWaits()
    const end = kms.fail({ error: 'ThrottlingException', rate: 0.3 })
    const client = new KMSClient({ ...kms.clientConfig(), retryMode: 'standard', maxAttempts: 12 })
    const keyring = new KmsKeyring({ client, keyId })
    let succeeded = 0
    const lane = async () => {
      for (let pair = 0; pair < 250; pair++) {
        const { dataKey, encryptedDataKeys } = await keyring.onEncrypt(encryptionMaterials())
        const opened = await keyring.onDecrypt(decryptionMaterials(), encryptedDataKeys)
        if (Buffer.from(dataKey).equals(opened.dataKey)) succeeded += 2
      }
    }
    await Promise.all(Array.from({ length: 20 }, lane))
    expect(succeeded).toBe(10_000)
    // 1 / 0.7 calls for each that succeeds: the errors were really there.
    expect(kms.calls({ operation: 'Decrypt' })).toBeGreaterThan(6_500)
    end()
    client.destroy()
  }, 120_000) // more than 14,000 requests

  it('that outlasts the retries keeps its name and says what to do', async () => {
    shortenWaits()
    const client = new KMSClient({ ...kms.clientConfig(), retryMode: 'standard' })
    const keyring = new KmsKeyring({ client, keyId })
    const { encryptedDataKeys } = await keyring.onEncrypt(encryptionMaterials())
    const end = kms.fail({ error: 'ThrottlingException' })
    kms.resetCalls()
    const error = await failure(() => keyring.onEncrypt(encryptionMaterials()))
    expect(kms.calls()).toBe(3) // the SDK's own number of attempts, and no second layer
    expect(error).toMatchObject({
      code: 'ERR_WRAP_FAILED',
      cause: { name: 'ThrottlingException' },
      message: expect.stringMatching(/ThrottlingException.*caching data keys.*quota/),
    })
    const { attempts } = await keyring.onDecrypt(decryptionMaterials(), encryptedDataKeys)
    expect(attempts).toMatchObject([
      {
        reason: expect.stringContaining('ThrottlingException'),
        hint: expect.stringMatching(/caching data keys.*quota/),
        cause: { name: 'ThrottlingException' },
      },
    ])
    end()
    client.destroy()
  })
})

/** The waits between the SDK's attempts, half a second and more each, pass at once. */
function shortenWaits(): void {
  const wait = setTimeout
  vi.spyOn(globalThis, 'setTimeout').mockImplementation((run: () => void, delayMs?: number) =>
    wait(run, Math.min(delayMs ?? 0, 1)),
  )
}
