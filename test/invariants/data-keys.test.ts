import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  type CacheRequest,
  CachingCmm,
  type CryptoBackend,
  type CryptographicMaterialsCache,
  DecryptionMaterials,
  EnvelopeClient,
  EncryptionMaterials,
  LocalCryptoMaterialsCache,
  RawAesKeyring,
  algorithmSuites,
} from '../../src/index.ts'
import { errorOf, isZero, recordingKeyring, watchedBackend } from './spies.ts'

const dataKey = Buffer.alloc(32, 0x5a)
const suite = algorithmSuites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY

function failing(part: Partial<CryptoBackend>): CryptoBackend {
  return { ...watchedBackend().backend, ...part }
}
const broken = () => {
  throw new Error('the backend is broken')
}

describe('invariant 6: a plaintext data key is zeroed as soon as nothing uses it', () => {
  it('after the message was encrypted, and decrypted', async () => {
    const { keyring, seen } = recordingKeyring(dataKey)
    const client = new EnvelopeClient({ keyring })
    const { ciphertext } = await client.encrypt('text')
    await client.decrypt(ciphertext)
    expect(seen).toHaveLength(2)
    expect(seen.every(isZero)).toBe(true)
  })

  it('and so are the keys derived from it', async () => {
    for (const suite of Object.values(algorithmSuites)) {
      const { backend, keys } = watchedBackend()
      const client = new EnvelopeClient({
        keyring: recordingKeyring(dataKey).keyring,
        commitmentPolicy: suite.commitment
          ? 'REQUIRE_ENCRYPT_ALLOW_DECRYPT'
          : 'FORBID_ENCRYPT_ALLOW_DECRYPT',
        backend,
      })
      const { ciphertext } = await client.encrypt('text', { algorithmSuite: suite.name })
      await client.decrypt(ciphertext)
      expect(keys.length).toBeGreaterThanOrEqual(4)
      expect(keys.every(isZero)).toBe(true)
    }
  })

  it('before the first slice is read, and the key derived from it when the reader is closed', async () => {
    const { backend, keys } = watchedBackend()
    const { keyring, seen } = recordingKeyring(dataKey)
    const client = new EnvelopeClient({ keyring, backend })
    const { ciphertext } = await client.encrypt('text')
    keys.length = 0
    expect(await errorOf(() => client.openMessage(ciphertext.subarray(0, -1)))).toBeInstanceOf(
      Error,
    )
    const consent = { signatures: 'dangerouslyUnverified' } as const
    expect(
      await errorOf(() => client.openMessage(ciphertext.subarray(0, -1), consent)),
    ).toBeInstanceOf(Error)
    expect(keys).toHaveLength(1)
    expect(keys.every(isZero)).toBe(true)
    keys.length = 0
    const reader = await client.openMessage(ciphertext, consent)
    expect(seen.every(isZero)).toBe(true)
    expect(keys.some(isZero)).toBe(false)
    expect(inspect(reader, { depth: 9, showHidden: true })).not.toContain('Opening')
    await reader.close()
    expect(keys.every(isZero)).toBe(true)
  })

  it('before the first byte of a stream comes out', async () => {
    const { keyring, seen } = recordingKeyring(dataKey)
    const client = new EnvelopeClient({ keyring })
    const stream = client.encryptStream()
    const header = new Promise((resolve) => stream.once('header', resolve))
    stream.write('text')
    await header
    expect(seen.map(isZero)).toEqual([true])
    stream.destroy()
  })

  it('when the stream is destroyed midway, with the keys derived from it', async () => {
    const { backend, keys } = watchedBackend()
    const { keyring } = recordingKeyring(dataKey)
    const stream = new EnvelopeClient({ keyring, backend }).encryptStream()
    const header = new Promise((resolve) => stream.once('header', resolve))
    stream.write('text')
    await header
    const closed = new Promise((resolve) => stream.once('close', resolve))
    stream.destroy()
    await closed
    expect(keys).toHaveLength(1)
    expect(keys.every(isZero)).toBe(true)
  })

  const failures: Record<string, (client: typeof newClient) => Promise<unknown>> = {
    'the message is too long for its frames': (make) =>
      make({}).encrypt('text', { encryptionContext: { a: 'x'.repeat(65_530), b: 'too large' } }),
    'the header cannot be encrypted': (make) =>
      make({ backend: failing({ encryptGcm: broken }) }).encrypt('text'),
    'the keys cannot be derived': (make) =>
      make({ backend: failing({ hmac: broken }) }).encrypt('text'),
    'the header is not authentic': async (make) => {
      const ciphertext = Buffer.from((await make({}).encrypt('text')).ciphertext)
      ciphertext.writeUInt8(ciphertext.readUInt8(10) ^ 1, 10)
      return make({}).decrypt(ciphertext)
    },
  }
  let seen: Uint8Array[] = []
  const newClient = (options: { backend?: CryptoBackend }) => {
    const recording = recordingKeyring(dataKey)
    seen = recording.seen
    return new EnvelopeClient({ keyring: recording.keyring, ...options })
  }
  it.each(Object.entries(failures))('when %s', async (_, fail) => {
    await errorOf(() => fail(newClient))
    expect(seen.length).toBeGreaterThan(0)
    expect(seen.every(isZero)).toBe(true)
  })

  it('with the keys derived from it, when the signer fails', async () => {
    const { backend, keys } = watchedBackend()
    const signing: CryptoBackend = {
      ...backend,
      generateSigningKey: (curve) => ({
        publicKey: backend.generateSigningKey(curve).publicKey,
        createSigner: broken,
      }),
    }
    const { keyring } = recordingKeyring(dataKey)
    await errorOf(() => new EnvelopeClient({ keyring, backend: signing }).encrypt('text'))
    expect(keys.every(isZero)).toBe(true)
  })

  it('when a keyring throws after another one made it', async () => {
    const { keyring, seen } = recordingKeyring(dataKey)
    const client = new EnvelopeClient({
      keyring: {
        onEncrypt: async (materials) => {
          await keyring.onEncrypt(materials)
          throw new Error('no')
        },
        onDecrypt: async (materials) => materials,
      },
    })
    await errorOf(() => client.encrypt('text'))
    expect(seen.map(isZero)).toEqual([true])
  })

  it('when a keyring or a CMM returns materials of its own, which are refused', async () => {
    const seen: Uint8Array[] = []
    const own = (): EncryptionMaterials => {
      const materials = new EncryptionMaterials({ suite, encryptionContext: {} }).withDataKey(
        dataKey,
      )
      seen.push(materials.dataKey)
      return materials
    }
    const onEncrypt = async () => own()
    const keyring = { onEncrypt, onDecrypt: async (materials: DecryptionMaterials) => materials }
    const decryptMaterials = () => Promise.reject(new Error('unreachable'))
    const cmm = { getEncryptionMaterials: async () => own(), decryptMaterials }
    for (const client of [new EnvelopeClient({ keyring }), new EnvelopeClient({ cmm })]) {
      expect(await errorOf(() => client.encrypt('text'))).toMatchObject({ code: 'ERR_NO_DATA_KEY' })
    }
    expect(seen.map(isZero)).toEqual([true, true])
  })

  it('when it comes after the operation was given up', async () => {
    const { keyring, seen } = recordingKeyring(dataKey)
    let answer = (): void => undefined
    const asked = new Promise<void>((resolve) => (answer = resolve))
    const client = new EnvelopeClient({
      keyring: {
        onEncrypt: async (materials) => (await asked, keyring.onEncrypt(materials)),
        onDecrypt: async (materials) => materials,
      },
    })
    const controller = new AbortController()
    const encrypting = errorOf(() => client.encrypt('text', { signal: controller.signal }))
    controller.abort()
    await encrypting
    answer()
    await new Promise((resolve) => setImmediate(resolve))
    expect(seen.map(isZero)).toEqual([true])
  })
})

describe('invariant 6: nothing shows key bytes', () => {
  const wrappingKey = Buffer.alloc(32, 0xab)
  const keyring = new RawAesKeyring({ keyNamespace: 'n', keyName: 'k', wrappingKey })
  const fields = { suite, encryptionContext: { a: 'b' } }
  const holders: Record<string, unknown> = {
    EncryptionMaterials: new EncryptionMaterials(fields).withDataKey(dataKey),
    DecryptionMaterials: new DecryptionMaterials(fields).withDataKey(dataKey),
    RawAesKeyring: keyring,
    EnvelopeClient: new EnvelopeClient({ keyring }),
  }
  const shown = (value: unknown) =>
    [
      inspect(value, { depth: Infinity, showHidden: true, getters: false }),
      JSON.stringify(value),
      String(value),
    ].join('\n')
  // The bytes as hex, as decimals and in base64.
  const traces = /(5a[ ,]?){4}|(ab[ ,]?){4}|(\b90\b\D+){4}|(\b171\b\D+){4}|WlpaWl|q6urq6/i

  it.each(Object.entries(holders))('%s', (_, holder) => {
    expect(shown(holder)).not.toMatch(traces)
  })

  it('the traces are such that they would be seen', () => {
    for (const key of [dataKey, wrappingKey]) {
      for (const text of [inspect(key), JSON.stringify(key), key.toString('base64')]) {
        expect(text).toMatch(traces)
      }
    }
  })

  it('an error about the key of a message', async () => {
    const { ciphertext } = await new EnvelopeClient({ keyring }).encrypt('text')
    const other = new RawAesKeyring({
      keyNamespace: 'n',
      keyName: 'k',
      wrappingKey: Buffer.alloc(32, 0x5a),
    })
    const error = await errorOf(() => new EnvelopeClient({ keyring: other }).decrypt(ciphertext))
    expect(error).toMatchObject({ code: 'ERR_UNWRAP_FAILED' })
    expect(shown(error)).not.toMatch(traces)
  })
})

describe('invariant 6: a data key in a cache is zeroed when it leaves, and never under an operation', () => {
  /** A cache that keeps hold of the data keys of what is loaded into it, and of what is taken out. */
  function watchedCache() {
    const cache = new LocalCryptoMaterialsCache({ capacity: 10 })
    const kept: EncryptionMaterials[] = []
    const taken: Uint8Array[] = []
    const watched: CryptographicMaterialsCache = {
      get: (request) =>
        cache.get({
          ...pick(request),
          load: async () => {
            const materials = await request.load()
            if (materials instanceof EncryptionMaterials) kept.push(materials)
            return materials
          },
          fits: (materials) => request.fits(materials),
          take: (materials) => {
            const copy = request.take(materials)
            if (copy instanceof EncryptionMaterials) taken.push(copy.dataKey)
            return copy
          },
        }),
      bypass: (...given) => {
        cache.bypass(...given)
      },
      stats: () => cache.stats(),
      clear: () => {
        cache.clear()
      },
    }
    return { cache: watched, kept, taken }
  }
  const pick = <T>(request: CacheRequest<T>) => {
    const { id, use, partitionId, maxAgeMs, charge } = request
    return { id, use, partitionId, maxAgeMs, charge }
  }

  it('encrypting', async () => {
    const { keyring, seen } = recordingKeyring(dataKey)
    const { cache, kept, taken } = watchedCache()
    const cmm = new CachingCmm({ cache, keyring, maxAgeMs: 60_000 })
    const client = new EnvelopeClient({ cmm })
    const messages = [await client.encrypt('text'), await client.encrypt('text')]
    // What the keyring made was copied; what each message got was its own.
    expect(seen.map(isZero)).toEqual([true])
    expect(taken.map(isZero)).toEqual([true, true])
    expect(kept.map((materials) => Buffer.from(materials.dataKey))).toEqual([dataKey])
    const bytes = kept.map((materials) => materials.dataKey)
    const stream = client.encryptStream({ plaintextLength: 4 })
    const header = new Promise((resolve) => stream.once('header', resolve))
    stream.write('te')
    await header
    cache.clear()
    expect(bytes.map(isZero)).toEqual([true])
    stream.end('xt')
    const streamed = Buffer.concat((await stream.toArray()) as Buffer[])
    for (const message of [...messages.map(({ ciphertext }) => ciphertext), streamed]) {
      const { plaintext } = await client.decrypt(message)
      expect(Buffer.from(plaintext).toString()).toBe('text')
    }
    // And a recording keyring's data key of each decryption, of which there was one.
    expect(seen.map(isZero)).toEqual([true, true])
  })
})
