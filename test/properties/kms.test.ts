import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EnvelopeClient, type Keyring, algorithmSuites } from '../../src/index.ts'
import {
  KmsDiscoveryKeyring,
  KmsKeyring,
  KmsMrkDiscoveryKeyring,
  KmsMrkKeyring,
  KmsRsaKeyring,
} from '../../src/kms.ts'
import { FakeKms } from '../support/fake-kms.ts'
import { contexts, plaintexts, seed, suiteNames } from './arbitraries.ts'

const kms = new FakeKms()
const discoveryFilter = { accountIds: ['111122223333'], partition: 'aws' }
const regions = ['eu-central-1', 'us-west-2'] as const
const arn = (region: string, id: string) => `arn:aws:kms:${region}:111122223333:key/${id}`
const rsa = (region: string, keyId: string) =>
  new KmsRsaKeyring({
    keyId,
    publicKey: kms.publicKey,
    client: kms.client(region),
    encryptionAlgorithm: 'RSAES_OAEP_SHA_1',
  })

/** The keyrings over a key in a region; those that cannot encrypt only read. */
const writers: Record<string, (region: string, keyId: string) => Keyring> = {
  strict: (region, keyId) => new KmsKeyring({ client: kms.client(region), keyId }),
  MRK: (region, keyId) => new KmsMrkKeyring({ client: kms.client(region), keyId }),
  RSA: rsa,
}
const readers: typeof writers = {
  ...writers,
  discovery: (region) => new KmsDiscoveryKeyring({ client: kms.client(region), discoveryFilter }),
  'MRK discovery': (region) =>
    new KmsMrkDiscoveryKeyring({ client: kms.client(region), discoveryFilter }),
}

const cases = fc.record({
  writer: fc.constantFrom(...Object.keys(writers)),
  reader: fc.constantFrom(...Object.keys(readers)),
  id: fc.constantFrom('mrk-one', 'one'),
  writtenIn: fc.constantFrom(...regions),
  readIn: fc.constantFrom(...regions),
  suite: fc.constantFrom(...suiteNames),
  encryptionContext: contexts,
  plaintext: plaintexts,
})

describe('the KMS keyrings', () => {
  it('open what is theirs, in its region or by a replica, under any suite and context', async () => {
    let opened = 0
    const property = fc.asyncProperty(cases, async ({ writer, reader, id, suite, ...given }) => {
      const { writtenIn, readIn, encryptionContext, plaintext } = given
      const { commitment, signature } = algorithmSuites[suite]
      fc.pre(writer !== 'RSA' || !signature)
      const client = (keyring: Keyring | undefined) => {
        expect.assert(keyring)
        return new EnvelopeClient({
          keyring,
          commitmentPolicy: commitment
            ? 'REQUIRE_ENCRYPT_ALLOW_DECRYPT'
            : 'FORBID_ENCRYPT_ALLOW_DECRYPT',
        })
      }
      const writing = client(writers[writer]?.(writtenIn, arn(writtenIn, id)))
      const { ciphertext } = await writing.encrypt(plaintext, {
        algorithmSuite: suite,
        encryptionContext,
      })
      const opening = client(readers[reader]?.(readIn, arn(readIn, id))).decrypt(ciphertext, {
        encryptionContext,
      })
      const findsReplicas = ['MRK', 'MRK discovery', 'RSA'].includes(reader) && id === 'mrk-one'
      const isTheirs =
        (writer === 'RSA') === (reader === 'RSA') && (writtenIn === readIn || findsReplicas)
      if (isTheirs) {
        expect(Buffer.from((await opening).plaintext)).toEqual(Buffer.from(plaintext))
        opened++
      } else {
        await expect(opening).rejects.toMatchObject({ code: 'ERR_UNWRAP_FAILED' })
      }
    })
    await fc.assert(property, { seed, numRuns: 300 })
    expect(opened).toBeGreaterThan(50)
  })
})
