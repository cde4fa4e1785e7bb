import { describe, expect, it } from 'vitest'
import {
  CachingCmm,
  type CryptographicMaterialsCache,
  type CryptographicMaterialsManager,
  DefaultCmm,
  EnvelopeClient,
  LocalCryptoMaterialsCache,
  algorithmSuites,
} from '../../../src/index.ts'
import { FlakyKeyring } from '../../support/flaky-keyring.ts'
import { errorOf, unsigned } from '../client/harness.ts'
import { anHour } from './harness.ts'

const algorithmSuite = algorithmSuites[unsigned.algorithmSuite]
const commitmentPolicy = 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'

/** A caching CMM of which each step waits until it is told to go on. */
function slow() {
  const keyring = new FlakyKeyring('a key')
  const inner = new DefaultCmm({ keyring })
  let fetch = (): void => undefined
  const fetching = new Promise<void>((resolve) => (fetch = resolve))
  let answer = (): void => undefined
  const answering = new Promise<void>((resolve) => (answer = resolve))
  const local = new LocalCryptoMaterialsCache({ capacity: 10 })
  const cache: CryptographicMaterialsCache = {
    get: (request) => {
      const load = request.load.bind(request)
      request.load = async () => {
        await fetching
        return load()
      }
      return local.get(request)
    },
    bypass: (...about) => {
      local.bypass(...about)
    },
    stats: () => local.stats(),
    clear: () => {
      local.clear()
    },
  }
  const cmm: CryptographicMaterialsManager = {
    getEncryptionMaterials: async (request) => {
      await answering
      return inner.getEncryptionMaterials(request)
    },
    decryptMaterials: async (request) => {
      await answering
      return inner.decryptMaterials(request)
    },
  }
  return { caching: new CachingCmm({ ...anHour, cache, cmm }), keyring, fetch, answer }
}

describe('a request for materials that its owner changes', () => {
  it('is answered for what it was, and so are those for the same, to encrypt', async () => {
    const { caching, keyring, fetch, answer } = slow()
    const encryptionContext = { tenant: 'acme', purpose: 'test' }
    const requiredContextKeys = ['tenant']
    const request = { commitmentPolicy, algorithmSuite, maxPlaintextLength: 1 } as const
    const asked = caching.getEncryptionMaterials({
      ...request,
      encryptionContext,
      requiredContextKeys,
    })
    encryptionContext.tenant = 'other'
    requiredContextKeys.length = 0
    fetch()
    answer()
    const expected = {
      encryptionContext: { tenant: 'acme', purpose: 'test' },
      requiredContextKeys: ['tenant'],
    }
    expect(await asked).toMatchObject(expected)
    expect(await caching.getEncryptionMaterials({ ...request, ...expected })).toMatchObject(
      expected,
    )
    expect(keyring.encryptions).toBe(1)
  })

  /** A message, and a request to decrypt it of which everything can be changed. */
  const sealed = async (keyring: FlakyKeyring, text: string) => {
    const { header } = await new EnvelopeClient({ keyring }).encrypt(text, {
      ...unsigned,
      encryptionContext: { text },
    })
    return {
      algorithmSuite,
      commitmentPolicy,
      encryptedDataKeys: header.encryptedDataKeys.map(({ providerId, ...bytes }) => ({
        providerId,
        providerInfo: Buffer.from(bytes.providerInfo),
        ciphertext: Buffer.from(bytes.ciphertext),
      })),
      encryptionContext: { text },
      reproducedEncryptionContext: {},
    } as const
  }

  it('is answered for what it was, to decrypt', async () => {
    const { caching, keyring, fetch, answer } = slow()
    const request = await sealed(keyring, 'text')
    const asked = caching.decryptMaterials(request)
    Object.assign(request.encryptionContext, { text: 'other' })
    Object.assign(request.reproducedEncryptionContext, { text: 'other' })
    fetch()
    await Promise.resolve()
    answer()
    expect((await asked).encryptionContext).toEqual({ text: 'text' })
  })

  it.each([
    ['its bytes', ([key]: { ciphertext: Uint8Array }[]) => key?.ciphertext.fill(0)],
    ['their number', (keys: object[]) => keys.splice(0)],
  ])('does not matter while it is answered, as %s', async (_, change) => {
    const { caching, keyring, fetch, answer } = slow()
    const request = await sealed(keyring, 'text')
    fetch()
    const asked = caching.decryptMaterials(request)
    await new Promise(setImmediate)
    change(request.encryptedDataKeys)
    answer()
    expect((await asked).hasDataKey).toBe(true)
  })

  it('is refused if its data keys are others when materials are asked for', async () => {
    const { caching, keyring, fetch, answer } = slow()
    const [request, other] = [await sealed(keyring, 'text'), await sealed(keyring, 'other')]
    const original = Buffer.from(request.encryptedDataKeys[0]?.ciphertext ?? [])
    const asked = errorOf(() => caching.decryptMaterials(request))
    request.encryptedDataKeys[0]?.ciphertext.set(other.encryptedDataKeys[0]?.ciphertext ?? [])
    fetch()
    answer()
    expect(await asked).toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      field: 'encryptedDataKeys',
    })
    expect(keyring.decryptions).toBe(0)
    request.encryptedDataKeys[0]?.ciphertext.set(original)
    expect((await caching.decryptMaterials(request)).hasDataKey).toBe(true)
  })
})
