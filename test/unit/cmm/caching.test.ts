import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  CachingCmm,
  EnvelopeClient,
  LocalCryptoMaterialsCache,
  RawAesKeyring,
} from '../../../src/index.ts'
import { FlakyKeyring, outage } from '../../support/flaky-keyring.ts'
import { errorOf, unsigned } from '../client/harness.ts'
import { anHour, cachedClient, dataKeyOf, times } from './harness.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

describe('a data key', () => {
  it.each([unsigned, {}])('serves many messages, and opens them all (%o)', async (options) => {
    const { client, keyring, cache } = cachedClient()
    const context = { encryptionContext: { tenant: 'acme' } }
    const sealed = []
    for (let i = 0; i < 5; i++) {
      sealed.push(await client.encrypt(`text ${i}`, { ...options, ...context }))
    }
    expect(keyring.encryptions).toBe(1)
    expect(new Set(sealed.map(({ header }) => dataKeyOf(header))).size).toBe(1)
    expect(new Set(sealed.map(({ header }) => header.messageId.join())).size).toBe(5)
    for (const [i, { ciphertext }] of sealed.entries()) {
      const { plaintext, encryptionContext } = await client.decrypt(ciphertext)
      expect(text(plaintext)).toBe(`text ${i}`)
      expect(encryptionContext).toMatchObject({ tenant: 'acme' })
    }
    expect(keyring.decryptions).toBe(1)
    expect(cache.stats()).toMatchObject({ entries: 2, misses: 2, hits: 8, bypasses: 0 })
  })

  it('opens for a client without a cache, and the other way round', async () => {
    const wrappingKey = Buffer.alloc(32, 1)
    const keyring = new RawAesKeyring({ keyNamespace: 'n', keyName: 'k', wrappingKey })
    const cache = new LocalCryptoMaterialsCache({ capacity: 10 })
    const cached = new EnvelopeClient({ cmm: new CachingCmm({ ...anHour, cache, keyring }) })
    const plain = new EnvelopeClient({ keyring })
    for (const [writer, reader] of [
      [cached, plain],
      [plain, cached],
    ] as const) {
      const { ciphertext } = await writer.encrypt('text')
      expect(text((await reader.decrypt(ciphertext)).plaintext)).toBe('text')
    }
  })

  it('is that of its encryption context, in whichever order, and of its suite', async () => {
    const { client, keyring } = cachedClient()
    await client.encrypt('text', { ...unsigned, encryptionContext: { a: '1', b: '2' } })
    await client.encrypt('text', { ...unsigned, encryptionContext: { b: '2', a: '1' } })
    expect(keyring.encryptions).toBe(1)
    const others = [{}, { a: '1' }, { a: '1', b: '3' }, { a: '1', b: '2', c: '' }, { a: '1b2' }]
    for (const encryptionContext of others) await client.encrypt('text', { encryptionContext })
    expect(keyring.encryptions).toBe(1 + others.length)
    await client.encrypt('text', { encryptionContext: { a: '1', b: '2' } })
    expect(keyring.encryptions).toBe(2 + others.length)
  })

  it('is used for maxMessages', async () => {
    const { client, keyring } = cachedClient({ maxMessages: 3 })
    const sealed = []
    for (let i = 0; i < 7; i++) sealed.push(await client.encrypt('text', unsigned))
    const keys = sealed.map(({ header }) => dataKeyOf(header))
    expect(keys.map((key) => keys.indexOf(key))).toEqual([0, 0, 0, 3, 3, 3, 6])
    expect(keyring.encryptions).toBe(3)
  })

  it('is used for maxBytes; an empty message takes none', async () => {
    const { client } = cachedClient({ maxBytes: 10 })
    const keys: string[] = []
    for (const length of [4, 6, 1, 0, 9, 1, 10, 0]) {
      const { header } = await client.encrypt(Buffer.alloc(length), unsigned)
      keys.push(dataKeyOf(header))
    }
    expect(keys.map((key) => keys.indexOf(key))).toEqual([0, 0, 2, 2, 2, 5, 6, 7])
  })

  it('serves messages longer than maxBytes only once, without the cache', async () => {
    const { client, keyring, cache } = cachedClient({ maxBytes: 10 })
    await client.encrypt(Buffer.alloc(11), unsigned)
    await client.encrypt(Buffer.alloc(11), unsigned)
    expect(keyring.encryptions).toBe(2)
    expect(cache.stats()).toMatchObject({ entries: 0, bypasses: 2 })
  })

  it('stays charged when its message fails', async () => {
    const { client, keyring } = cachedClient({ maxMessages: 2 })
    await client.encrypt('text', unsigned)
    const plaintext = new Uint8Array(4)
    const failing = errorOf(() => client.encrypt(plaintext, unsigned))
    structuredClone(plaintext, { transfer: [plaintext.buffer] })
    expect(await failing).toMatchObject({ field: 'plaintext' })
    expect(keyring.encryptions).toBe(1)
    await client.encrypt('text', unsigned)
    expect(keyring.encryptions).toBe(2)
  })
})

describe('CMMs on one cache', () => {
  const sharing = (partitionIds: readonly (string | undefined)[]) => {
    const cache = new LocalCryptoMaterialsCache({ capacity: 10 })
    const wrappingKey = Buffer.alloc(32, 1)
    return partitionIds.map((partitionId) => {
      const keyring = new FlakyKeyring('a key', wrappingKey)
      const partition = partitionId === undefined ? {} : { partitionId }
      const cmm = new CachingCmm({ ...anHour, ...partition, cache, keyring })
      return { client: new EnvelopeClient({ cmm }), keyring }
    })
  }

  it.each([
    ['two partition ids', ['a', 'b'], [2, 2]],
    ['one partition id', ['a', 'a'], [1, 1]],
    ['none', [undefined, undefined], [2, 2]],
  ] as const)('with %s', async (_, partitionIds, asked) => {
    const users = sharing(partitionIds)
    let messages: Uint8Array[] = []
    for (const { client } of users) {
      messages.push((await client.encrypt('text', unsigned)).ciphertext)
    }
    expect(users.reduce((sum, { keyring }) => sum + keyring.encryptions, 0)).toBe(asked[0])
    messages = messages.slice(0, 1)
    for (const { client } of users) for (const message of messages) await client.decrypt(message)
    expect(users.reduce((sum, { keyring }) => sum + keyring.decryptions, 0)).toBe(asked[1])
  })
})

describe('requests at the same time', () => {
  it('wait for one call, to encrypt and to decrypt', async () => {
    const { client, keyring, cache } = cachedClient()
    const sealed = await Promise.all(times(100, (i) => client.encrypt(`text ${i}`, unsigned)))
    expect(keyring.encryptions).toBe(1)
    expect(cache.stats()).toMatchObject({ misses: 1, waits: 99 })
    const opened = await Promise.all(sealed.map(({ ciphertext }) => client.decrypt(ciphertext)))
    expect(keyring.decryptions).toBe(1)
    expect(opened.map(({ plaintext }) => text(plaintext))).toEqual(times(100, (i) => `text ${i}`))
  })

  it('never get more of a key than its limits', async () => {
    const { client, keyring } = cachedClient({ maxMessages: 7, maxBytes: 40 })
    const lengths = times(60, (i) => i % 13)
    const sealed = await Promise.all(
      lengths.map((length) => client.encrypt(Buffer.alloc(length), unsigned)),
    )
    const used = new Map<string, { messages: number; bytes: number }>()
    sealed.forEach(({ header }, i) => {
      const key = dataKeyOf(header)
      const { messages, bytes } = used.get(key) ?? { messages: 0, bytes: 0 }
      used.set(key, { messages: messages + 1, bytes: bytes + (lengths[i] ?? 0) })
    })
    expect([...used.values()].every(({ messages, bytes }) => messages <= 7 && bytes <= 40)).toBe(
      true,
    )
    expect(keyring.encryptions).toBe(used.size)
  })

  it('share a failure, and the next tries again', async () => {
    const { client, keyring, cache } = cachedClient()
    const { ciphertext } = await client.encrypt('text', unsigned)
    cache.clear()
    keyring.error = outage()
    const encrypting = await Promise.all(
      times(10, () => errorOf(() => client.encrypt('text', unsigned))),
    )
    const decrypting = await Promise.all(times(10, () => errorOf(() => client.decrypt(ciphertext))))
    expect(new Set(encrypting.map(({ code }) => code))).toEqual(new Set(['ERR_WRAP_FAILED']))
    expect(new Set(decrypting.map(({ code }) => code))).toEqual(new Set(['ERR_UNWRAP_FAILED']))
    expect([keyring.encryptions, keyring.decryptions]).toEqual([2, 1])
    expect(cache.stats()).toMatchObject({ entries: 0, failures: 2 })
    keyring.error = undefined
    await client.encrypt('text', unsigned)
    await client.decrypt(ciphertext)
    expect([keyring.encryptions, keyring.decryptions]).toEqual([3, 2])
  })
})

describe('a caller that aborts', () => {
  /** A client whose keyring answers when it is told to. */
  function heldClient() {
    const keyring = new FlakyKeyring('a key')
    let answer = (): void => undefined
    const answered = new Promise<void>((resolve) => (answer = resolve))
    const signals: unknown[] = []
    const cache = new LocalCryptoMaterialsCache({ capacity: 10 })
    const cmm = new CachingCmm({
      ...anHour,
      cache,
      keyring: {
        onEncrypt: async (materials) => {
          signals.push(materials.signal)
          await answered
          return keyring.onEncrypt(materials)
        },
        onDecrypt: (materials, keys) => keyring.onDecrypt(materials, keys),
      },
    })
    return { client: new EnvelopeClient({ cmm }), keyring, cache, signals, answer }
  }

  it('leaves, and the others go on', async () => {
    const { client, keyring, signals, answer } = heldClient()
    const controller = new AbortController()
    const first = errorOf(() => client.encrypt('text', { ...unsigned, signal: controller.signal }))
    const others = times(3, () => client.encrypt('text', unsigned))
    controller.abort()
    expect(await first).toMatchObject({ code: 'ERR_ABORTED' })
    answer()
    await Promise.all(others)
    expect(keyring.encryptions).toBe(1)
    expect(signals).toEqual([undefined])
  })

  it('leaves the materials to the next, if it was alone', async () => {
    const { client, keyring, cache, answer } = heldClient()
    const controller = new AbortController()
    const alone = errorOf(() => client.encrypt('text', { ...unsigned, signal: controller.signal }))
    controller.abort()
    expect(await alone).toMatchObject({ code: 'ERR_ABORTED' })
    answer()
    await setImmediate()
    expect(cache.stats().entries).toBe(1)
    await client.encrypt('text', unsigned)
    expect(keyring.encryptions).toBe(1)
  })

  it('leaves no rejection that nobody handles, if the call fails', async () => {
    const { client, keyring, cache, answer } = heldClient()
    const unhandled: unknown[] = []
    const note = (error: unknown) => void unhandled.push(error)
    process.on('unhandledRejection', note)
    try {
      keyring.error = outage()
      const controller = new AbortController()
      const alone = errorOf(() =>
        client.encrypt('text', { ...unsigned, signal: controller.signal }),
      )
      controller.abort()
      await alone
      answer()
      await setImmediate()
      await setImmediate()
      expect(cache.stats().failures).toBe(1)
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', note)
    }
  })
})
