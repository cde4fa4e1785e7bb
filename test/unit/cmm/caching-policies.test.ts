import { describe, expect, it } from 'vitest'
import {
  type CommitmentPolicy,
  DecryptionMaterials,
  type DecryptionMaterialsRequest,
  EnvelopeClient,
  EnvelopeError,
  algorithmSuites,
} from '../../../src/index.ts'
import { errorOf, unsigned } from '../client/harness.ts'
import { cachedClient, over } from './harness.ts'

const forbidding: CommitmentPolicy = 'FORBID_ENCRYPT_ALLOW_DECRYPT'
const signing = algorithmSuites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384

describe('clients with different policies on one CMM', () => {
  it('each get a suite that they admit, from the cache', async () => {
    const { cmm, keyring, cache } = cachedClient()
    const policies: CommitmentPolicy[] = [
      'REQUIRE_ENCRYPT_REQUIRE_DECRYPT',
      forbidding,
      'REQUIRE_ENCRYPT_ALLOW_DECRYPT',
    ]
    const suites: unknown[] = []
    for (const commitmentPolicy of [...policies, ...policies]) {
      const client = new EnvelopeClient({ cmm, commitmentPolicy })
      suites.push((await client.encrypt('text')).header.algorithmSuite)
    }
    const uncommitting = algorithmSuites.ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384
    const three = [signing.name, uncommitting.name, signing.name]
    expect(suites).toEqual([...three, ...three])
    expect(keyring.encryptions).toBe(3)
    expect(cache.stats()).toMatchObject({ hits: 3, bypasses: 0 })
  })

  it('do not read from the cache what their policy refuses', async () => {
    const { cmm } = cachedClient()
    const old = new EnvelopeClient({ cmm, commitmentPolicy: forbidding })
    const { ciphertext } = await old.encrypt('text')
    await old.decrypt(ciphertext)
    expect(await errorOf(() => new EnvelopeClient({ cmm }).decrypt(ciphertext))).toMatchObject({
      code: 'ERR_COMMITMENT_POLICY',
    })
  })

  it('get their own error for a suite that they may not ask for', async () => {
    const { cmm } = cachedClient()
    const request = {
      encryptionContext: {},
      algorithmSuite: algorithmSuites.ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA256,
      maxPlaintextLength: 1,
    }
    await cmm.getEncryptionMaterials({ ...request, commitmentPolicy: forbidding })
    const commitmentPolicy = 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'
    const asking = () => cmm.getEncryptionMaterials({ ...request, commitmentPolicy })
    expect(await errorOf(asking)).toMatchObject({ code: 'ERR_COMMITMENT_POLICY' })
  })

  it('each get the decision of the CMM underneath, at the same time and from the cache', async () => {
    const refusal = new EnvelopeError('ERR_COMMITMENT_POLICY', 'not here')
    const refuse = ({ commitmentPolicy }: { commitmentPolicy: CommitmentPolicy }): void => {
      if (commitmentPolicy === 'REQUIRE_ENCRYPT_ALLOW_DECRYPT') throw refusal
    }
    const { caching } = over((inner) => ({
      getEncryptionMaterials: async (request) => {
        refuse(request)
        return inner.getEncryptionMaterials(request)
      },
      decryptMaterials: async (request) => {
        refuse(request)
        return inner.decryptMaterials(request)
      },
    }))
    const refused = new EnvelopeClient({
      cmm: caching,
      commitmentPolicy: 'REQUIRE_ENCRYPT_ALLOW_DECRYPT',
    })
    const served = new EnvelopeClient({ cmm: caching })
    for (let i = 0; i < 2; i++) {
      const [error, { ciphertext }] = await Promise.all([
        errorOf(() => refused.encrypt('text', unsigned)),
        served.encrypt('text', unsigned),
      ])
      const [other] = await Promise.all([
        errorOf(() => refused.decrypt(ciphertext)),
        served.decrypt(ciphertext),
      ])
      expect([error, other]).toEqual([refusal, refusal])
    }
  })

  it('are refused what their policy does not admit before anything is asked', async () => {
    const { caching, cache, keyring } = over(() => ({
      decryptMaterials: async ({ algorithmSuite, encryptionContext }) =>
        new DecryptionMaterials({ suite: algorithmSuite, encryptionContext }).withDataKey(
          Buffer.alloc(32),
        ),
    }))
    const { header } = await new EnvelopeClient({ keyring, commitmentPolicy: forbidding }).encrypt(
      'text',
    )
    const request: DecryptionMaterialsRequest = {
      algorithmSuite: algorithmSuites.ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA256,
      commitmentPolicy: 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT',
      encryptedDataKeys: header.encryptedDataKeys,
      encryptionContext: {},
      reproducedEncryptionContext: {},
    }
    expect(await errorOf(() => caching.decryptMaterials(request))).toMatchObject({
      code: 'ERR_COMMITMENT_POLICY',
    })
    expect(cache.stats()).toMatchObject({ misses: 0, bypasses: 0 })
  })
})
