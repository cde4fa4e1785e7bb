import { generateKeyPairSync } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  type EncryptOptions,
  EnvelopeClient,
  EnvelopeError,
  InvalidArgumentError,
  type Keyring,
  MalformedMessageError,
  MultiKeyring,
  RawAesKeyring,
  RawRsaKeyring,
  inspectMessage,
} from '../../../src/index.ts'
import { errorOf, keyring, newClient, untyped } from './harness.ts'

const client = newClient()

/** What is wrong: what is done, and the field that the error names. */
type BadArgument = readonly [what: string, field: string, work: () => unknown]

function rawAes(change: object) {
  const options = { keyNamespace: 'n', keyName: 'k', wrappingKey: Buffer.alloc(32), ...change }
  return new RawAesKeyring(options)
}

function rawRsa(change: object) {
  const options = { keyNamespace: 'n', keyName: 'k', padding: 'oaep-sha256' as const, ...change }
  return new RawRsaKeyring(options)
}

const encrypt = (options: object) => client.encrypt('text', options)
const decrypt = (options: object) => client.decrypt(new Uint8Array(0), options)
const frameLengths = [0, -1, 1.5, NaN, Infinity, 2 ** 32, '4096', 10n].map(
  (frameLength) => [String(frameLength), untyped<number>(frameLength)] as const,
)

const badArguments: readonly BadArgument[] = [
  ...[0, 15, 17, 31, 33, 64].map((length): BadArgument => [
    `a wrapping key of ${length} bytes`,
    'wrappingKey',
    () => rawAes({ wrappingKey: Buffer.alloc(length) }),
  ]),
  ['a wrapping key that is text', 'wrappingKey', () => rawAes({ wrappingKey: 'x'.repeat(32) })],
  ['no wrapping key', 'wrappingKey', () => rawAes({ wrappingKey: undefined })],
  [
    'a wrapping key that is a public one',
    'wrappingKey',
    () => rawAes({ wrappingKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey }),
  ],
  ['an empty namespace', 'keyNamespace', () => rawAes({ keyNamespace: '' })],
  ['an empty namespace of RSA', 'keyNamespace', () => rawRsa({ keyNamespace: '' })],
  ['no namespace', 'keyNamespace', () => rawAes({ keyNamespace: undefined })],
  ['the namespace of KMS', 'keyNamespace', () => rawAes({ keyNamespace: 'aws-kms' })],
  ['a namespace with a lone surrogate', 'keyNamespace', () => rawAes({ keyNamespace: '\ud800' })],
  ['a namespace over 64 KiB', 'keyNamespace', () => rawAes({ keyNamespace: 'n'.repeat(65536) })],
  ['an empty key name', 'keyName', () => rawAes({ keyName: '' })],
  ['an unknown RSA padding', 'padding', () => rawRsa({ publicKey: 'x', padding: 'oaep' })],
  ['no RSA key', 'publicKey', () => rawRsa({})],
  ['an RSA key that is none', 'publicKey', () => rawRsa({ publicKey: 'not a key' })],
  ['a multi-keyring of nothing', 'generator', () => new MultiKeyring({})],
  [
    'a child that is no keyring',
    'children[1]',
    () => new MultiKeyring({ children: [keyring, untyped({})] }),
  ],
  ['no keyring', 'keyring', () => new EnvelopeClient({})],
  ['a keyring that is none', 'keyring', () => new EnvelopeClient({ keyring: untyped({}) })],
  ['a cmm that is none', 'cmm', () => new EnvelopeClient({ cmm: untyped({}) })],
  [
    'both a keyring and a cmm',
    'keyring',
    () =>
      new EnvelopeClient({
        keyring,
        cmm: untyped({ getEncryptionMaterials: () => 0, decryptMaterials: () => 0 }),
      }),
  ],
  [
    'an unknown commitment policy',
    'commitmentPolicy',
    () => newClient({ commitmentPolicy: untyped('REQUIRE') }),
  ],
  ...[0, 65536, 1.5, NaN].map((count): BadArgument => [
    `maxEncryptedDataKeys of ${count}`,
    'maxEncryptedDataKeys',
    () => newClient({ maxEncryptedDataKeys: count }),
  ]),
  ...frameLengths.flatMap(([text, frameLength]): BadArgument[] => [
    [`a client's frameLength of ${text}`, 'frameLength', () => newClient({ frameLength })],
    [`a message's frameLength of ${text}`, 'frameLength', () => encrypt({ frameLength })],
  ]),
  ['a negative plaintextLength', 'plaintextLength', () => encrypt({ plaintextLength: -1 })],
  ['a signal that is none', 'signal', () => encrypt({ signal: { aborted: false } })],
  ['a signal that is none, to decrypt', 'signal', () => decrypt({ signal: true })],
  ['an unknown value of signatures', 'signatures', () => decrypt({ signatures: 'ignore' })],
  ['an option unknown to the client', 'keyRing', () => newClient(untyped({ keyRing: keyring }))],
  ['an option unknown to encrypt', 'context', () => encrypt({ context: { a: 'b' } })],
  ['an option of decrypt given to encrypt', 'signatures', () => encrypt({ signatures: 'verify' })],
  ['an option unknown to decrypt', 'context', () => decrypt({ context: { a: 'b' } })],
  ['an option of encrypt given to decrypt', 'frameLength', () => decrypt({ frameLength: 1 })],
  ['an option of files given to encrypt', 'overwrite', () => encrypt({ overwrite: true })],
  [
    'an option unknown to encryptStream',
    'context',
    () => client.encryptStream(untyped({ context: {} })),
  ],
  [
    'an option unknown to decryptStream',
    'context',
    () => client.decryptStream(untyped({ context: {} })),
  ],
  [
    'an option unknown to encryptFile',
    'progress',
    () => client.encryptFile('a', 'b', untyped({ progress: () => 0 })),
  ],
  ['a plaintext that is a number', 'plaintext', () => client.encrypt(untyped(1))],
  ['no plaintext', 'plaintext', () => client.encrypt(untyped(undefined))],
  ['a plaintext with a lone surrogate', 'plaintext', () => client.encrypt('a\ud800')],
  [
    'a plaintext that is an ArrayBuffer',
    'plaintext',
    () => client.encrypt(untyped(new ArrayBuffer(8))),
  ],
  ['no ciphertext', 'ciphertext', () => client.decrypt(untyped(undefined))],
  ['a ciphertext of numbers', 'ciphertext', () => inspectMessage(untyped([1, 2]))],
]

describe('an argument that is not what it should be', () => {
  it.each(badArguments)('%s: the error names %s', async (_, field, work) => {
    const error = await errorOf(work)
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field })
    expect(error.message.toLowerCase()).toContain(field.replace(/\[.*/, '').toLowerCase())
  })

  it('is refused by encryptStream before anything is written to it', () => {
    expect(() => client.encryptStream({ frameLength: 0 })).toThrow(InvalidArgumentError)
  })

  // A caller without types that passes null, or nothing where options are required.
  it.each([
    ['new EnvelopeClient()', () => new EnvelopeClient(untyped(undefined))],
    ['new EnvelopeClient(null)', () => new EnvelopeClient(untyped(null))],
    ['new RawAesKeyring()', () => new RawAesKeyring(untyped(undefined))],
    ['new RawRsaKeyring()', () => new RawRsaKeyring(untyped(undefined))],
    ['new MultiKeyring()', () => new MultiKeyring(untyped(undefined))],
    ['encrypt(text, null)', () => client.encrypt('text', untyped(null))],
    ['decrypt(bytes, null)', () => client.decrypt(new Uint8Array(1), untyped(null))],
    ['encryptFile(a, b, null)', () => client.encryptFile('a', 'b', untyped(null))],
  ])('is refused where it is in place of the options: %s', async (_, work) => {
    expect(await errorOf(work)).toBeInstanceOf(InvalidArgumentError)
  })
})

describe('an encryption context that cannot be written', () => {
  const pairs = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i}`, '']))
  const bad: readonly (readonly [string, unknown, RegExp])[] = [
    ['a reserved key', { 'aws-crypto-public-key': 'x' }, /aws-crypto-public-key/],
    ['a key with the reserved prefix', { 'aws-crypto-': 'x' }, /reserved/],
    ['a key with a lone surrogate', { 'a\udc00': 'x' }, /lone surrogate/],
    ['a value with a lone surrogate', { a: '\ud800x' }, /encryptionContext\["a"\]/],
    ['a value that is a number', { a: 1 }, /encryptionContext\["a"\] must be a string/],
    ['a value that is undefined', { a: undefined }, /encryptionContext\["a"\] must be a string/],
    ['an array', ['a'], /encryptionContext/],
    ['text', 'a=b', /encryptionContext/],
    ['a Map, of whose pairs none would be seen', new Map([['a', 'b']]), /encryptionContext/],
    ['a value over 64 KiB', { a: 'x'.repeat(65536) }, /too large/],
    ['a key over 64 KiB', { ['x'.repeat(65536)]: '' }, /too large/],
    ['over 64 KiB in all', { a: 'x'.repeat(40000), b: 'x'.repeat(40000) }, /too large/],
    ['over 65,535 pairs', pairs(65536), /too large/],
  ]
  it.each(bad)('%s', async (_, encryptionContext, message) => {
    const options = untyped<EncryptOptions>({ encryptionContext })
    const error = await errorOf(() => client.encrypt('text', options))
    expect(EnvelopeError.is(error)).toBe(true)
    expect(error).toMatchObject({ code: 'ERR_ENCRYPTION_CONTEXT' })
    expect(error.message).toMatch(message)
  })

  it('is refused to decrypt, too, where it would expect nothing', async () => {
    const { ciphertext } = await client.encrypt('text')
    const options = untyped<object>({ encryptionContext: new Map([['tenant', 'acme']]) })
    expect(await errorOf(() => client.decrypt(ciphertext, options))).toMatchObject({
      code: 'ERR_ENCRYPTION_CONTEXT',
    })
  })

  it('of exactly 65,535 bytes is written and read', async () => {
    // Four lengths of two bytes, the key in one byte, the rest for the value; unsigned, so that no
    // verification key is added.
    const encryptionContext = { k: 'v'.repeat(65535 - 2 - 2 - 1 - 2) }
    const suite = { algorithmSuite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY' } as const
    const { ciphertext } = await client.encrypt('text', { encryptionContext, ...suite })
    expect((await client.decrypt(ciphertext)).encryptionContext).toEqual(encryptionContext)
  })
})

describe('a suite that cannot be used', () => {
  it.each(['ALG_AES_512', '', '0x0578', 'toString', '__proto__', 0x0578, null])(
    'the unknown suite %j',
    async (algorithmSuite) => {
      const options = untyped<EncryptOptions>({ algorithmSuite })
      const error = await errorOf(() => client.encrypt('text', options))
      expect(error).toMatchObject({ code: 'ERR_UNKNOWN_ALGORITHM_SUITE' })
      expect(error.message).toContain('algorithmSuite')
      expect(error.message).toContain('ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY')
    },
  )
})

describe('a keyring that gives no data key', () => {
  const gives = (change: Partial<Keyring>) =>
    newClient({
      keyring: {
        onEncrypt: (m) => Promise.resolve(m),
        onDecrypt: keyring.onDecrypt.bind(keyring),
        ...change,
      },
    })

  it('neither a data key nor an encrypted one', async () => {
    const error = await errorOf(() => gives({}).encrypt('text'))
    expect(error).toMatchObject({ code: 'ERR_NO_DATA_KEY' })
    expect(error.message).toContain('keyring')
  })

  it('a data key without an encrypted form', async () => {
    const silent = gives({ onEncrypt: async (m) => m.withDataKey(Buffer.alloc(32)) })
    expect(await errorOf(() => silent.encrypt('text'))).toMatchObject({ code: 'ERR_NO_DATA_KEY' })
  })

  it('a data key of another length', async () => {
    const short = gives({ onEncrypt: async (m) => m.withDataKey(Buffer.alloc(16)) })
    expect(await errorOf(() => short.encrypt('text'))).toMatchObject({ code: 'ERR_NO_DATA_KEY' })
  })

  it.each([undefined, null, {}, 1])('%j in place of materials', async (value) => {
    const odd = gives({ onEncrypt: async () => untyped(value) })
    expect(await errorOf(() => odd.encrypt('text'))).toMatchObject({ code: 'ERR_NO_DATA_KEY' })
  })

  it.each([undefined, null, {}, 1])('a CMM that gives %j', async (value) => {
    const { ciphertext } = await client.encrypt('text')
    const odd = newClient({
      cmm: {
        getEncryptionMaterials: async () => untyped(value),
        decryptMaterials: async () => untyped(value),
      },
    })
    expect(await errorOf(() => odd.encrypt('text'))).toMatchObject({ code: 'ERR_NO_DATA_KEY' })
    const error = await errorOf(() => odd.decrypt(ciphertext))
    expect(error).toMatchObject({ code: 'ERR_NO_DATA_KEY' })
  })
})

describe('a ciphertext that is text', () => {
  let messages: Record<'version 1' | 'version 2', Uint8Array>
  beforeAll(async () => {
    const old = newClient({ commitmentPolicy: 'FORBID_ENCRYPT_ALLOW_DECRYPT' })
    messages = {
      'version 1': (await old.encrypt('text')).ciphertext,
      'version 2': (await client.encrypt('text')).ciphertext,
    }
  })

  it.each(['version 1', 'version 2'] as const)('%s as a base64 string', async (version) => {
    const text = Buffer.from(messages[version]).toString('base64')
    const error = await errorOf(() => client.decrypt(untyped(text)))
    expect(error).toMatchObject({ code: 'ERR_BASE64_MESSAGE' })
    expect(error.message).toContain('base64')
    expect(() => inspectMessage(untyped(text))).toThrow(error.message)
  })

  it.each(['version 1', 'version 2'] as const)('%s as the bytes of base64', async (version) => {
    const bytes = Buffer.from(Buffer.from(messages[version]).toString('base64'))
    const error = await errorOf(() => client.decrypt(bytes))
    expect(error).toBeInstanceOf(MalformedMessageError)
    expect(error).toMatchObject({ code: 'ERR_BASE64_MESSAGE', offset: 0 })
    expect(error.message).toContain('base64')
  })

  it('other text is not taken for base64', async () => {
    const error = await errorOf(() => client.decrypt(Buffer.from('A plain text')))
    expect(error).toMatchObject({ code: 'ERR_MALFORMED_MESSAGE', offset: 0 })
  })
})
