import { KMSClient } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type EncryptedDataKey, EnvelopeClient, UnwrapError } from '../../../src/index.ts'
import { KmsKeyring } from '../../../src/kms.ts'
import { LocalKms } from '../../../src/local-kms/index.ts'
import { fakeClient } from '../../support/fake-kms-client.ts'
import {
  decryptionMaterials,
  encryptionMaterials,
  failure,
  foreignKey,
} from '../../support/materials.ts'

const arn = 'arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555'
const otherArn = arn.replace('1111', '2222')
const aliasArn = 'arn:aws:kms:us-east-1:000000000000:alias/orders'
const wrapped: EncryptedDataKey = foreignKey({
  providerId: 'aws-kms',
  providerInfo: Buffer.from(arn),
})

const generated = () => ({
  Plaintext: new Uint8Array(32).fill(5),
  CiphertextBlob: new Uint8Array([1, 2, 3]),
  KeyId: arn,
})
const withDataKey = () => encryptionMaterials().withDataKey(new Uint8Array(32).fill(6))

describe('the KMS keyring on LocalKms', () => {
  let kms: LocalKms
  let client: KMSClient
  let keyArn: string
  let otherKeyArn: string
  beforeAll(async () => {
    kms = await LocalKms.start({ log: () => undefined })
    client = new KMSClient({ ...kms.clientConfig(), maxAttempts: 1 })
    keyArn = await kms.createKey({ alias: 'alias/orders' })
    otherKeyArn = await kms.createKey()
  })
  afterAll(async () => {
    client.destroy()
    await kms.close()
  })

  const clientWith = (keyId: string) =>
    new EnvelopeClient({ keyring: new KmsKeyring({ client, keyId }) })
  const identifiers = {
    'key ARN': () => keyArn,
    'key id': () => keyArn.slice(keyArn.indexOf('/') + 1),
    'alias name': () => 'alias/orders',
    'alias ARN': () => aliasArn,
  }
  const kinds = Object.keys(identifiers) as (keyof typeof identifiers)[]

  it.each(kinds)('encrypts with the %s, and the message names the key ARN', async (kind) => {
    const encryptionContext = { tenant: 'acme', ключ: '\u{1f511}' }
    const { ciphertext, header } = await clientWith(identifiers[kind]()).encrypt('x', {
      encryptionContext,
    })
    const [key] = header.encryptedDataKeys
    expect([key?.providerId, Buffer.from(key?.providerInfo ?? []).toString()]).toEqual([
      'aws-kms',
      keyArn,
    ])
    const { plaintext } = await clientWith(keyArn).decrypt(ciphertext, { encryptionContext })
    expect(Buffer.from(plaintext).toString()).toBe('x')
  })

  it.each(kinds.slice(1))('explains on decrypt what the %s cannot do', async (kind) => {
    const { ciphertext } = await clientWith(keyArn).encrypt('x')
    const error = await failure(() => clientWith(identifiers[kind]()).decrypt(ciphertext))
    expect(error).toMatchObject({
      code: 'ERR_UNWRAP_FAILED',
      message: expect.stringContaining(kind),
      attempts: [
        {
          provider: 'aws-kms',
          key: keyArn,
          outcome: 'skipped',
          reason: expect.stringContaining(identifiers[kind]()),
          hint: expect.stringContaining('key ARN'),
        },
      ],
    })
  })

  it('skips the keys of others and takes its own', async () => {
    const keyring = new KmsKeyring({ client, keyId: keyArn })
    const other = new KmsKeyring({ client, keyId: otherKeyArn })
    const one = await keyring.onEncrypt(encryptionMaterials())
    const { encryptedDataKeys } = await other.onEncrypt(one)
    const keys = [foreignKey(), ...encryptedDataKeys.toReversed()]
    const materials = await keyring.onDecrypt(decryptionMaterials(), keys)
    expect(Buffer.from(materials.dataKey)).toEqual(Buffer.from(one.dataKey))

    const { attempts } = await keyring.onDecrypt(decryptionMaterials(), keys.slice(0, 2))
    expect(attempts).toMatchObject([
      { provider: 'elsewhere', key: 'a key', outcome: 'skipped' },
      { provider: 'aws-kms', key: otherKeyArn, outcome: 'skipped' },
    ])
  })

  it('notes that the context is another one, and tries the next key', async () => {
    const keyring = new KmsKeyring({ client, keyId: keyArn })
    const right = await keyring.onEncrypt(encryptionMaterials({ encryptionContext: { a: '1' } }))
    const wrong = await keyring.onEncrypt(encryptionMaterials({ encryptionContext: { a: '2' } }))
    const given = decryptionMaterials({ encryptionContext: { a: '1' } })
    const { attempts } = await keyring.onDecrypt(given, wrong.encryptedDataKeys)
    expect(attempts).toMatchObject([
      {
        outcome: 'failed',
        reason: expect.stringContaining('InvalidCiphertextException'),
        hint: expect.stringContaining('encryption context'),
        cause: expect.objectContaining({ name: 'InvalidCiphertextException' }),
      },
    ])
    const both = [...wrong.encryptedDataKeys, ...right.encryptedDataKeys]
    expect((await keyring.onDecrypt(given, both)).hasDataKey).toBe(true)
  })

  it('says which key KMS does not know, on encrypt', async () => {
    await expect(clientWith('alias/nobody').encrypt('x')).rejects.toMatchObject({
      code: 'ERR_WRAP_FAILED',
      message: expect.stringContaining('alias/nobody'),
      cause: expect.objectContaining({ name: 'NotFoundException' }),
    })
  })
})

describe('the KMS keyring calls', () => {
  const grantTokens = ['token 1', 'token 2']
  const encryptionContext = { tenant: 'acme' }

  it('GenerateDataKey, where there is no data key', async () => {
    const { client, calls } = fakeClient(generated())
    const keyring = new KmsKeyring({ client, keyId: aliasArn, grantTokens })
    const materials = await keyring.onEncrypt(encryptionMaterials({ encryptionContext }))
    expect(calls).toMatchObject([
      {
        operation: 'GenerateDataKey',
        input: {
          KeyId: aliasArn,
          NumberOfBytes: 32,
          EncryptionContext: encryptionContext,
          GrantTokens: grantTokens,
        },
      },
    ])
    expect(Buffer.from(materials.dataKey)).toEqual(Buffer.alloc(32, 5))
  })

  it('Encrypt, where there is one', async () => {
    const { client, calls } = fakeClient({ CiphertextBlob: new Uint8Array(3), KeyId: arn })
    const keyring = new KmsKeyring({ client, keyId: arn, grantTokens })
    await keyring.onEncrypt(
      encryptionMaterials({ encryptionContext }).withDataKey(new Uint8Array(32)),
    )
    expect(calls).toMatchObject([
      {
        operation: 'Encrypt',
        input: { KeyId: arn, EncryptionContext: encryptionContext, GrantTokens: grantTokens },
      },
    ])
  })

  it('Decrypt, naming its own key', async () => {
    const { client, calls } = fakeClient(generated())
    const keyring = new KmsKeyring({ client, keyId: arn, grantTokens })
    const given = decryptionMaterials({ encryptionContext })
    const materials = await keyring.onDecrypt(given, [wrapped])
    expect(calls).toMatchObject([
      {
        operation: 'Decrypt',
        input: {
          KeyId: arn,
          CiphertextBlob: wrapped.ciphertext,
          EncryptionContext: encryptionContext,
          GrantTokens: grantTokens,
        },
      },
    ])
    expect(Buffer.from(materials.dataKey)).toEqual(Buffer.alloc(32, 5))
  })

  it('with the grant tokens that it was given at first', async () => {
    const { client, calls } = fakeClient(generated())
    const tokens = [...grantTokens]
    const keyring = new KmsKeyring({ client, keyId: arn, grantTokens: tokens })
    tokens.push('token 3')
    await keyring.onEncrypt(encryptionMaterials())
    expect(calls[0]?.input['GrantTokens']).toEqual(grantTokens)
  })

  it('once for each data key, and never again for the same', async () => {
    const { client, calls } = fakeClient(new Error('no'))
    const keyring = new KmsKeyring({ client, keyId: arn })
    await keyring.onDecrypt(decryptionMaterials(), [wrapped, wrapped])
    expect(calls).toHaveLength(2)
  })

  it('and overwrites the plaintext in the answer', async () => {
    for (const work of [
      (keyring: KmsKeyring) => keyring.onEncrypt(encryptionMaterials()),
      (keyring: KmsKeyring) => keyring.onDecrypt(decryptionMaterials(), [wrapped]),
    ]) {
      const answer = generated()
      await work(new KmsKeyring({ client: fakeClient(answer).client, keyId: arn }))
      expect(Buffer.from(answer.Plaintext)).toEqual(Buffer.alloc(32))
    }
  })
})

describe('the KMS keyring refuses an answer', () => {
  type Wrong = [string, Record<string, unknown>]
  const notArns = [
    undefined,
    '',
    'alias/orders',
    aliasArn,
    `${arn}:more`,
    'arn:aws:s3:r:1:key/k',
    otherArn,
  ].map((KeyId): Wrong => [`the KeyId ${KeyId}`, { KeyId }])

  it.each<Wrong>([
    ['no plaintext', { Plaintext: undefined }],
    ['a plaintext that is too short', { Plaintext: new Uint8Array(31) }],
    ['a plaintext that is too long', { Plaintext: new Uint8Array(33) }],
    ['no ciphertext', { CiphertextBlob: undefined }],
    ...notArns,
  ])('of GenerateDataKey with %s', async (_, wrong) => {
    const { client } = fakeClient({ ...generated(), ...wrong })
    const keyring = new KmsKeyring({ client, keyId: arn })
    await expect(keyring.onEncrypt(encryptionMaterials())).rejects.toMatchObject({
      code: 'ERR_WRAP_FAILED',
      message: expect.stringContaining('GenerateDataKey'),
    })
  })

  it.each<Wrong>([['no ciphertext', { CiphertextBlob: undefined }], ...notArns])(
    'of Encrypt with %s',
    async (_, wrong) => {
      const { client } = fakeClient({ CiphertextBlob: new Uint8Array(3), KeyId: arn, ...wrong })
      const keyring = new KmsKeyring({ client, keyId: arn })
      await expect(keyring.onEncrypt(withDataKey())).rejects.toMatchObject({
        code: 'ERR_WRAP_FAILED',
        message: expect.stringContaining('Encrypt'),
      })
    },
  )

  it.each([
    ['another KeyId', { KeyId: otherArn }, otherArn],
    ['no KeyId', { KeyId: undefined }, 'KMS answered'],
    ['no plaintext', { Plaintext: undefined }, 'KMS answered with 0 bytes'],
    [
      'a plaintext that is too short',
      { Plaintext: new Uint8Array(16) },
      'KMS answered with 16 bytes',
    ],
    [
      'a plaintext that is too long',
      { Plaintext: new Uint8Array(64) },
      'KMS answered with 64 bytes',
    ],
  ])('of Decrypt with %s', async (_, wrong, reason) => {
    const { client } = fakeClient({ ...generated(), ...wrong })
    const keyring = new KmsKeyring({ client, keyId: arn })
    const { attempts, hasDataKey } = await keyring.onDecrypt(decryptionMaterials(), [wrapped])
    expect(hasDataKey).toBe(false)
    expect(attempts).toMatchObject([{ outcome: 'failed', reason: expect.stringContaining(reason) }])
  })
})

describe('the KMS keyring explains', () => {
  const names = [
    'AccessDeniedException',
    'CredentialsProviderError',
    'DisabledException',
    'IncorrectKeyException',
    'InvalidCiphertextException',
    'InvalidKeyUsageException',
    'KMSInvalidStateException',
    'NotFoundException',
    'ThrottlingException',
  ]
  const named = (name: string) => Object.assign(new Error('says KMS'), { name })

  it.each(names)('%s on decrypt, as an attempt with a hint', async (name) => {
    const cause = named(name)
    const keyring = new KmsKeyring({ client: fakeClient(cause).client, keyId: arn })
    const { attempts } = await keyring.onDecrypt(decryptionMaterials(), [wrapped])
    expect(attempts).toEqual([
      {
        provider: 'aws-kms',
        key: arn,
        outcome: 'failed',
        reason: `KMS Decrypt failed: ${name}: says KMS`,
        hint: expect.stringMatching(/\w/),
        region: 'us-east-1',
        cause,
      },
    ])
  })

  it.each(['Odd', 'toString'])(
    'an error %s, which it does not know, without a hint',
    async (name) => {
      const keyring = new KmsKeyring({ client: fakeClient(named(name)).client, keyId: arn })
      const { attempts } = await keyring.onDecrypt(decryptionMaterials(), [wrapped])
      expect(attempts[0]).not.toHaveProperty('hint')
    },
  )

  it.each([
    ['GenerateDataKey', () => encryptionMaterials()],
    ['Encrypt', withDataKey],
  ])('an error of %s, with the key and a hint', async (operation, materials) => {
    const cause = named('AccessDeniedException')
    const keyring = new KmsKeyring({ client: fakeClient(cause).client, keyId: arn })
    const error = await failure(() => keyring.onEncrypt(materials()))
    expect(error).toMatchObject({ code: 'ERR_WRAP_FAILED', cause })
    for (const part of [operation, arn, 'AccessDeniedException', `kms:${operation}`]) {
      expect(error.message).toContain(part)
    }
  })

  it.each(['alias/orders', aliasArn, 'not an ARN', ''])(
    'a message whose KMS key is named %j, and asks KMS nothing',
    async (name) => {
      const { client, calls } = fakeClient(generated())
      const key = { ...wrapped, providerInfo: Buffer.from(name) }
      const keyring = new KmsKeyring({ client, keyId: arn })
      const error = await failure(() => keyring.onDecrypt(decryptionMaterials(), [key, wrapped]))
      expect(error).toBeInstanceOf(UnwrapError)
      expect(error.attempts).toMatchObject([{ provider: 'aws-kms', key: name, outcome: 'failed' }])
      expect(calls).toEqual([])
    },
  )
})

describe('the KMS keyring passes on an abort', () => {
  const operations: [string, (keyring: KmsKeyring, signal: AbortSignal) => Promise<unknown>][] = [
    ['GenerateDataKey', (keyring, signal) => keyring.onEncrypt(encryptionMaterials({ signal }))],
    [
      'Encrypt',
      (keyring, signal) =>
        keyring.onEncrypt(encryptionMaterials({ signal }).withDataKey(new Uint8Array(32))),
    ],
    [
      'Decrypt',
      (keyring, signal) => keyring.onDecrypt(decryptionMaterials({ signal }), [wrapped, wrapped]),
    ],
  ]

  it.each(operations)('to %s, as its abortSignal', async (operation, work) => {
    const { client, calls } = fakeClient(generated())
    const { signal } = new AbortController()
    await work(new KmsKeyring({ client, keyId: arn }), signal)
    expect(calls).toMatchObject([{ operation, options: { abortSignal: signal } }])
  })

  it.each(operations)('out of %s, and calls nothing more', async (_, work) => {
    const { client, calls } = fakeClient(Object.assign(new Error(), { name: 'AbortError' }))
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    const error = await failure(() => work(new KmsKeyring({ client, keyId: arn }), signal))
    expect(error).toMatchObject({ code: 'ERR_ABORTED', cause: reason })
    expect(calls).toHaveLength(1)
  })
})

describe('the KMS keyring refuses', () => {
  const { client } = fakeClient({})
  it.each<[string, Record<string, unknown>, string]>([
    ['no client', { client: undefined }, 'client'],
    ['a client that cannot send', { client: {} }, 'client'],
    ['no key', { keyId: undefined }, 'keyId'],
    ['an empty key', { keyId: '' }, 'keyId'],
    ['an alias without a name', { keyId: 'alias/' }, 'keyId'],
    ['an alias ARN without a name', { keyId: aliasArn.replace('orders', '') }, 'keyId'],
    ['an ARN of another service', { keyId: arn.replace(':kms:', ':s3:') }, 'keyId'],
    ['an ARN without an account', { keyId: arn.replace('000000000000', '') }, 'keyId'],
    ['an ARN of another resource', { keyId: arn.replace(':key/', ':grant/') }, 'keyId'],
    ['a key id with a blank', { keyId: 'my key' }, 'keyId'],
    ['grant tokens that are no list', { grantTokens: 'token' }, 'grantTokens'],
    ['a grant token that is no text', { grantTokens: [7] }, 'grantTokens'],
  ])('%s', (_, wrong, field) => {
    const options = { client, keyId: arn, ...wrong }
    expect(() => new KmsKeyring(options)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', field }),
    )
  })
})
