import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  CachingCmm,
  type CryptographicMaterialsManager,
  DefaultCmm,
  type Keyring,
  LocalCryptoMaterialsCache,
  MultiKeyring,
  RawAesKeyring,
  RawEcdhKeyring,
  RawRsaKeyring,
  UnwrapError,
} from '../../../src/index.ts'
import { KmsKeyring } from '../../../src/kms.ts'
import {
  type EncryptionMaterials,
  plaintextDataKeyOf,
} from '../../../src/materials/encryption-materials.ts'
import { itemAlgorithmSuites } from '../../../src/suites/item-suites.ts'
import { setUp } from '../../support/hierarchical.ts'
import { KmsRegions } from '../../support/kms-regions.ts'
import { failure } from '../../support/materials.ts'

const suite = itemAlgorithmSuites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384
const encryptionContext = Object.freeze({ 'aws-crypto-table-name': 'orders', tenant: 'acme' })
const commitmentPolicy = 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'
const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex')

describe('materials of items', () => {
  let kms: KmsRegions
  let all: readonly [Keyring, ...Keyring[]]
  let multi: MultiKeyring

  beforeAll(async () => {
    kms = await KmsRegions.start()
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const named = { keyNamespace: 'test', keyName: 'key' }
    const keyId = await kms.kms.createKey({ region: 'eu-west-1' })
    all = [
      new KmsKeyring({ client: kms.clientOf('eu-west-1'), keyId }),
      new RawAesKeyring({ ...named, wrappingKey: randomBytes(32) }),
      new RawRsaKeyring({ ...named, publicKey, privateKey, padding: 'oaep-sha256' }),
      new RawRsaKeyring({ ...named, keyName: 'old', publicKey, privateKey, padding: 'pkcs1' }),
      setUp().keyring,
      documented(),
    ]
    const [generator, ...children] = all
    multi = new MultiKeyring({ generator, children })
  })

  afterAll(() => kms.close())

  /** The keyring of the documentation's example. */
  function documented(): Keyring {
    const hsm = new Map<string, Uint8Array>()
    return {
      async onEncrypt(materials) {
        const withKey = materials.hasDataKey
          ? materials
          : materials.withDataKey(randomBytes(materials.suite.keyLength))
        const handle = randomBytes(16)
        hsm.set(handle.toString('hex'), Buffer.from(withKey.dataKey))
        return withKey.withEncryptedDataKey({
          providerId: 'my-hsm',
          providerInfo: Buffer.from('key'),
          ciphertext: handle,
        })
      },
      async onDecrypt(materials, encryptedDataKeys) {
        const mine = encryptedDataKeys.find((key) => key.providerId === 'my-hsm')
        const key = mine && hsm.get(hex(mine.ciphertext))
        return key ? materials.withDataKey(key) : materials
      },
    }
  }

  async function write(cmm: CryptographicMaterialsManager, name: keyof typeof itemAlgorithmSuites) {
    return cmm.getEncryptionMaterials({
      encryptionContext,
      requiredContextKeys: ['aws-crypto-table-name'],
      commitmentPolicy,
      algorithmSuite: itemAlgorithmSuites[name],
      maxPlaintextLength: 100,
    })
  }

  async function read(
    cmm: CryptographicMaterialsManager,
    { suite: algorithmSuite, encryptionContext: whole, encryptedDataKeys }: EncryptionMaterials,
    tableName = 'orders',
  ) {
    const pairs = Object.entries(whole).filter(([key]) => key !== 'aws-crypto-table-name')
    return cmm.decryptMaterials({
      algorithmSuite: itemAlgorithmSuites[algorithmSuite.name as keyof typeof itemAlgorithmSuites],
      commitmentPolicy,
      encryptedDataKeys,
      encryptionContext: Object.fromEntries(pairs),
      reproducedEncryptionContext: { 'aws-crypto-table-name': tableName },
    })
  }

  const suiteNames = Object.keys(itemAlgorithmSuites) as (keyof typeof itemAlgorithmSuites)[]

  it.each(suiteNames)('each of the keyrings opens what all have wrapped: %s', async (name) => {
    const materials = await write(new DefaultCmm({ keyring: multi }), name)
    expect(materials.encryptedDataKeys).toHaveLength(all.length)
    for (const [index, keyring] of [...all, multi].entries()) {
      const opened = await read(new DefaultCmm({ keyring }), materials)
      expect(hex(opened.dataKey)).toBe(hex(plaintextDataKeyOf(materials)))
      const own = materials.symmetricSigningKeys[index % all.length]
      expect(hex(opened.symmetricSigningKey)).toBe(hex(own))
    }
  })

  it('each of them generates, too', async () => {
    for (const keyring of all) {
      const cmm = new DefaultCmm({ keyring })
      const materials = await write(cmm, suite.name)
      const opened = await read(cmm, materials)
      expect(hex(opened.dataKey)).toBe(hex(plaintextDataKeyOf(materials)))
    }
  })

  it('none opens it for another table, and says which names to look at, and no value', async () => {
    const materials = await write(new DefaultCmm({ keyring: multi }), suite.name)
    for (const keyring of [...all, multi]) {
      const error = await failure(() => read(new DefaultCmm({ keyring }), materials, 'others'))
      expect(error).toBeInstanceOf(UnwrapError)
      expect(error).toMatchObject({
        attempts: expect.arrayContaining([expect.objectContaining({ outcome: 'failed' })]),
      })
    }
    // One that has nothing to say, too.
    const silent: Keyring = {
      onEncrypt: (given) => multi.onEncrypt(given),
      onDecrypt: async (given) => given,
    }
    const error = await failure(() =>
      read(new DefaultCmm({ keyring: silent }), materials, 'others'),
    )
    expect(error.message).toMatch(/logicalTableName is "others"/)
    expect(error.message).not.toMatch(/message|required keys|acme/)
  })

  it('where none knows the wrapping key, the table is not to blame', async () => {
    const materials = await write(new DefaultCmm({ keyring: multi }), suite.name)
    const keyring = new RawAesKeyring({
      keyNamespace: 'test',
      keyName: 'another',
      wrappingKey: randomBytes(32),
    })
    const error = await failure(() => read(new DefaultCmm({ keyring }), materials))
    expect(error.attempts).toHaveLength(all.length)
    expect(error.message).not.toMatch(/logicalTableName/)
  })

  it('each notes a changed data key as its own attempt, and goes on to its next one', async () => {
    for (const keyring of all.slice(0, -1)) {
      const twice = new MultiKeyring({ generator: keyring, children: [keyring] })
      const materials = await write(new DefaultCmm({ keyring: twice }), suite.name)
      const [first, second] = materials.encryptedDataKeys
      first?.ciphertext.fill(0, 0, 48)
      const opened = await read(new DefaultCmm({ keyring }), materials)
      expect(hex(opened.symmetricSigningKey)).toBe(hex(materials.symmetricSigningKeys[1]))
      second?.ciphertext.fill(0, 0, 48)
      const error = await failure(() => read(new DefaultCmm({ keyring }), materials))
      expect(error).toBeInstanceOf(UnwrapError)
      expect(error.attempts).toHaveLength(2)
      for (const attempt of error.attempts ?? []) {
        expect(attempt).toMatchObject({
          provider: first?.providerId,
          outcome: 'failed',
          reason: expect.stringMatching(/no data key/),
        })
      }
    }
  })

  it('so does an ECDH keyring, which goes on, too', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const writer = new RawEcdhKeyring({
      curve: 'P-256',
      schema: { type: 'ephemeral', recipientPublicKey: publicKey },
    })
    const keyring = new RawEcdhKeyring({
      curve: 'P-256',
      schema: { type: 'discovery', recipientPrivateKey: privateKey },
    })
    const twice = new MultiKeyring({ generator: writer, children: [writer] })
    const materials = await write(new DefaultCmm({ keyring: twice }), suite.name)
    materials.encryptedDataKeys[0]?.ciphertext.fill(0, 0, 48)
    const opened = await read(new DefaultCmm({ keyring }), materials)
    expect(hex(opened.symmetricSigningKey)).toBe(hex(materials.symmetricSigningKeys[1]))
    const error = await failure(() => read(new DefaultCmm({ keyring }), materials, 'others'))
    expect(error.attempts).toHaveLength(2)
  })

  it('none sorts the context of an item by locale, as only messages of JavaScript are', async () => {
    const materials = await write(new DefaultCmm({ keyring: multi }), suite.name)
    const collator = vi.spyOn(Intl, 'Collator')
    await failure(() => read(new DefaultCmm({ keyring: multi }), materials, 'others'))
    expect(collator).not.toHaveBeenCalled()
    collator.mockRestore()
  })

  it('RSA with PKCS #1 tells a wrong padding and a wrong context by nothing', async () => {
    const keyring = all[3] ?? documented()
    const materials = await write(new DefaultCmm({ keyring }), suite.name)
    const [key] = materials.encryptedDataKeys
    const context = await failure(() => read(new DefaultCmm({ keyring }), materials, 'others'))
    key?.ciphertext.fill(1, 60)
    const padding = await failure(() => read(new DefaultCmm({ keyring }), materials, 'others'))
    expect(padding.message).toBe(context.message)
  })

  it('one of the application’s that knows nothing of this fails with an UnwrapError', async () => {
    const keyring = documented()
    const materials = await write(new DefaultCmm({ keyring }), suite.name)
    const error = await failure(() => read(new DefaultCmm({ keyring }), materials, 'others'))
    expect(error).toBeInstanceOf(UnwrapError)
    expect(error.attempts).toMatchObject([{ provider: '(any)', outcome: 'failed' }])
  })

  it('all go on to the next where a wrapped data key was changed', async () => {
    const materials = await write(new DefaultCmm({ keyring: multi }), suite.name)
    const last = materials.encryptedDataKeys.length - 1
    for (const [index, { ciphertext }] of materials.encryptedDataKeys.entries()) {
      if (index < last) ciphertext.fill(0, 0, 48)
    }
    const opened = await read(new DefaultCmm({ keyring: multi }), materials)
    expect(hex(opened.symmetricSigningKey)).toBe(hex(materials.symmetricSigningKeys[last]))
  })

  it('a caching CMM keeps the HMAC keys with the data key', async () => {
    const cache = new LocalCryptoMaterialsCache({ capacity: 10 })
    const cmm = new CachingCmm({ cache, keyring: multi, maxAgeMs: 60_000 })
    const [first, second] = [await write(cmm, suite.name), await write(cmm, suite.name)]
    expect(hex(plaintextDataKeyOf(second))).toBe(hex(plaintextDataKeyOf(first)))
    expect(second.symmetricSigningKeys.map(hex)).toEqual(first.symmetricSigningKeys.map(hex))
    first.destroy()
    const opened = [await read(cmm, second), await read(cmm, second)]
    for (const each of opened) {
      expect(hex(each.dataKey)).toBe(hex(plaintextDataKeyOf(second)))
      expect(hex(each.symmetricSigningKey)).toBe(hex(second.symmetricSigningKeys[0]))
    }
    expect(cache.stats()).toMatchObject({ hits: 2, misses: 2 })
  })
})
