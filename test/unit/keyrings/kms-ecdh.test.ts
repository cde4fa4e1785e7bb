import { type KeyObject, createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto'
import {
  CreateAliasCommand,
  CreateKeyCommand,
  GetPublicKeyCommand,
  KMSClient,
  type KeySpec,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type EncryptedDataKey,
  EnvelopeClient,
  type Keyring,
  RawEcdhKeyring,
} from '../../../src/index.ts'
import { KmsEcdhKeyring, type KmsEcdhKeyringOptions, type KmsEcdhSchema } from '../../../src/kms.ts'
import { LocalKms } from '../../../src/local-kms/index.ts'
import { ecdhCurves, ecdhTestKeys } from '../../support/ecdh.ts'
import {
  decryptionMaterials,
  encryptionMaterials,
  failure,
  foreignKey,
} from '../../support/materials.ts'

const encryptionContext = { tenant: 'é' }
const arn = 'arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555'
const otherArn = arn.replace('1111', '2222')
const { sender, recipient } = ecdhTestKeys('P-256')
const spki = { format: 'der', type: 'spki' } as const

/** The one encrypted data key that a keyring makes. */
async function wrap(keyring: Keyring) {
  const materials = await keyring.onEncrypt(encryptionMaterials({ encryptionContext }))
  const [key] = materials.encryptedDataKeys
  expect.assert(key)
  return { key, dataKey: Buffer.from(materials.dataKey) }
}

const unwrap = (keyring: Keyring, keys: readonly EncryptedDataKey[], signal?: AbortSignal) =>
  keyring.onDecrypt(decryptionMaterials({ encryptionContext, ...(signal && { signal }) }), keys)

describe('the KMS ECDH keyring on LocalKms', () => {
  let kms: LocalKms
  let client: KMSClient
  beforeAll(async () => {
    kms = await LocalKms.start({ log: () => undefined })
    client = new KMSClient({ ...kms.clientConfig(), maxAttempts: 1 })
  })
  afterAll(async () => {
    client.destroy()
    await kms.close()
  })

  async function createKey(KeySpec: KeySpec) {
    const command = new CreateKeyCommand({ KeySpec, KeyUsage: 'KEY_AGREEMENT' })
    const keyArn = (await client.send(command)).KeyMetadata?.Arn ?? ''
    const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: keyArn }))
    expect.assert(PublicKey)
    return { keyArn, publicKey: PublicKey }
  }

  it.each(ecdhCurves)('opens on either side what was written on either: %s', async (curve) => {
    const spec = `ECC_NIST_${curve.replace('-', '')}` as KeySpec
    const [ours, theirs] = [await createKey(spec), await createKey(spec)]
    const keys = ecdhTestKeys(curve)
    const kmsKeyring = (schema: KmsEcdhSchema) => new KmsEcdhKeyring({ client, curve, schema })
    const between = (own: typeof ours, other: Uint8Array | string) =>
      kmsKeyring({ type: 'static', senderKeyId: own.keyArn, recipientPublicKey: other })
    const discovery = (own: typeof ours) =>
      kmsKeyring({ type: 'discovery', recipientKeyId: own.keyArn })
    const raw = (recipientPublicKey: Uint8Array) =>
      new RawEcdhKeyring({
        curve,
        schema: {
          type: 'static',
          senderPrivateKey: keys.sender.privateKey,
          recipientPublicKey,
        },
      })
    const pairs: [writer: Keyring, reader: Keyring][] = [
      [between(ours, theirs.publicKey), between(ours, theirs.publicKey)],
      [between(ours, theirs.publicKey), between(theirs, ours.publicKey)],
      [between(ours, theirs.publicKey), discovery(theirs)],
      [between(ours, keys.sender.publicKey), raw(ours.publicKey)],
      [raw(ours.publicKey), between(ours, keys.sender.publicKey)],
      [raw(ours.publicKey), discovery(ours)],
      [
        new RawEcdhKeyring({
          curve,
          schema: { type: 'ephemeral', recipientPublicKey: ours.publicKey },
        }),
        discovery(ours),
      ],
    ]
    for (const [writer, reader] of pairs) {
      const { ciphertext } = await new EnvelopeClient({ keyring: writer }).encrypt('x', {
        encryptionContext,
      })
      const { plaintext } = await new EnvelopeClient({ keyring: reader }).decrypt(ciphertext)
      expect(Buffer.from(plaintext).toString()).toBe('x')
    }
  })

  it('works by alias', async () => {
    const [first, second] = [await createKey('ECC_NIST_P256'), await createKey('ECC_NIST_P256')]
    const AliasName = 'alias/agreement'
    await client.send(new CreateAliasCommand({ AliasName, TargetKeyId: first.keyArn }))
    const keyring = new KmsEcdhKeyring({
      client,
      curve: 'P-256',
      schema: {
        type: 'static',
        senderKeyId: AliasName,
        recipientPublicKey: second.publicKey,
      },
    })
    const { key, dataKey } = await wrap(keyring)
    expect(Buffer.from((await unwrap(keyring, [key])).dataKey)).toEqual(dataKey)
  })

  it('explains a key for another use, and one that there is not', async () => {
    const symmetric = await kms.createKey()
    const unknown = symmetric.replace(/[0-9a-f]{12}$/, '000000000000')
    for (const [recipientKeyId, name] of [
      [symmetric, 'UnsupportedOperationException'],
      [unknown, 'NotFoundException'],
    ] as const) {
      const keyring = new KmsEcdhKeyring({
        client,
        curve: 'P-256',
        schema: { type: 'discovery', recipientKeyId },
      })
      const { attempts } = await unwrap(keyring, [(await wrap(rawSender)).key])
      expect(attempts).toMatchObject([
        { outcome: 'failed', reason: expect.stringContaining('GetPublicKey'), cause: { name } },
      ])
    }
  })
})

const rawSender = new RawEcdhKeyring({
  curve: 'P-256',
  schema: {
    type: 'static',
    senderPrivateKey: sender.privateKey,
    recipientPublicKey: recipient.publicKey,
  },
})

interface Call {
  operation: string
  input: Record<string, unknown>
  options: unknown
}

/** KMS with one key, and what is wrong with its answers. */
function fakeKms(
  privateKey: KeyObject,
  wrong: Record<string, object | Promise<object> | undefined> = {},
): { client: KMSClient; calls: Call[]; secrets: Uint8Array[] } {
  const calls: Call[] = []
  const secrets: Uint8Array[] = []
  const answers: Record<string, (input: Record<string, unknown>) => object> = {
    GetPublicKey: () => ({
      KeyId: arn,
      KeyUsage: 'KEY_AGREEMENT',
      PublicKey: createPublicKey(privateKey).export(spki),
    }),
    DeriveSharedSecret: ({ PublicKey }) => {
      const publicKey = createPublicKey({ key: PublicKey as Buffer, ...spki })
      const SharedSecret = diffieHellman({ privateKey, publicKey })
      secrets.push(SharedSecret)
      return { KeyId: arn, SharedSecret, KeyAgreementAlgorithm: 'ECDH' }
    },
  }
  const client: unknown = {
    async send(command: { constructor: { name: string }; input: object }, options: unknown) {
      const operation = command.constructor.name.replace('Command', '')
      const input: Record<string, unknown> = { ...command.input }
      calls.push({ operation, input, options })
      const answer = wrong[operation]
      if (answer instanceof Error) throw answer
      return { ...answers[operation]?.(input), ...(await answer) }
    },
  }
  return { client: client as KMSClient, calls, secrets }
}

const senderInKms = createPrivateKey(sender.privateKey)
const recipientInKms = createPrivateKey(recipient.privateKey)
const fixed = {
  type: 'static',
  senderKeyId: arn,
  recipientPublicKey: recipient.publicKey,
} as const
const discovering = { type: 'discovery', recipientKeyId: arn } as const
const keyringOf = (client: KMSClient, schema: KmsEcdhSchema = fixed) =>
  new KmsEcdhKeyring({ client, curve: 'P-256', schema })
const operationsOf = (calls: Call[]) => calls.map(({ operation }) => operation)

describe('the KMS ECDH keyring', () => {
  it('writes its own provider id, which the raw keyring reads', async () => {
    const { client } = fakeKms(senderInKms)
    const { key, dataKey } = await wrap(keyringOf(client))
    expect(key.providerId).toBe('aws-kms-ecdh')
    expect(Buffer.from((await unwrap(rawSender, [key])).dataKey)).toEqual(dataKey)
  })

  it('cannot encrypt by discovery', async () => {
    const { client, calls } = fakeKms(recipientInKms)
    const keyring = keyringOf(client, discovering)
    await expect(keyring.onEncrypt(encryptionMaterials())).rejects.toMatchObject({
      code: 'ERR_WRAP_FAILED',
      message: expect.stringContaining('"discovery"'),
    })
    expect(calls).toEqual([])
  })

  it('sends the public key of the other side, whichever that is', async () => {
    const { client, calls } = fakeKms(recipientInKms)
    const { key } = await wrap(rawSender)
    await unwrap(keyringOf(client, discovering), [key])
    const static_ = { ...fixed, recipientPublicKey: sender.publicKey }
    await unwrap(keyringOf(client, static_), [key])
    const sent = calls.filter(({ operation }) => operation === 'DeriveSharedSecret')
    expect(sent).toHaveLength(2)
    for (const { input } of sent) {
      expect(input).toMatchObject({
        KeyId: arn,
        KeyAgreementAlgorithm: 'ECDH',
        PublicKey: createPublicKey(sender.publicKey).export(spki),
      })
    }
  })

  it('sends the grant tokens that it was given at first, and the abort signal', async () => {
    const { client, calls } = fakeKms(senderInKms)
    const grantTokens = ['token']
    const keyring = new KmsEcdhKeyring({ client, curve: 'P-256', schema: fixed, grantTokens })
    grantTokens.push('another')
    const { signal } = new AbortController()
    await keyring.onEncrypt(encryptionMaterials({ signal }))
    expect(calls).toMatchObject([
      { operation: 'GetPublicKey', input: { KeyId: arn, GrantTokens: ['token'] } },
      {
        operation: 'DeriveSharedSecret',
        input: { KeyId: arn, GrantTokens: ['token'] },
        options: { abortSignal: signal },
      },
    ])
  })

  it('overwrites the shared secret in the answer', async () => {
    const { client, secrets } = fakeKms(senderInKms)
    const keyring = keyringOf(client)
    const { key } = await wrap(keyring)
    await unwrap(keyring, [key])
    await unwrap(keyring, [{ ...key, ciphertext: Buffer.alloc(112) }])
    expect(secrets.map((secret) => Buffer.from(secret))).toEqual(Array(3).fill(Buffer.alloc(32)))
  })

  it('asks once for each data key that names its keys, and for no other', async () => {
    const { client, calls } = fakeKms(recipientInKms)
    const { key, dataKey } = await wrap(rawSender)
    const toOther = await wrap(
      new RawEcdhKeyring({
        curve: 'P-256',
        schema: { type: 'ephemeral', recipientPublicKey: sender.publicKey },
      }),
    )
    const wrong = [
      foreignKey(),
      toOther.key,
      { ...key, providerInfo: Buffer.from('no points') },
      { ...key, ciphertext: Buffer.alloc(111) },
      { ...key, ciphertext: Buffer.alloc(112) },
    ]
    const keyring = keyringOf(client, discovering)
    const { attempts } = await unwrap(keyring, wrong)
    expect(attempts.map(({ outcome }) => outcome)).toEqual([
      'skipped',
      'skipped',
      'failed',
      'failed',
      'failed',
    ])
    expect(operationsOf(calls)).toEqual(['GetPublicKey', 'DeriveSharedSecret'])
    const materials = await unwrap(keyring, [...wrong, key])
    expect(Buffer.from(materials.dataKey)).toEqual(dataKey)
  })

  it('asks KMS nothing where no data key was wrapped by ECDH', async () => {
    const { client, calls } = fakeKms(recipientInKms)
    const { attempts } = await unwrap(keyringOf(client, discovering), [foreignKey()])
    expect(attempts).toMatchObject([
      { outcome: 'skipped', reason: expect.stringContaining('ECDH') },
    ])
    expect(calls).toEqual([])
  })
})

describe('the public key of the KMS ECDH keyring', () => {
  it('is not asked for where it is given', async () => {
    const { client, calls } = fakeKms(senderInKms)
    await wrap(keyringOf(client, { ...fixed, senderPublicKey: sender.publicKey }))
    const reader = fakeKms(recipientInKms)
    const schema = { ...discovering, recipientPublicKey: recipient.publicKey }
    await unwrap(keyringOf(reader.client, schema), [(await wrap(rawSender)).key])
    expect([operationsOf(calls), operationsOf(reader.calls)]).toEqual([
      ['DeriveSharedSecret'],
      ['DeriveSharedSecret'],
    ])
  })

  it('is asked for once, by however many at a time', async () => {
    const { client, calls } = fakeKms(senderInKms)
    const keyring = keyringOf(client)
    await Promise.all(Array.from({ length: 10 }, () => wrap(keyring)))
    await wrap(keyring)
    expect(operationsOf(calls).filter((name) => name === 'GetPublicKey')).toHaveLength(1)
  })

  it('is not asked for by the constructor', () => {
    const { client, calls } = fakeKms(senderInKms)
    keyringOf(client)
    expect(calls).toEqual([])
  })

  it('is asked for again after a failure', async () => {
    const wrong: Record<string, Error | undefined> = { GetPublicKey: new Error('down') }
    const { client } = fakeKms(senderInKms, wrong)
    const keyring = keyringOf(client)
    const errors = await Promise.all([failure(() => wrap(keyring)), failure(() => wrap(keyring))])
    expect(errors).toMatchObject(Array(2).fill({ code: 'ERR_WRAP_FAILED' }))
    delete wrong['GetPublicKey']
    const { key } = await wrap(keyring)
    expect((await unwrap(keyring, [key])).hasDataKey).toBe(true)
  })

  it('is asked for again where KMS did not answer until someone gave up waiting', async () => {
    const hanging: Record<string, Promise<object> | undefined> = {
      GetPublicKey: new Promise(() => undefined),
    }
    const { client, calls } = fakeKms(senderInKms, hanging)
    const keyring = keyringOf(client)
    const controller = new AbortController()
    void keyring.onEncrypt(encryptionMaterials({ signal: controller.signal }))
    await Promise.resolve()
    delete hanging['GetPublicKey']
    controller.abort()
    await wrap(keyring)
    expect(operationsOf(calls)).toEqual(['GetPublicKey', 'GetPublicKey', 'DeriveSharedSecret'])
  })

  it('may come under another ARN once an alias of a wrong key is put right', async () => {
    const wrong: Record<string, object | undefined> = {
      GetPublicKey: { KeyId: otherArn, KeyUsage: 'SIGN_VERIFY' },
    }
    const { client } = fakeKms(senderInKms, wrong)
    const keyring = keyringOf(client, { ...fixed, senderKeyId: 'alias/sender' })
    await failure(() => wrap(keyring))
    delete wrong['GetPublicKey']
    expect((await wrap(keyring)).dataKey).toHaveLength(32)
  })

  it('is waited for without the abort of one for all', async () => {
    const { client, calls } = fakeKms(senderInKms)
    const keyring = keyringOf(client)
    const signal = AbortSignal.abort(new Error('enough'))
    const [error, wrapped] = await Promise.all([
      failure(() => keyring.onEncrypt(encryptionMaterials({ signal }))),
      wrap(keyring),
    ])
    expect(error).toMatchObject({ code: 'ERR_ABORTED' })
    expect(wrapped.dataKey).toHaveLength(32)
    expect(operationsOf(calls)).toEqual(['GetPublicKey', 'DeriveSharedSecret'])
  })

  const p384 = createPublicKey(ecdhTestKeys('P-384').sender.publicKey).export(spki)
  it.each<[string, object, string]>([
    ['the KeyId of another key', { KeyId: otherArn }, otherArn],
    ['no KeyId', { KeyId: undefined }, 'KeyId'],
    ['an alias for a KeyId', { KeyId: 'alias/a' }, 'alias/a'],
    ['another KeyUsage', { KeyUsage: 'SIGN_VERIFY' }, 'SIGN_VERIFY'],
    ['no KeyUsage', { KeyUsage: undefined }, 'KeyUsage'],
    ['a key on another curve', { PublicKey: p384 }, 'P-384'],
    ['no key', { PublicKey: undefined }, 'public key'],
    ['bytes that are no key', { PublicKey: Buffer.alloc(91) }, 'public key'],
  ])('is refused with %s', async (_, answer, word) => {
    const { client, calls } = fakeKms(senderInKms, { GetPublicKey: answer })
    const keyring = keyringOf(client)
    const error = await failure(() => wrap(keyring))
    expect(error).toMatchObject({ code: 'ERR_WRAP_FAILED' })
    expect(error.message).toContain('GetPublicKey')
    expect(error.message).toContain(word)
    const { attempts } = await unwrap(keyring, [foreignKey(), (await wrap(rawSender)).key])
    expect(attempts).toMatchObject([
      { outcome: 'skipped' },
      { outcome: 'failed', region: 'us-east-1', reason: expect.stringContaining(word) },
    ])
    expect(operationsOf(calls)).toEqual(['GetPublicKey', 'GetPublicKey'])
  })
})

describe('an answer of DeriveSharedSecret is refused', () => {
  it.each<[string, object, string]>([
    ['with the KeyId of another key', { KeyId: otherArn }, otherArn],
    ['with no KeyId', { KeyId: undefined }, 'KeyId'],
    ['with an alias for a KeyId', { KeyId: 'alias/a' }, 'alias/a'],
    ['with another algorithm', { KeyAgreementAlgorithm: 'X' }, 'X'],
    ['with no algorithm', { KeyAgreementAlgorithm: undefined }, 'KeyAgreementAlgorithm'],
    ['without a secret', { SharedSecret: undefined }, '0 bytes'],
    ['with a secret that is too short', { SharedSecret: new Uint8Array(31).fill(1) }, '31 bytes'],
    ['with a secret that is too long', { SharedSecret: new Uint8Array(48).fill(1) }, '48 bytes'],
  ])('%s', async (_, answer, word) => {
    const { client, secrets } = fakeKms(senderInKms, { DeriveSharedSecret: answer })
    const keyring = keyringOf(client)
    const error = await failure(() => wrap(keyring))
    expect(error).toMatchObject({ code: 'ERR_WRAP_FAILED' })
    expect(error.message).toContain('DeriveSharedSecret')
    expect(error.message).toContain(word)
    const { attempts } = await unwrap(keyring, [(await wrap(rawSender)).key])
    expect(attempts).toMatchObject([{ outcome: 'failed', reason: expect.stringContaining(word) }])
    const given =
      'SharedSecret' in answer ? [answer.SharedSecret as Uint8Array | undefined] : secrets
    expect(given.every((secret) => secret?.every((byte) => byte === 0) ?? true)).toBe(true)
  })

  it('where an alias has come to name another key', async () => {
    const wrong: Record<string, object | undefined> = {}
    const { client } = fakeKms(senderInKms, wrong)
    const keyring = keyringOf(client, { ...fixed, senderKeyId: 'alias/agreement' })
    await wrap(keyring)
    wrong['DeriveSharedSecret'] = { KeyId: otherArn }
    const error = await failure(() => wrap(keyring))
    expect(error.message).toContain(`${JSON.stringify(otherArn)} instead of ${arn}`)
  })
})

describe('the KMS ECDH keyring explains', () => {
  const denied = Object.assign(new Error('says KMS'), { name: 'AccessDeniedException' })

  it.each(['GetPublicKey', 'DeriveSharedSecret'])('an error of %s', async (operation) => {
    const { client } = fakeKms(senderInKms, { [operation]: denied })
    const keyring = keyringOf(client)
    const error = await failure(() => wrap(keyring))
    expect(error).toMatchObject({ code: 'ERR_WRAP_FAILED', cause: denied })
    for (const part of [operation, arn, 'AccessDeniedException', `kms:${operation}`]) {
      expect(error.message).toContain(part)
    }
    const { attempts } = await unwrap(keyring, [(await wrap(rawSender)).key])
    expect(attempts).toMatchObject([
      {
        provider: 'raw-ecdh',
        key: expect.stringMatching(/^P-256 recipient 0/),
        region: 'us-east-1',
        outcome: 'failed',
        reason: `KMS ${operation} failed: AccessDeniedException: says KMS`,
        hint: expect.stringContaining(`kms:${operation}`),
        cause: denied,
      },
    ])
  })

  it.each(['GetPublicKey', 'DeriveSharedSecret'])(
    'nothing after an abort in %s',
    async (operation) => {
      const aborted = Object.assign(new Error(), { name: 'AbortError' })
      const { client, calls } = fakeKms(senderInKms, { [operation]: aborted })
      const keyring = keyringOf(client)
      const reason = new Error('enough')
      const { key } = await wrap(rawSender)
      const controller = new AbortController()
      const decrypting = failure(() => unwrap(keyring, [key, key, key], controller.signal))
      controller.abort(reason)
      expect(await decrypting).toMatchObject({ code: 'ERR_ABORTED', cause: reason })
      expect(calls.length).toBeLessThanOrEqual(2)
    },
  )
})

describe('the KMS ECDH keyring refuses', () => {
  const { client } = fakeKms(senderInKms)
  const p384 = ecdhTestKeys('P-384').sender.publicKey
  it.each<[string, object, string]>([
    ['no client', { client: undefined }, 'client'],
    ['no curve', { curve: undefined }, 'curve'],
    ['an unknown curve', { curve: 'SM2' }, 'curve'],
    ['grant tokens that are text', { grantTokens: 'token' }, 'grantTokens'],
    ['a misspelt option', { grantToken: [] }, 'grantToken'],
    ['no schema', { schema: undefined }, 'schema'],
    ['a schema of the raw keyring', { schema: { type: 'ephemeral' } }, 'type'],
    ['an option of another type', { schema: { ...fixed, ...discovering } }, 'senderKeyId'],
    ['no key id', { schema: { type: 'discovery' } }, 'recipientKeyId'],
    ['an invalid key id', { schema: { ...fixed, senderKeyId: 'arn:aws:s3:::b' } }, 'senderKeyId'],
    [
      'no public key of the recipient',
      { schema: { ...fixed, recipientPublicKey: undefined } },
      'recipientPublicKey',
    ],
    [
      'a private key for the recipient',
      { schema: { ...fixed, recipientPublicKey: recipient.privateKey } },
      'recipientPublicKey',
    ],
    [
      'a sender on another curve',
      { schema: { ...fixed, senderPublicKey: p384 } },
      'senderPublicKey',
    ],
    [
      'a recipient on another curve',
      { schema: { ...discovering, recipientPublicKey: p384 } },
      'recipientPublicKey',
    ],
  ])('%s', (_, wrong, field) => {
    const options = { client, curve: 'P-256', schema: fixed, ...wrong } as KmsEcdhKeyringOptions
    expect(() => new KmsEcdhKeyring(options)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', field }),
    )
  })
})
