import { KMSClient } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { EnvelopeClient, FailoverKeyring, type Keyring, MultiKeyring } from '../../../src/index.ts'
import { KmsKeyring, KmsMrkKeyring } from '../../../src/kms.ts'
import { LocalKms } from '../../../src/local-kms/index.ts'

const [dead, alive] = ['eu-central-1', 'eu-west-1'] as const
const messages = 1000
/** As many messages as are under way at a time. */
const lanes = 20
/** Longer than any run, so that no message tries the dead region again. */
const cooldownMs = 3_600_000
/** Thousands of requests to a server take their time on a busy machine. */
const timeoutMs = 120_000

describe('with one region dead', () => {
  let kms: LocalKms
  let deadClient: KMSClient
  let aliveClient: KMSClient
  let keyArn: string
  let replicaArn: string

  beforeAll(async () => {
    kms = await LocalKms.start({ log: () => undefined })
    keyArn = await kms.createKey({ region: dead, multiRegion: true })
    replicaArn = await kms.replicateKey(keyArn, alive)
    deadClient = new KMSClient({ ...kms.clientConfig(dead), maxAttempts: 2 })
    aliveClient = new KMSClient(kms.clientConfig(alive))
  })
  beforeEach(() => {
    kms.resetCalls()
  })
  afterAll(async () => {
    deadClient.destroy()
    aliveClient.destroy()
    await kms.close()
  })

  it(
    `a FailoverKeyring encrypts and decrypts ${messages} messages`,
    async () => {
      const keyring = new FailoverKeyring({
        candidates: [
          new KmsMrkKeyring({ client: deadClient, keyId: keyArn }),
          new KmsMrkKeyring({ client: aliveClient, keyId: replicaArn }),
        ],
        cooldownMs,
      })
      await survive(keyring)
    },
    timeoutMs,
  )

  it(
    `a MultiKeyring with minimumWrapped encrypts and decrypts ${messages} messages`,
    async () => {
      const aliveArn = await kms.createKey({ region: alive })
      const keyring = new MultiKeyring({
        generator: new KmsKeyring({ client: deadClient, keyId: keyArn }),
        children: [new KmsKeyring({ client: aliveClient, keyId: aliveArn })],
        minimumWrapped: 1,
        cooldownMs,
      })
      await survive(keyring)
    },
    timeoutMs,
  )

  async function survive(keyring: Keyring): Promise<void> {
    const client = new EnvelopeClient({ keyring })
    const algorithmSuite = 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY' // signing is not what is tested
    const before = await client.encrypt('from before', { algorithmSuite })
    const end = kms.outage(dead)
    kms.resetCalls()
    try {
      const results = await inLanes(async (index) => {
        const { ciphertext } = await client.encrypt(String(index), { algorithmSuite })
        return Buffer.from((await client.decrypt(ciphertext)).plaintext).toString()
      })
      expect(results).toEqual(Array.from({ length: messages }, (_, index) => String(index)))
      expect(kms.calls({ region: alive })).toBe(2 * messages)
      // Those of the messages that were under way when it died, each with the SDK's second attempt.
      expect(kms.calls({ region: dead })).toBeLessThanOrEqual(2 * lanes)
      const { plaintext } = await client.decrypt(before.ciphertext)
      expect(Buffer.from(plaintext).toString()).toBe('from before')
    } finally {
      end()
    }
  }
})

async function inLanes(work: (index: number) => Promise<string>): Promise<string[]> {
  const results: string[] = []
  let next = 0
  const lane = async () => {
    for (let index = next++; index < messages; index = next++) results[index] = await work(index)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return results
}
