import {
  type KeyObject,
  constants,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  privateDecrypt,
} from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type AlgorithmSuiteName, EnvelopeClient, algorithmSuites } from '../../../src/index.ts'
import { type KmsRsaAlgorithm, KmsRsaKeyring } from '../../../src/kms.ts'
import { type FakeAnswer, fakeClient } from '../../support/fake-kms-client.ts'
import { KmsRegions } from '../../support/kms-regions.ts'
import {
  decryptionMaterials,
  encryptionMaterials,
  failure,
  foreignKey,
} from '../../support/materials.ts'

const suite = 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY'
const algorithms = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] as const
const hashes = { RSAES_OAEP_SHA_1: 'sha1', RSAES_OAEP_SHA_256: 'sha256' } as const
const signedSuites = Object.values(algorithmSuites)
  .filter(({ signature }) => signature)
  .map(({ name }) => name)

const keyId = 'arn:aws:kms:us-east-1:111122223333:key/mrk-1'
const replica = keyId.replace('us-east-1', 'eu-west-1')
const encryptionAlgorithm = 'RSAES_OAEP_SHA_256'
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** The context as framework/structures.md has it serialized, of pairs in the order of their keys. */
function serialized(pairs: readonly [string, string][]): Buffer {
  const uint16 = (value: number) => Buffer.from([value >> 8, value & 0xff])
  const fields = pairs.flat().map((text) => Buffer.from(text))
  const parts = fields.flatMap((field) => [uint16(field.length), field])
  return pairs.length === 0 ? Buffer.alloc(0) : Buffer.concat([uint16(pairs.length), ...parts])
}
const sha384 = (bytes: Uint8Array) => createHash('sha384').update(bytes).digest()

function decryptOaep(key: KeyObject, algorithm: KmsRsaAlgorithm, ciphertext: Uint8Array): Buffer {
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  return privateDecrypt({ key, padding, oaepHash: hashes[algorithm] }, ciphertext)
}

describe('the KMS RSA keyring on LocalKms', () => {
  const [home, away] = ['eu-central-1', 'us-west-2'] as const
  let regions: KmsRegions
  let arns: { [home]: string; [away]: string }
  let der: Uint8Array
  beforeAll(async () => {
    regions = await KmsRegions.start()
    arns = await regions.createReplicas([home, away], 'RSA_2048')
    der = await regions.publicKey(arns[home])
  })
  beforeEach(() => {
    regions.kms.resetCalls()
  })
  afterAll(() => regions.close())

  const writer = (algorithm: KmsRsaAlgorithm = encryptionAlgorithm) =>
    new KmsRsaKeyring({ keyId: arns[home], publicKey: der, encryptionAlgorithm: algorithm })
  const readerIn = (region: string, algorithm: KmsRsaAlgorithm) => {
    const own = region === home ? arns[home] : arns[away]
    const client = regions.clientOf(region)
    return new KmsRsaKeyring({ keyId: own, client, encryptionAlgorithm: algorithm })
  }
  const encryptionContext = { tenant: 'acme', ключ: '\u{1f511}' }
  const seal = async (keyring: KmsRsaKeyring) => {
    const client = new EnvelopeClient({ keyring })
    return client.encrypt('x', { encryptionContext, algorithmSuite: suite })
  }

  it.each(algorithms)(
    '%s: encrypts with the public key alone, and KMS decrypts',
    async (algorithm) => {
      const { ciphertext, header } = await seal(writer(algorithm))
      expect(header.encryptedDataKeys).toMatchObject([{ providerId: 'aws-kms-rsa' }])
      expect(Buffer.from(header.encryptedDataKeys[0]?.providerInfo ?? []).toString()).toBe(
        arns[home],
      )
      expect(regions.calls([home, away])).toEqual({ [home]: {}, [away]: {} })

      const client = new EnvelopeClient({ keyring: readerIn(home, algorithm) })
      const { plaintext } = await client.decrypt(ciphertext, { encryptionContext })
      expect(Buffer.from(plaintext).toString()).toBe('x')
      expect(regions.calls([home, away])).toEqual({ [home]: { Decrypt: 1 }, [away]: {} })
    },
  )

  it('decrypts by the replica in its own region, with no call between regions', async () => {
    const { ciphertext } = await seal(writer())
    const keyring = readerIn(away, encryptionAlgorithm)
    await new EnvelopeClient({ keyring }).decrypt(ciphertext, { encryptionContext })
    expect(regions.calls([home, away])).toEqual({ [home]: {}, [away]: { Decrypt: 1 } })
  })

  it('notes what KMS says to the other algorithm', async () => {
    const { ciphertext } = await seal(writer('RSAES_OAEP_SHA_1'))
    const client = new EnvelopeClient({ keyring: readerIn(home, 'RSAES_OAEP_SHA_256') })
    expect((await failure(() => client.decrypt(ciphertext))).attempts).toMatchObject([
      {
        provider: 'aws-kms-rsa',
        key: arns[home],
        region: home,
        outcome: 'failed',
        reason: expect.stringContaining('InvalidCiphertextException'),
        hint: expect.stringContaining('encryptionAlgorithm'),
      },
    ])
  })

  it('notes that a data key was wrapped with another context', async () => {
    const wrong = await writer().onEncrypt(encryptionMaterials({ encryptionContext: { a: '1' } }))
    const keyring = readerIn(home, encryptionAlgorithm)
    const given = decryptionMaterials({ encryptionContext: { a: '2' } })
    const { attempts, hasDataKey } = await keyring.onDecrypt(given, wrong.encryptedDataKeys)
    expect(hasDataKey).toBe(false)
    expect(attempts).toEqual([
      {
        provider: 'aws-kms-rsa',
        key: arns[home],
        region: home,
        outcome: 'failed',
        reason: expect.stringContaining('context'),
        hint: expect.stringContaining('encryption context'),
      },
    ])
  })

  it('tries the next data key after one with another context', async () => {
    const wrong = await writer().onEncrypt(encryptionMaterials({ encryptionContext: { a: '1' } }))
    const right = await writer().onEncrypt(encryptionMaterials({ encryptionContext: { a: '2' } }))
    const keys = [...wrong.encryptedDataKeys, ...right.encryptedDataKeys]
    const given = decryptionMaterials({ encryptionContext: { a: '2' } })
    const { dataKey } = await readerIn(home, encryptionAlgorithm).onDecrypt(given, keys)
    expect(Buffer.from(dataKey)).toEqual(Buffer.from(right.dataKey))
  })
})

// aws-kms-rsa-keyring.md, "OnEncrypt": SHA-384 of the context, then the data key.
describe('what the KMS RSA keyring wraps, by node:crypto', () => {
  const contexts: Record<string, [string, string][]> = {
    'no pairs': [],
    'one pair': [['tenant', 'acme']],
    'pairs, sorted by bytes': [
      ['Zone', '1'],
      ['app', '2'],
      ['ключ', 'значение'],
    ],
  }
  const suites: AlgorithmSuiteName[] = [suite, 'ALG_AES_128_GCM_IV12_TAG16_HKDF_SHA256']
  const cases = algorithms.flatMap((algorithm) =>
    Object.entries(contexts).flatMap(([name, pairs]) =>
      suites.map((each) => ({ algorithm, name, pairs, each })),
    ),
  )

  it.each(cases)('$algorithm, $name, $each', async ({ algorithm, pairs, each }) => {
    const keyring = new KmsRsaKeyring({ keyId, publicKey, encryptionAlgorithm: algorithm })
    const encryptionContext = Object.fromEntries(pairs.toReversed())
    const materials = await keyring.onEncrypt(
      encryptionMaterials({ suite: each, encryptionContext }),
    )
    expect(materials.dataKey).toHaveLength(algorithmSuites[each].keyLength)
    const [wrapped] = materials.encryptedDataKeys
    expect.assert(wrapped)
    const expected = Buffer.concat([sha384(serialized(pairs)), materials.dataKey])
    expect(decryptOaep(privateKey, algorithm, wrapped.ciphertext)).toEqual(expected)
  })

  it('is a new random data key each time', async () => {
    const keyring = new KmsRsaKeyring({ keyId, publicKey, encryptionAlgorithm })
    const one = await keyring.onEncrypt(encryptionMaterials())
    const two = await keyring.onEncrypt(encryptionMaterials())
    expect(Buffer.from(one.dataKey).equals(two.dataKey)).toBe(false)
    expect(Buffer.from(one.dataKey).equals(Buffer.alloc(32))).toBe(false)
  })

  it('is the data key that there is', async () => {
    const keyring = new KmsRsaKeyring({ keyId, publicKey, encryptionAlgorithm })
    const given = encryptionMaterials().withDataKey(new Uint8Array(32).fill(9))
    const { encryptedDataKeys, dataKey } = await keyring.onEncrypt(given)
    expect(Buffer.from(dataKey)).toEqual(Buffer.alloc(32, 9))
    const [wrapped] = encryptedDataKeys
    expect.assert(wrapped)
    const opened = decryptOaep(privateKey, encryptionAlgorithm, wrapped.ciphertext)
    expect(opened.subarray(48)).toEqual(Buffer.alloc(32, 9))
  })
})

describe('the KMS RSA keyring', () => {
  const wrapped = foreignKey({
    providerId: 'aws-kms-rsa',
    providerInfo: Buffer.from(keyId),
    ciphertext: Buffer.alloc(256, 1),
  })
  const digest = sha384(Buffer.alloc(0))
  const answer = (fields: object = {}) => ({
    KeyId: keyId,
    Plaintext: Uint8Array.from(Buffer.concat([digest, Buffer.alloc(32, 5)])),
    ...fields,
  })
  const keyringWith = (given: FakeAnswer | object) => {
    const { client, calls } = fakeClient(given)
    const grantTokens = ['token']
    return {
      keyring: new KmsRsaKeyring({ keyId, client, encryptionAlgorithm, grantTokens }),
      calls,
    }
  }

  it.each(algorithms)('calls Decrypt with its key, %s and the grant tokens', async (algorithm) => {
    const { client, calls } = fakeClient(answer())
    const grantTokens = ['token']
    const keyring = new KmsRsaKeyring({
      keyId,
      client,
      encryptionAlgorithm: algorithm,
      grantTokens,
    })
    grantTokens.push('another')
    const { signal } = new AbortController()
    const { dataKey } = await keyring.onDecrypt(decryptionMaterials({ signal }), [wrapped])
    expect(Buffer.from(dataKey)).toEqual(Buffer.alloc(32, 5))
    expect(calls).toEqual([
      {
        operation: 'Decrypt',
        input: {
          KeyId: keyId,
          CiphertextBlob: wrapped.ciphertext,
          EncryptionAlgorithm: algorithm,
          GrantTokens: ['token'],
        },
        options: { abortSignal: signal },
      },
    ])
  })

  it('asks for its own ARN where the message names a replica', async () => {
    const { keyring, calls } = keyringWith(answer())
    const key = { ...wrapped, providerInfo: Buffer.from(replica) }
    expect((await keyring.onDecrypt(decryptionMaterials(), [key])).hasDataKey).toBe(true)
    expect(calls.map(({ input }) => input['KeyId'])).toEqual([keyId])
  })

  it.each([
    ['another KeyId', { KeyId: replica }, replica],
    ['no KeyId', { KeyId: undefined }, 'KMS answered for'],
    ['no plaintext', { Plaintext: undefined }, 'KMS answered with 0 bytes'],
    ['a data key alone', { Plaintext: new Uint8Array(32) }, 'KMS answered with 32 bytes'],
    [
      'a plaintext that is too short',
      { Plaintext: new Uint8Array(79) },
      'KMS answered with 79 bytes',
    ],
    [
      'a plaintext that is too long',
      { Plaintext: new Uint8Array(81) },
      'KMS answered with 81 bytes',
    ],
    ['another hash', { Plaintext: new Uint8Array(80) }, 'another context'],
  ])('refuses an answer with %s', async (_, wrong, reason) => {
    const given = answer(wrong)
    const { keyring } = keyringWith(given)
    const { attempts, hasDataKey } = await keyring.onDecrypt(decryptionMaterials(), [wrapped])
    expect(hasDataKey).toBe(false)
    expect(attempts).toMatchObject([
      {
        key: keyId,
        region: 'us-east-1',
        outcome: 'failed',
        reason: expect.stringContaining(reason),
      },
    ])
  })

  it.each([0, 47])('refuses a hash that differs in byte %i only', async (at) => {
    const given = answer()
    given.Plaintext[at] = (given.Plaintext[at] ?? 0) ^ 1
    const { keyring } = keyringWith(given)
    expect((await keyring.onDecrypt(decryptionMaterials(), [wrapped])).hasDataKey).toBe(false)
  })

  it.each([
    ['right', {}],
    ['of another key', { KeyId: replica }],
  ])('overwrites the plaintext in an answer that is %s', async (_, fields) => {
    const given = answer(fields)
    await keyringWith(given).keyring.onDecrypt(decryptionMaterials(), [wrapped])
    expect(Buffer.from(given.Plaintext)).toEqual(Buffer.alloc(80))
  })

  it('overwrites the plaintext in an answer for another context', async () => {
    const given = answer()
    const materials = decryptionMaterials({ encryptionContext: { a: 'b' } })
    await keyringWith(given).keyring.onDecrypt(materials, [wrapped])
    expect(Buffer.from(given.Plaintext)).toEqual(Buffer.alloc(80))
  })

  it.each([
    ['another provider', { providerId: 'aws-kms' }, undefined],
    ['another key', { providerInfo: Buffer.from(replica.replace('mrk-1', 'mrk-2')) }, 'eu-west-1'],
  ])('skips the data key of %s without a call', async (_, fields, region) => {
    const { keyring, calls } = keyringWith(answer())
    const key = { ...wrapped, ...fields }
    const { attempts } = await keyring.onDecrypt(decryptionMaterials(), [key])
    expect(attempts).toEqual([
      expect.objectContaining({ outcome: 'skipped', ...(region ? { region } : {}) }),
    ])
    expect(attempts[0]?.region).toBe(region)
    expect(calls).toEqual([])
  })

  it.each(['a key', keyId.replace('key/', 'alias/'), ''])(
    'fails on a message whose key is named %j, before any call',
    async (name) => {
      const { keyring, calls } = keyringWith(answer())
      const keys = [wrapped, { ...wrapped, providerInfo: Buffer.from(name) }]
      const error = await failure(() => keyring.onDecrypt(decryptionMaterials(), keys))
      expect(error).toMatchObject({ code: 'ERR_UNWRAP_FAILED', attempts: [{ key: name }] })
      expect(calls).toEqual([])
    },
  )

  it('with a public key only says on decrypt that the client is missing', async () => {
    const keyring = new KmsRsaKeyring({ keyId, publicKey, encryptionAlgorithm })
    const { attempts } = await keyring.onDecrypt(decryptionMaterials(), [wrapped])
    expect(attempts).toMatchObject([
      {
        key: keyId,
        region: 'us-east-1',
        outcome: 'skipped',
        hint: expect.stringContaining('client'),
      },
    ])
  })

  it('without a public key cannot encrypt, and asks KMS nothing', async () => {
    const { keyring, calls } = keyringWith(answer())
    await expect(keyring.onEncrypt(encryptionMaterials())).rejects.toMatchObject({
      code: 'ERR_WRAP_FAILED',
      message: expect.stringContaining('publicKey'),
    })
    expect(calls).toEqual([])
  })

  it('refuses materials with a data key on decrypt', async () => {
    const { keyring, calls } = keyringWith(answer())
    const given = decryptionMaterials().withDataKey(new Uint8Array(32))
    await expect(keyring.onDecrypt(given, [wrapped])).rejects.toThrow()
    expect(calls).toEqual([])
  })

  it('passes on an abort, and tries no other key', async () => {
    const { keyring, calls } = keyringWith(Object.assign(new Error(), { name: 'AbortError' }))
    const given = decryptionMaterials({ signal: AbortSignal.abort('enough') })
    const work = keyring.onDecrypt(given, [wrapped, wrapped])
    expect(await failure(() => work)).toMatchObject({ code: 'ERR_ABORTED', cause: 'enough' })
    expect(calls).toHaveLength(1)
  })

  describe.each(signedSuites)('refuses %s', (signed) => {
    it('on encrypt, and names one to take', async () => {
      const keyring = new KmsRsaKeyring({ keyId, publicKey, encryptionAlgorithm })
      const given = encryptionMaterials({ suite: signed })
      await expect(keyring.onEncrypt(given)).rejects.toMatchObject({
        code: 'ERR_WRAP_FAILED',
        message: expect.stringContaining(`algorithmSuite: '${suite}'`),
      })
      expect(given.hasDataKey).toBe(false)
    })

    it('on decrypt, without a call', async () => {
      const { keyring, calls } = keyringWith(answer())
      const given = decryptionMaterials({ suite: signed })
      const { attempts } = await keyring.onDecrypt(given, [wrapped])
      expect(attempts).toMatchObject([
        { key: keyId, outcome: 'failed', reason: expect.stringContaining(suite) },
      ])
      expect(calls).toEqual([])
    })
  })

  it('refuses the default suite, and says so to the caller of encrypt', async () => {
    const keyring = new KmsRsaKeyring({ keyId, publicKey, encryptionAlgorithm })
    await expect(new EnvelopeClient({ keyring }).encrypt('x')).rejects.toMatchObject({
      code: 'ERR_WRAP_FAILED',
      message: expect.stringContaining('algorithmSuite'),
    })
  })
})

describe('the KMS RSA keyring takes a public key', () => {
  const pem = publicKey.export({ format: 'pem', type: 'spki' })
  it.each<[string, string | Uint8Array | KeyObject]>([
    ['PEM', pem.toString()],
    ['DER', publicKey.export({ format: 'der', type: 'spki' })],
    ['a KeyObject', createPublicKey(pem)],
  ])('as %s', async (_, given) => {
    const keyring = new KmsRsaKeyring({ keyId, publicKey: given, encryptionAlgorithm })
    const { encryptedDataKeys } = await keyring.onEncrypt(encryptionMaterials())
    const [wrapped] = encryptedDataKeys
    expect.assert(wrapped)
    expect(decryptOaep(privateKey, encryptionAlgorithm, wrapped.ciphertext)).toHaveLength(80)
  })

  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
  const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
  it.each<[string, Record<string, unknown>, string]>([
    ['an RSA key of 1024 bits', { publicKey: small }, 'publicKey'],
    ['an elliptic curve key', { publicKey: elliptic }, 'publicKey'],
    ['a private key', { publicKey: privateKey }, 'publicKey'],
    ['text that is no key', { publicKey: 'PEM' }, 'publicKey'],
    ['neither a public key nor a client', { publicKey: undefined }, 'publicKey'],
    ['a client that cannot send', { client: {} }, 'client'],
    ['no key', { keyId: undefined }, 'keyId'],
    ['an empty key', { keyId: '' }, 'keyId'],
    ['an alias name', { keyId: 'alias/rsa' }, 'keyId'],
    ['an alias ARN', { keyId: keyId.replace('key/', 'alias/') }, 'keyId'],
    ['a key id', { keyId: 'mrk-1' }, 'keyId'],
    ['no algorithm', { encryptionAlgorithm: undefined }, 'encryptionAlgorithm'],
    ['another algorithm', { encryptionAlgorithm: 'RSAES_PKCS1_V1_5' }, 'encryptionAlgorithm'],
    ['a name that every object has', { encryptionAlgorithm: 'toString' }, 'encryptionAlgorithm'],
    ['grant tokens that are no list', { grantTokens: 'token' }, 'grantTokens'],
    ['the name of the raw keyring’s option', { padding: 'oaep-sha256' }, 'padding'],
  ])('and refuses %s', (_, wrong, field) => {
    const options = { keyId, publicKey, encryptionAlgorithm, ...wrong } as const
    expect(() => new KmsRsaKeyring(options)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', field }),
    )
  })
})
