import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { CachingCmm, EnvelopeClient, LocalCryptoMaterialsCache } from '../../../src/index.ts'
import { KmsKeyring } from '../../../src/kms.ts'
import { KmsRegions } from '../../support/kms-regions.ts'
import { errorOf, unsigned } from '../client/harness.ts'
import { times } from './harness.ts'

const region = 'us-east-1'
let regions: KmsRegions
let keyring: KmsKeyring
let client: EnvelopeClient
let cache: LocalCryptoMaterialsCache
/** The calls since the test began. */
let before: Record<string, number> = {}
const calls = () => {
  const { [region]: counts } = regions.calls([region])
  const since = (name: string) => (counts[name] ?? 0) - (before[name] ?? 0)
  return { GenerateDataKey: since('GenerateDataKey'), Decrypt: since('Decrypt') }
}

beforeAll(async () => {
  regions = await KmsRegions.start()
  const keyId = await regions.kms.createKey({ region })
  keyring = new KmsKeyring({ client: regions.clientOf(region), keyId })
})
afterAll(() => regions.close())
beforeEach(() => {
  before = regions.calls([region])[region]
  cache = new LocalCryptoMaterialsCache({ capacity: 1000 })
  client = new EnvelopeClient({ cmm: new CachingCmm({ cache, keyring, maxAgeMs: 3_600_000 }) })
})

it('1,000 parallel encryptions make one call, and so do 1,000 parallel decryptions', async () => {
  const sealed = await Promise.all(times(1000, (i) => client.encrypt(String(i), unsigned)))
  expect(calls()).toEqual({ GenerateDataKey: 1, Decrypt: 0 })
  const opened = await Promise.all(sealed.map(({ ciphertext }) => client.decrypt(ciphertext)))
  expect(calls()).toEqual({ GenerateDataKey: 1, Decrypt: 1 })
  expect(opened.map(({ plaintext }) => Buffer.from(plaintext).toString())).toEqual(
    times(1000, String),
  )
})

it('all of them get the failure of the one call, and the next one calls again', async () => {
  const recover = regions.kms.fail({ operation: 'GenerateDataKey', error: 'AccessDeniedException' })
  const failures = await Promise.all(
    times(100, () => errorOf(() => client.encrypt('text', unsigned))),
  )
  recover()
  expect(new Set(failures.map(({ code }) => code))).toEqual(new Set(['ERR_WRAP_FAILED']))
  expect(calls().GenerateDataKey).toBe(1)
  await client.encrypt('text', unsigned)
  expect(calls().GenerateDataKey).toBe(2)
})

it('10,000 messages over 50 contexts in 64 tasks make a call for each context', async () => {
  let next = 0
  const work = async (): Promise<void> => {
    for (let i = next++; i < 10_000; i = next++) {
      await client.encrypt('text', { ...unsigned, encryptionContext: { tenant: `${i % 50}` } })
    }
  }
  await Promise.all(times(64, work))
  expect(calls()).toEqual({ GenerateDataKey: 50, Decrypt: 0 })
})
