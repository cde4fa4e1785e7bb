import { describe, expect, it } from 'vitest'
import {
  type DecryptionMaterials,
  type EncryptionMaterials,
  EnvelopeClient,
  type Keyring,
  MultiKeyring,
  RawAesKeyring,
  UnwrapError,
} from '../../../src/index.ts'
import {
  decryptionMaterials,
  encryptionMaterials,
  failure,
  foreignKey,
} from '../../support/materials.ts'

/** Raw AES keyrings in one namespace, each with a key of its own. */
function aes(keyName: string, fill = keyName.charCodeAt(0)): RawAesKeyring {
  return new RawAesKeyring({ keyNamespace: 'test', keyName, wrappingKey: Buffer.alloc(32, fill) })
}

/** A keyring that only records that it was asked, and returns or throws what it is told to. */
function recording(
  name: string,
  asked: string[],
  answer: (materials: DecryptionMaterials) => DecryptionMaterials = (materials) => materials,
): Keyring {
  return {
    async onEncrypt(materials) {
      asked.push(name)
      return materials.withEncryptedDataKey(foreignKey({ providerId: name }))
    },
    async onDecrypt(materials) {
      asked.push(name)
      return answer(materials)
    },
  }
}

const throwing: Keyring = {
  async onEncrypt() {
    throw new Error('the key store is on fire')
  },
  async onDecrypt() {
    throw new Error('the key store is on fire')
  },
}

const [a, b, c] = [aes('a'), aes('b'), aes('c')] as const
const names = (keys: readonly { providerInfo: Uint8Array }[]) =>
  keys.map(({ providerInfo }) => Buffer.from(providerInfo).toString('latin1')[0])

describe('the multi-keyring encrypts', () => {
  it('with the generator first and then each child, under one data key', async () => {
    const multi = new MultiKeyring({ generator: a, children: [b, c] })
    const { encryptedDataKeys, dataKey } = await multi.onEncrypt(encryptionMaterials())
    expect(names(encryptedDataKeys)).toEqual(['a', 'b', 'c'])
    for (const keyring of [a, b, c]) {
      const opened = await keyring.onDecrypt(decryptionMaterials(), encryptedDataKeys)
      expect(Buffer.from(opened.dataKey)).toEqual(Buffer.from(dataKey))
    }
  })

  it('with children alone, the data key that is there', async () => {
    const given = encryptionMaterials().withDataKey(Buffer.alloc(32, 1))
    const materials = await new MultiKeyring({ children: [a, b] }).onEncrypt(given)
    expect(names(materials.encryptedDataKeys)).toEqual(['a', 'b'])
    expect(Buffer.from(materials.dataKey)).toEqual(Buffer.alloc(32, 1))
  })

  it('as the child of another', async () => {
    const inner = new MultiKeyring({ children: [b, c] })
    const multi = new MultiKeyring({ generator: a, children: [inner] })
    const { encryptedDataKeys } = await multi.onEncrypt(encryptionMaterials())
    expect(names(encryptedDataKeys)).toEqual(['a', 'b', 'c'])
  })

  it('only with a generator, if there is no data key', async () => {
    await expect(
      new MultiKeyring({ children: [a] }).onEncrypt(encryptionMaterials()),
    ).rejects.toMatchObject({ code: 'ERR_WRAP_FAILED' })
  })

  it('not with a generator and a data key that is there', async () => {
    const given = encryptionMaterials().withDataKey(Buffer.alloc(32, 1))
    await expect(new MultiKeyring({ generator: a }).onEncrypt(given)).rejects.toMatchObject({
      code: 'ERR_WRAP_FAILED',
    })
  })

  it('not if the generator generates nothing', async () => {
    const multi = new MultiKeyring({ generator: recording('r', []), children: [a] })
    await expect(multi.onEncrypt(encryptionMaterials())).rejects.toMatchObject({
      code: 'ERR_WRAP_FAILED',
    })
  })

  it.each([
    ['the generator', new MultiKeyring({ generator: throwing, children: [a] })],
    ['a child', new MultiKeyring({ generator: a, children: [throwing, b] })],
  ])('not if %s fails', async (_, keyring) => {
    await expect(new EnvelopeClient({ keyring }).encrypt('x')).rejects.toMatchObject({
      code: 'ERR_WRAP_FAILED',
      message: expect.stringContaining('the key store is on fire'),
      cause: expect.objectContaining({ message: 'the key store is on fire' }),
    })
  })
})

describe('the multi-keyring decrypts', () => {
  const wrapped = async (by: Keyring) =>
    (await by.onEncrypt(encryptionMaterials())).encryptedDataKeys

  it('by the generator first, then by each child in order, until one succeeds', async () => {
    const asked: string[] = []
    const children = [
      recording('second', asked),
      recording('third', asked, (materials) => materials.withDataKey(Buffer.alloc(32, 3))),
      recording('fourth', asked),
    ]
    const multi = new MultiKeyring({ generator: recording('first', asked), children })
    const materials = await multi.onDecrypt(decryptionMaterials(), [foreignKey()])
    expect(asked).toEqual(['first', 'second', 'third'])
    expect(Buffer.from(materials.dataKey)).toEqual(Buffer.alloc(32, 3))
  })

  it('where a keyring before has thrown', async () => {
    const multi = new MultiKeyring({ generator: throwing, children: [throwing, a] })
    const materials = await multi.onDecrypt(decryptionMaterials(), await wrapped(a))
    expect(materials.hasDataKey).toBe(true)
  })

  it('with the last of several encrypted data keys', async () => {
    const keys = [foreignKey(), ...(await wrapped(c)), ...(await wrapped(b))]
    const multi = new MultiKeyring({ children: [a, b] })
    expect((await multi.onDecrypt(decryptionMaterials(), keys)).hasDataKey).toBe(true)
  })

  it('or collects what became of each key in each keyring, in order', async () => {
    const keys = [...(await wrapped(aes('a', 0))), ...(await wrapped(c))]
    const multi = new MultiKeyring({ generator: a, children: [throwing, b] })
    const { attempts, hasDataKey } = await multi.onDecrypt(decryptionMaterials(), keys)
    expect(hasDataKey).toBe(false)
    expect(attempts).toMatchObject([
      { key: 'a', outcome: 'failed' },
      { key: 'c', outcome: 'skipped' },
      { outcome: 'failed', reason: 'the key store is on fire', cause: expect.any(Error) },
      { key: 'a', outcome: 'skipped' },
      { key: 'c', outcome: 'skipped' },
    ])
  })

  it('or collects them from the multi-keyrings inside it, each once', async () => {
    const inner = new MultiKeyring({ children: [b, c] })
    const multi = new MultiKeyring({ generator: a, children: [inner] })
    const given = decryptionMaterials().withAttempts([
      { provider: 'before', key: 'k', outcome: 'skipped', reason: 'it was there before' },
    ])
    const { attempts } = await multi.onDecrypt(given, [foreignKey()])
    expect(attempts.map(({ provider }) => provider)).toEqual([
      'before',
      'elsewhere',
      'elsewhere',
      'elsewhere',
    ])
  })

  it('or keeps the attempts of an UnwrapError that a keyring throws', async () => {
    const attempt = {
      provider: 'aws-kms',
      key: 'arn:…',
      outcome: 'failed',
      reason: 'because',
      hint: 'do this',
    } as const
    const child = recording('child', [], () => {
      throw new UnwrapError([attempt])
    })
    const multi = new MultiKeyring({ children: [child, a] })
    const { attempts } = await multi.onDecrypt(decryptionMaterials(), [foreignKey()])
    expect(attempts).toMatchObject([attempt, { provider: 'elsewhere', outcome: 'skipped' }])
  })

  it('and the client lists them all in its error', async () => {
    const writer = new EnvelopeClient({ keyring: c })
    const { ciphertext } = await writer.encrypt('x')
    const keyring = new MultiKeyring({ generator: a, children: [throwing, aes('c', 0)] })
    const error = await failure(() => new EnvelopeClient({ keyring }).decrypt(ciphertext))
    expect(error).toMatchObject({ code: 'ERR_UNWRAP_FAILED', name: 'UnwrapError' })
    expect(error.attempts?.map(({ outcome }) => outcome)).toEqual(['skipped', 'failed', 'failed'])
    expect(error.message).toContain('the key store is on fire')
    expect(error.cause).toMatchObject({ message: 'the key store is on fire' })
  })

  it('and asks no other keyring once it is aborted', async () => {
    const controller = new AbortController()
    const asked: string[] = []
    const first = recording('first', asked, () => {
      controller.abort(new Error('enough'))
      throw new Error('aborted underneath')
    })
    const multi = new MultiKeyring({ generator: first, children: [recording('second', asked)] })
    const given = decryptionMaterials({ signal: controller.signal })
    await expect(multi.onDecrypt(given, [foreignKey()])).rejects.toMatchObject({
      code: 'ERR_ABORTED',
      cause: expect.objectContaining({ message: 'enough' }),
    })
    expect(asked).toEqual(['first'])
  })

  it('not into materials that have a data key', async () => {
    const given = decryptionMaterials().withDataKey(Buffer.alloc(32))
    await expect(new MultiKeyring({ generator: a }).onDecrypt(given, [])).rejects.toMatchObject({
      code: 'ERR_UNWRAP_FAILED',
    })
  })
})

describe('the multi-keyring does not take for wrapped', () => {
  const idle: Keyring = {
    onEncrypt: async (materials) => materials,
    onDecrypt: async (materials) => materials,
  }
  /** Like a keyring that keeps what it has made for one message and returns it for the next. */
  const ofItsOwn = (copyKeys: boolean): Keyring => ({
    ...idle,
    async onEncrypt(given) {
      let own = encryptionMaterials().withDataKey(Buffer.alloc(32, 9))
      if (copyKeys) {
        for (const key of given.encryptedDataKeys) own = own.withEncryptedDataKey(key)
      }
      return c.onEncrypt(own)
    },
  })
  /** Like a keyring that drops what others have added. */
  const forgetful = (first: { materials?: EncryptionMaterials }): Keyring => ({
    ...idle,
    onEncrypt: async (given) => first.materials ?? given,
  })
  const remembering = (first: { materials?: EncryptionMaterials }): Keyring => ({
    ...idle,
    async onEncrypt(given) {
      return (first.materials = await b.onEncrypt(given))
    },
  })
  const first: { materials?: EncryptionMaterials } = {}

  it.each<[string, Keyring[]]>([
    ['a keyring that adds nothing', [b, idle]],
    ['materials of its own', [b, ofItsOwn(false)]],
    ['another data key behind the same encrypted ones', [b, ofItsOwn(true)]],
    ['materials without what was added since', [remembering(first), c, forgetful(first)]],
  ])('%s', async (_, children) => {
    for (const minimumWrapped of [children.length + 1, 1]) {
      const multi = new MultiKeyring({ generator: a, children, minimumWrapped })
      const error = await failure(() => multi.onEncrypt(encryptionMaterials()))
      expect(error).toMatchObject({
        code: 'ERR_WRAP_FAILED',
        message: expect.stringContaining(`children[${children.length - 1}]`),
      })
    }
  })
})

describe('the multi-keyring refuses', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['to be empty', {}, 'generator'],
    ['no generator and no child', { children: [] }, 'generator'],
    ['a generator that is no keyring', { generator: {} }, 'generator'],
    // As if there were none, the message would be written without it.
    ['a generator that is null', { generator: null, children: [a, b] }, 'generator'],
    ['a generator that is empty text', { generator: '', children: [a, b] }, 'generator'],
    [
      'a child that is no keyring',
      { generator: a, children: [b, { onEncrypt() {} }] },
      'children[1]',
    ],
    ['a child that is missing', { children: [undefined] }, 'children[0]'],
    ['children that are no list', { generator: a, children: b }, 'children'],
  ])('%s', (_, options, field) => {
    expect(() => new MultiKeyring(options as { generator: Keyring })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', field }),
    )
  })

  it('to be changed through the list that it was given', async () => {
    const children = [b]
    const multi = new MultiKeyring({ generator: a, children })
    children.push(c)
    const { encryptedDataKeys } = await multi.onEncrypt(encryptionMaterials())
    expect(names(encryptedDataKeys)).toEqual(['a', 'b'])
  })
})
