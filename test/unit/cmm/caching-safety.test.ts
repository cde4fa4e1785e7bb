import { describe, expect, it } from 'vitest'
import {
  type AlgorithmSuite,
  CachingCmm,
  type CommitmentPolicy,
  DecryptionMaterials,
  type DecryptionMaterialsRequest,
  EnvelopeClient,
  type EncryptionMaterials,
  LocalCryptoMaterialsCache,
  RequiredEncryptionContextCmm,
  algorithmSuites,
  inspectMessage,
} from '../../../src/index.ts'
import { decryptionIdentifier } from '../../../src/cache/identifiers.ts'
import { FlakyKeyring } from '../../support/flaky-keyring.ts'
import { staticKeyring } from '../../support/static-keyring.ts'
import { errorOf, unsigned, untyped } from '../client/harness.ts'
import { anHour, bypassesOf, cachedClient, dataKeyOf, over } from './harness.ts'

const forbidding: CommitmentPolicy = 'FORBID_ENCRYPT_ALLOW_DECRYPT'
const noKdf = algorithmSuites.ALG_AES_256_GCM_IV12_TAG16_NO_KDF
const signing = algorithmSuites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384

describe('suites without key derivation', () => {
  it('are never cached, to encrypt or to decrypt', async () => {
    const { client, keyring, cache } = cachedClient({}, { commitmentPolicy: forbidding })
    const reasons = await bypassesOf(async () => {
      for (const { name } of Object.values(algorithmSuites).filter(({ kdfHash }) => !kdfHash)) {
        for (let i = 0; i < 2; i++) {
          const { ciphertext } = await client.encrypt('text', { algorithmSuite: name })
          await client.decrypt(ciphertext)
        }
      }
    })
    expect(reasons).toEqual(Array(12).fill('identity-kdf'))
    expect([keyring.encryptions, keyring.decryptions]).toEqual([6, 6])
    expect(cache.stats()).toMatchObject({ entries: 0, misses: 0, bypasses: 12 })
  })

  it('are not, either, if only the CMM underneath chose one', async () => {
    const made: EncryptionMaterials[] = []
    const { caching, cache, keyring } = over((inner) => ({
      getEncryptionMaterials: async (request) => {
        made.push(await inner.getEncryptionMaterials({ ...request, algorithmSuite: noKdf }))
        return made[made.length - 1] ?? untyped<EncryptionMaterials>(undefined)
      },
    }))
    const client = new EnvelopeClient({ cmm: caching, commitmentPolicy: forbidding })
    const reasons = await bypassesOf(async () => {
      const sealed = await Promise.all(['a', 'b', 'c'].map((text) => client.encrypt(text)))
      for (const text of ['d', 'e']) sealed.push(await client.encrypt(text))
      expect(new Set(sealed.map(({ header }) => dataKeyOf(header))).size).toBe(5)
    })
    expect(reasons).toEqual(Array(5).fill('identity-kdf'))
    // One for each message, and the one that has shown that there is nothing to keep.
    expect(keyring.encryptions).toBe(6)
    expect(cache.stats().failures).toBe(0)
    for (const materials of made) expect(() => materials.dataKey).toThrow(/destroyed/)
  })

  it('cannot pass for others', async () => {
    const { caching, keyring } = over(() => ({}))
    const algorithmSuite: AlgorithmSuite = { ...noKdf, kdfHash: 'sha512' }
    const { encryptedDataKeys } = await new EnvelopeClient({
      keyring,
      commitmentPolicy: forbidding,
    })
      .encrypt('text', { algorithmSuite: noKdf.name })
      .then(({ header }) => header)
    const request: DecryptionMaterialsRequest = {
      algorithmSuite,
      commitmentPolicy: forbidding,
      encryptedDataKeys,
      encryptionContext: {},
      reproducedEncryptionContext: {},
    }
    expect(await bypassesOf(() => caching.decryptMaterials(request))).toEqual(['identity-kdf'])
  })
})

it('a suite that the CMM underneath chose against the request is kept like any other', async () => {
  const { client, keyring } = over((inner) => ({
    getEncryptionMaterials: (request) =>
      inner.getEncryptionMaterials({ ...request, algorithmSuite: signing }),
  }))
  const reasons = await bypassesOf(async () => {
    for (let i = 0; i < 3; i++) {
      const { header } = await client.encrypt('text', unsigned)
      expect(header.algorithmSuite).toBe(signing.name)
    }
  })
  expect(reasons).toEqual([])
  expect(keyring.encryptions).toBe(1)
})

describe('required keys', () => {
  const encryptionContext = { tenant: 'acme', purpose: 'test' }

  it('above a caching CMM keep the entries apart', async () => {
    const { client, cmm, keyring } = cachedClient()
    const requiring = new RequiredEncryptionContextCmm({ requiredKeys: ['tenant'], cmm })
    const strict = new EnvelopeClient({ cmm: requiring })
    const stored: unknown[] = []
    for (const one of [client, strict, client, strict]) {
      const { ciphertext } = await one.encrypt('text', { ...unsigned, encryptionContext })
      stored.push(inspectMessage(ciphertext).encryptionContext)
      await one.decrypt(ciphertext, { encryptionContext })
    }
    expect(stored).toEqual([
      encryptionContext,
      { purpose: 'test' },
      encryptionContext,
      { purpose: 'test' },
    ])
    expect([keyring.encryptions, keyring.decryptions]).toEqual([2, 2])
  })

  it('below a caching CMM are asked for at every decryption', async () => {
    const keyring = new FlakyKeyring('a key')
    const requiring = new RequiredEncryptionContextCmm({ requiredKeys: ['tenant'], keyring })
    const cache = new LocalCryptoMaterialsCache({ capacity: 10 })
    const client = new EnvelopeClient({
      cmm: new CachingCmm({ ...anHour, cache, cmm: requiring }),
    })
    const storing = await new EnvelopeClient({ keyring }).encrypt('text', { encryptionContext })
    const requires = await client.encrypt('text', { encryptionContext })
    expect(inspectMessage(requires.ciphertext).encryptionContext).not.toHaveProperty('tenant')
    for (const { ciphertext } of [storing, requires]) {
      await client.decrypt(ciphertext, { encryptionContext })
      for (const given of [{}, { purpose: 'test' }]) {
        const decrypting = () => client.decrypt(ciphertext, { encryptionContext: given })
        expect(await errorOf(decrypting)).toMatchObject({ code: 'ERR_ENCRYPTION_CONTEXT_MISMATCH' })
      }
      const lying = () => client.decrypt(ciphertext, { encryptionContext: { tenant: 'other' } })
      expect(await errorOf(lying)).toHaveProperty('code')
    }
    expect(await errorOf(() => client.encrypt('text'))).toMatchObject({
      code: 'ERR_ENCRYPTION_CONTEXT',
    })
  })
})

describe('reproduced pairs', () => {
  it('that contradict the message get the error of the CMM underneath', async () => {
    const { client } = cachedClient()
    const { ciphertext } = await client.encrypt('text', { encryptionContext: { tenant: 'acme' } })
    await client.decrypt(ciphertext)
    const reasons = await bypassesOf(async () => {
      const lying = () => client.decrypt(ciphertext, { encryptionContext: { tenant: 'other' } })
      expect(await errorOf(lying)).toMatchObject({
        code: 'ERR_ENCRYPTION_CONTEXT_MISMATCH',
        message: expect.stringContaining('"tenant"'),
      })
    })
    expect(reasons).toEqual(['other-context'])
  })

  it('that the message does not store do not open it from the cache', async () => {
    const { client, keyring } = cachedClient()
    const { ciphertext } = await client.encrypt('text', { encryptionContext: { tenant: 'acme' } })
    await client.decrypt(ciphertext)
    const inventing = () => client.decrypt(ciphertext, { encryptionContext: { row: '1' } })
    expect(await errorOf(inventing)).toMatchObject({ code: 'ERR_UNWRAP_FAILED' })
    expect(keyring.decryptions).toBe(2)
  })
})

it('a context that looks like one more encrypted data key gets no materials of another message', async () => {
  const none = Buffer.alloc(0)
  const first = { providerId: '', providerInfo: none, ciphertext: none }
  // The pairs { a: 'b' } as they are serialized, behind the bytes that would end an encrypted data key.
  const value = `${'x'.repeat(252)}\0\0\0\0\x01\0\x01a\0\x01b`
  const pairs = Buffer.from(`\x01k\x01\x07${value}`)
  const second = { providerId: '', providerInfo: pairs.subarray(0, 256), ciphertext: none }
  const suite = algorithmSuites[unsigned.algorithmSuite]
  const request: DecryptionMaterialsRequest = {
    algorithmSuite: suite,
    commitmentPolicy: 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT',
    encryptedDataKeys: [first],
    encryptionContext: { k: value },
    reproducedEncryptionContext: {},
  }
  const alike = { ...request, encryptedDataKeys: [first, second], encryptionContext: { a: 'b' } }
  expect(decryptionIdentifier('p', alike)).toBe(decryptionIdentifier('p', request))

  const { caching } = over(() => ({
    decryptMaterials: async ({ encryptionContext }) =>
      new DecryptionMaterials({ suite, encryptionContext }).withDataKey(Buffer.alloc(32)),
  }))
  expect((await caching.decryptMaterials(request)).encryptionContext).toEqual({ k: value })
  const reasons = await bypassesOf(async () => {
    expect((await caching.decryptMaterials(alike)).encryptionContext).toEqual({ a: 'b' })
  })
  expect(reasons).toEqual(['other-context'])
})

describe('what callers hold', () => {
  it('is not what the cache holds: a header that is changed spoils no later message', async () => {
    const { client } = cachedClient()
    const encryptionContext = { tenant: 'acme' }
    const first = await client.encrypt('text', { encryptionContext })
    for (const { providerInfo, ciphertext } of first.header.encryptedDataKeys) {
      providerInfo.fill(0)
      ciphertext.fill(0)
    }
    first.encryptionContext['tenant'] = 'changed'
    for (let i = 0; i < 2; i++) {
      const { ciphertext } = await client.encrypt('text', { encryptionContext })
      const opened = await client.decrypt(ciphertext)
      expect(opened.encryptionContext).toMatchObject({ tenant: 'acme' })
      opened.encryptionContext['tenant'] = 'changed'
    }
  })

  it('comes with the failures of the keyrings that have not wrapped the key', async () => {
    const failure = { keyring: 'children[0]', reason: 'no answer' }
    const inner = staticKeyring()
    const cache = new LocalCryptoMaterialsCache({ capacity: 10 })
    const cmm = new CachingCmm({
      ...anHour,
      cache,
      keyring: {
        ...inner,
        onEncrypt: async (materials) =>
          (await inner.onEncrypt(materials)).withWrapFailures([failure]),
      },
    })
    const client = new EnvelopeClient({ cmm })
    for (let i = 0; i < 2; i++) {
      expect((await client.encrypt('text')).wrapFailures).toEqual([failure])
    }
  })
})

describe('a CMM underneath', () => {
  it('that returns no materials is told so, and nothing is kept', async () => {
    const { client, cache } = over(() => ({
      getEncryptionMaterials: async () => untyped<EncryptionMaterials>(undefined),
      decryptMaterials: async () => untyped<DecryptionMaterials>({}),
    }))
    const { ciphertext } = await new EnvelopeClient({ keyring: staticKeyring() }).encrypt('text')
    expect(await errorOf(() => client.encrypt('text'))).toMatchObject({ code: 'ERR_NO_DATA_KEY' })
    expect(await errorOf(() => client.decrypt(ciphertext))).toMatchObject({
      code: 'ERR_NO_DATA_KEY',
    })
    expect(cache.stats()).toMatchObject({ entries: 0, failures: 2 })
  })

  it('has its materials overwritten: each user has a copy, and the cache has one', async () => {
    const made: (EncryptionMaterials | DecryptionMaterials)[] = []
    const { client } = over((inner) => ({
      getEncryptionMaterials: async (request) => {
        const materials = await inner.getEncryptionMaterials(request)
        made.push(materials)
        return materials
      },
      decryptMaterials: async (request) => {
        const materials = await inner.decryptMaterials(request)
        made.push(materials)
        return materials
      },
    }))
    const { ciphertext } = await client.encrypt('text')
    await client.decrypt(ciphertext)
    expect(made).toHaveLength(2)
    for (const materials of made) expect(() => materials.dataKey).toThrow(/destroyed/)
  })

  it('that throws at once is a failure with a code', async () => {
    const { client, cache } = over(() => ({
      getEncryptionMaterials: () => {
        throw new TypeError('a bug')
      },
    }))
    const error = await errorOf(() => client.encrypt('text'))
    expect(error).toMatchObject({ code: 'ERR_WRAP_FAILED', cause: new TypeError('a bug') })
    expect(cache.stats()).toMatchObject({ entries: 0, failures: 1 })
  })

  it('is not told the length or the signal of the one message that asked first', async () => {
    const requests: object[] = []
    const { client } = over((inner) => ({
      getEncryptionMaterials: (request) => {
        requests.push(request)
        return inner.getEncryptionMaterials(request)
      },
      decryptMaterials: (request) => {
        requests.push(request)
        return inner.decryptMaterials(request)
      },
    }))
    const { signal } = new AbortController()
    const { ciphertext } = await client.encrypt('text', { signal })
    await client.decrypt(ciphertext, { signal })
    expect(requests).toHaveLength(2)
    expect(requests[0]).not.toHaveProperty('maxPlaintextLength')
    const signals = requests.map((request): unknown => Reflect.get(request, 'signal'))
    expect(signals).toEqual([undefined, undefined])
  })
})

it.each([-1, 0.5, NaN, undefined])('a length of %s is not charged, but unknown', async (length) => {
  const { cmm } = cachedClient()
  const asking = () =>
    cmm.getEncryptionMaterials({
      encryptionContext: {},
      commitmentPolicy: 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT',
      maxPlaintextLength: length,
    })
  expect(await bypassesOf(asking)).toEqual(['unknown-length'])
})
