import {
  type KeyObject,
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
} from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  type AlgorithmSuiteName,
  EnvelopeClient,
  type Keyring,
  RawRsaKeyring,
  type RsaPadding,
} from '../../../src/index.ts'
import { fixtureKey, readFixtures } from '../../support/fixtures.ts'
import {
  decryptionMaterials,
  encryptionMaterials,
  failure,
  foreignKey,
} from '../../support/materials.ts'

const names = { keyNamespace: 'test', keyName: 'rsa' }
const pem = rsaPem('rsa-2048')
const otherPem = rsaPem('rsa-3072')
const publicKey = createPublicKey(pem.publicKey)
const privateKey = createPrivateKey(pem.privateKey)
const paddings = ['pkcs1', 'oaep-sha1', 'oaep-sha256', 'oaep-sha384', 'oaep-sha512'] as const

function rsaPem(name: string) {
  const key = fixtureKey(readFixtures(), name)
  if ('wrappingKey' in key) throw new Error(`${name} is no RSA key`)
  return { publicKey: key.publicKey, privateKey: key.privateKey }
}

/** The one encrypted data key that a keyring makes. */
async function wrap(keyring: Keyring) {
  const materials = await keyring.onEncrypt(encryptionMaterials())
  const [key] = materials.encryptedDataKeys
  expect.assert(key)
  return { key, dataKey: Buffer.from(materials.dataKey) }
}

describe('the raw RSA keyring', () => {
  it.each(paddings)('unwraps what it wrapped: %s', async (padding) => {
    const keyring = new RawRsaKeyring({ ...names, ...pem, padding })
    const { key, dataKey } = await wrap(keyring)
    expect([key.providerId, Buffer.from(key.providerInfo).toString()]).toEqual(['test', 'rsa'])
    const materials = await keyring.onDecrypt(decryptionMaterials(), [key])
    expect(Buffer.from(materials.dataKey)).toEqual(dataKey)
  })

  const publicForms: [string, string | Buffer | KeyObject][] = [
    ['PEM, SubjectPublicKeyInfo', publicKey.export({ type: 'spki', format: 'pem' })],
    ['PEM, PKCS #1', publicKey.export({ type: 'pkcs1', format: 'pem' })],
    ['DER, SubjectPublicKeyInfo', publicKey.export({ type: 'spki', format: 'der' })],
    ['DER, PKCS #1', publicKey.export({ type: 'pkcs1', format: 'der' })],
    ['a KeyObject', publicKey],
  ]
  it.each(publicForms)('encrypts with a public key alone: %s', async (_, form) => {
    const writer = new RawRsaKeyring({ ...names, publicKey: form, padding: 'oaep-sha256' })
    const reader = new RawRsaKeyring({ ...names, privateKey, padding: 'oaep-sha256' })
    const { key, dataKey } = await wrap(writer)
    const materials = await reader.onDecrypt(decryptionMaterials(), [key])
    expect(Buffer.from(materials.dataKey)).toEqual(dataKey)
  })

  it('leaves no copy of a private key in the pool that small buffers share', () => {
    const der = privateKey.export({ type: 'pkcs8', format: 'der' })
    const ours = Buffer.from(der.toString('hex'), 'hex')
    const before = Buffer.allocUnsafe(8).buffer
    const key = new Uint8Array(ours) // a buffer of its own, outside of the pool
    ours.fill(0)
    new RawRsaKeyring({ ...names, privateKey: key, padding: 'oaep-sha256' })
    const pools = [before, Buffer.allocUnsafe(8).buffer].map((pool) => Buffer.from(pool))
    expect(pools.map((pool) => pool.indexOf(key.subarray(0, 64)))).toEqual([-1, -1])
  })

  const privateForms: [string, string | Buffer | KeyObject][] = [
    ['PEM, PKCS #8', privateKey.export({ type: 'pkcs8', format: 'pem' })],
    ['PEM, PKCS #1', privateKey.export({ type: 'pkcs1', format: 'pem' })],
    ['DER, PKCS #8', privateKey.export({ type: 'pkcs8', format: 'der' })],
    ['DER, PKCS #1', privateKey.export({ type: 'pkcs1', format: 'der' })],
    ['a KeyObject', privateKey],
  ]
  it.each(privateForms)('decrypts with a private key alone: %s', async (_, form) => {
    const writer = new RawRsaKeyring({ ...names, publicKey, padding: 'oaep-sha256' })
    const reader = new RawRsaKeyring({ ...names, privateKey: form, padding: 'oaep-sha256' })
    const { key, dataKey } = await wrap(writer)
    const materials = await reader.onDecrypt(decryptionMaterials(), [key])
    expect(Buffer.from(materials.dataKey)).toEqual(dataKey)
  })

  // raw-rsa-keyring.md: no public key may be derived from a private one.
  it.each(privateForms)('refuses a private key as the public one: %s', (_, form) => {
    expect(() => new RawRsaKeyring({ ...names, publicKey: form, padding: 'oaep-sha256' })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', field: 'publicKey' }),
    )
  })

  it.each(publicForms)('refuses a public key as the private one: %s', (_, form) => {
    expect(() => new RawRsaKeyring({ ...names, privateKey: form, padding: 'oaep-sha256' })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', field: 'privateKey' }),
    )
  })

  it('cannot encrypt with a private key alone', async () => {
    const keyring = new RawRsaKeyring({ ...names, privateKey, padding: 'oaep-sha256' })
    await expect(keyring.onEncrypt(encryptionMaterials())).rejects.toMatchObject({
      code: 'ERR_WRAP_FAILED',
      message: expect.stringContaining('publicKey'),
    })
  })

  it('says that a public key alone cannot decrypt', async () => {
    const keyring = new RawRsaKeyring({ ...names, publicKey, padding: 'oaep-sha256' })
    const { key } = await wrap(keyring)
    const { attempts } = await keyring.onDecrypt(decryptionMaterials(), [key])
    expect(attempts).toMatchObject([
      { outcome: 'skipped', hint: expect.stringContaining('privateKey') },
    ])
  })

  const small = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const encrypted = privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'passphrase',
  })
  it.each<[string, Record<string, unknown>, string]>([
    ['no key', {}, 'publicKey'],
    ['an unknown padding', { publicKey, padding: 'oaep' }, 'padding'],
    ['no padding', { publicKey, padding: undefined }, 'padding'],
    ['a padding from the prototype', { publicKey, padding: 'toString' }, 'padding'],
    ['an empty namespace', { publicKey, keyNamespace: '' }, 'keyNamespace'],
    ["KMS's namespace", { publicKey, keyNamespace: 'aws-kms' }, 'keyNamespace'],
    ['an empty name', { publicKey, keyName: '' }, 'keyName'],
    ['a public key of 1024 bits', { publicKey: small.publicKey }, 'publicKey'],
    ['a private key of 1024 bits', { privateKey: small.privateKey }, 'privateKey'],
    ['an EC public key', { publicKey: ec.publicKey }, 'publicKey'],
    ['an EC private key', { privateKey: ec.privateKey }, 'privateKey'],
    [
      'an EC key in PEM',
      { publicKey: ec.publicKey.export({ type: 'spki', format: 'pem' }) },
      'publicKey',
    ],
    ['an encrypted PEM', { privateKey: encrypted }, 'privateKey'],
    ['text that is no PEM', { publicKey: 'not a key' }, 'publicKey'],
    ['bytes that are no DER', { privateKey: Buffer.from('not a key') }, 'privateKey'],
    ['empty text', { publicKey: '' }, 'publicKey'],
    ['null', { privateKey: null }, 'privateKey'],
    ['a number', { publicKey: 7 }, 'publicKey'],
  ])('refuses %s', (_, wrong, field) => {
    const options = { ...names, padding: 'oaep-sha256', ...wrong } as {
      keyNamespace: string
      keyName: string
      publicKey?: string
      privateKey?: string
      padding: RsaPadding
    }
    expect(() => new RawRsaKeyring(options)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', field }),
    )
  })

  it('does not quote a key that it cannot read', async () => {
    const broken = pem.privateKey.replace('MII', 'MI!')
    const error = await failure(
      () => new RawRsaKeyring({ ...names, privateKey: broken, padding: 'oaep-sha256' }),
    )
    expect(error.message).not.toContain(pem.privateKey.split('\n')[1])
    expect(error.cause).toBeUndefined()
  })

  it('skips keys of other keyrings, fails on what it cannot open, and takes the next', async () => {
    const keyring = new RawRsaKeyring({ ...names, ...pem, padding: 'oaep-sha256' })
    const { key } = await wrap(keyring)
    const keys = [
      foreignKey(),
      foreignKey({ providerId: 'test', providerInfo: Buffer.from('rsa2') }),
      { ...key, ciphertext: Buffer.alloc(256, 1) },
      { ...key, ciphertext: key.ciphertext.subarray(1) },
    ]
    const { attempts } = await keyring.onDecrypt(decryptionMaterials(), keys)
    expect(attempts).toMatchObject([
      { provider: 'elsewhere', key: 'a key', outcome: 'skipped' },
      { provider: 'test', key: 'rsa2', outcome: 'skipped' },
      { provider: 'test', key: 'rsa', outcome: 'failed' },
      { provider: 'test', key: 'rsa', outcome: 'failed' },
    ])
    const materials = await keyring.onDecrypt(decryptionMaterials(), [...keys, key])
    expect(materials.hasDataKey).toBe(true)
  })

  it.each(['oaep-sha1', 'oaep-sha256', 'oaep-sha384', 'oaep-sha512'] as const)(
    'notes a wrong key, a wrong padding and a data key of wrong length: %s',
    async (padding) => {
      const keyring = new RawRsaKeyring({ ...names, ...pem, padding })
      const otherPadding = padding === 'oaep-sha1' ? 'oaep-sha256' : 'oaep-sha1'
      const otherKeyring = new RawRsaKeyring({ ...names, ...otherPem, padding })
      const otherPadded = new RawRsaKeyring({ ...names, ...pem, padding: otherPadding })
      const shorter = await keyring.onEncrypt(
        encryptionMaterials({ suite: 'ALG_AES_128_GCM_IV12_TAG16_NO_KDF' }),
      )
      const keys = [
        (await wrap(otherKeyring)).key,
        (await wrap(otherPadded)).key,
        ...shorter.encryptedDataKeys,
      ]
      const { attempts } = await keyring.onDecrypt(decryptionMaterials(), keys)
      expect(attempts).toHaveLength(3)
      for (const attempt of attempts) {
        expect(attempt).toMatchObject({ outcome: 'failed', hint: expect.any(String) })
      }
    },
  )
})

describe('PKCS #1 v1.5 does not tell whether the padding was right', () => {
  const keyring = new RawRsaKeyring({ ...names, ...pem, padding: 'pkcs1' })
  const pkcs1 = { key: publicKey, padding: constants.RSA_PKCS1_PADDING }
  /** An RSA ciphertext of a padded block that the caller chooses. */
  const forge = (block: Buffer) =>
    publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, block)
  const block = (change: (bytes: Buffer) => void) => {
    const bytes = Buffer.alloc(256, 0xab)
    bytes.set([0, 2])
    bytes[256 - 32 - 1] = 0
    change(bytes)
    return forge(bytes)
  }
  const forgeries: [string, Buffer][] = [
    ['right padding, another data key', publicEncrypt(pkcs1, Buffer.alloc(32, 1))],
    ['right padding, a shorter data key', publicEncrypt(pkcs1, Buffer.alloc(16, 1))],
    ['right padding, a longer data key', publicEncrypt(pkcs1, Buffer.alloc(64, 1))],
    ['right padding, an empty data key', publicEncrypt(pkcs1, Buffer.alloc(0))],
    ['a first byte other than 0', block((bytes) => (bytes[0] = 1))],
    ['a block type other than 2', block((bytes) => (bytes[1] = 1))],
    ['no separator', block((bytes) => (bytes[256 - 32 - 1] = 1))],
    ['a separator in the first eight bytes', block((bytes) => (bytes[5] = 0))],
    ['a separator too early', block((bytes) => (bytes[100] = 0))],
    ['noise', forge(Buffer.alloc(256, 0x42))],
  ]
  const reading = (ciphertext: Buffer): Keyring => ({
    onEncrypt: (materials) => keyring.onEncrypt(materials),
    onDecrypt: (materials, keys) =>
      keyring.onDecrypt(
        materials,
        keys.map((key) => ({ ...key, ciphertext })),
      ),
  })
  const suites: [AlgorithmSuiteName, string][] = [
    ['ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY', 'ERR_COMMITMENT'],
    ['ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA256', 'ERR_AUTHENTICATION'],
  ]

  for (const [algorithmSuite, code] of suites) {
    it.each(forgeries)(`ends in ${code}: %s`, async (_, forged) => {
      const commitmentPolicy =
        code === 'ERR_COMMITMENT'
          ? 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'
          : 'FORBID_ENCRYPT_ALLOW_DECRYPT'
      const client = new EnvelopeClient({ keyring: reading(forged), commitmentPolicy })
      const { ciphertext } = await client.encrypt('x', { algorithmSuite })
      const error = await failure(() => client.decrypt(ciphertext))
      const another = new EnvelopeClient({
        keyring: reading(publicEncrypt(pkcs1, Buffer.alloc(32, 2))),
        commitmentPolicy,
      })
      const wrongKey = await failure(() => another.decrypt(ciphertext))
      expect({ code: error.code, message: error.message, attempts: error.attempts }).toEqual({
        code,
        message: wrongKey.message,
        attempts: undefined,
      })
    })
  }

  const unwrap = async (by: Keyring, ciphertext: Buffer) => {
    const key = foreignKey({
      providerId: 'test',
      providerInfo: Buffer.from('rsa'),
      ciphertext,
    })
    return Buffer.from((await by.onDecrypt(decryptionMaterials(), [key])).dataKey)
  }
  const wrong = block((bytes) => (bytes[1] = 1))

  it.each(forgeries)('keeps back what is behind the padding: %s', async (what, forged) => {
    const dataKey = await unwrap(keyring, forged)
    // Where the padding is right and the length too, it is the data key that was wrapped.
    const right = what === 'right padding, another data key'
    expect(dataKey.equals(Buffer.alloc(32, 1))).toBe(right)
    expect(dataKey.equals(Buffer.alloc(32, 0xab))).toBe(false)
    expect(dataKey.equals(Buffer.alloc(32, 0x42))).toBe(false)
  })

  it('gives the same data key for the same ciphertext, as right padding would', async () => {
    expect(await unwrap(keyring, wrong)).toEqual(await unwrap(keyring, wrong))
  })

  it('gives other data keys for other ciphertexts and in other keyrings', async () => {
    const otherKeyring = new RawRsaKeyring({ ...names, ...pem, padding: 'pkcs1' })
    const dataKeys = [
      await unwrap(keyring, wrong),
      await unwrap(otherKeyring, wrong),
      await unwrap(
        keyring,
        block((bytes) => (bytes[1] = 3)),
      ),
    ]
    expect(new Set(dataKeys.map((key) => key.toString('hex'))).size).toBe(3)
  })

  it('gives the data key of a block that is right in every byte', async () => {
    expect(
      await unwrap(
        keyring,
        block(() => undefined),
      ),
    ).toEqual(Buffer.alloc(32, 0xab))
  })

  it('gives the data key itself where the padding is right', async () => {
    const right = publicEncrypt(pkcs1, Buffer.alloc(32, 7))
    expect(await unwrap(keyring, right)).toEqual(Buffer.alloc(32, 7))
  })

  it.each<[string, Buffer]>([
    ['shorter than the modulus', Buffer.alloc(255, 1)],
    ['longer than the modulus', Buffer.alloc(257, 1)],
    ['not below the modulus', Buffer.alloc(256, 0xff)],
  ])('notes what anyone can see: a ciphertext %s', async (_, ciphertext) => {
    const key = foreignKey({ providerId: 'test', providerInfo: Buffer.from('rsa'), ciphertext })
    const { attempts } = await keyring.onDecrypt(decryptionMaterials(), [key])
    expect(attempts).toMatchObject([{ outcome: 'failed' }])
  })
})
