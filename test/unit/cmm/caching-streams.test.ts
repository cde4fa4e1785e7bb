import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EnvelopeClient, MessageHeader } from '../../../src/index.ts'
import { chunked, errorOf, throughStream, unsigned } from '../client/harness.ts'
import { cachedClient, dataKeyOf, times } from './harness.ts'

const plaintext = Buffer.alloc(1000, 7)

/** Encrypts as a stream; resolves to the data key and the message. */
async function stream(client: EnvelopeClient, options: object, bytes: Uint8Array = plaintext) {
  const stream = client.encryptStream({ ...unsigned, ...options })
  let header: MessageHeader | undefined
  stream.once('header', (value) => (header = value))
  const message = await throughStream(stream, chunked(bytes, 300))
  return { message, dataKey: header && dataKeyOf(header) }
}

describe('a stream', () => {
  it('of unknown length does without the cache, which says so', async () => {
    const { client, keyring, cache } = cachedClient()
    const streams = [await stream(client, {}), await stream(client, {})]
    expect(keyring.encryptions).toBe(2)
    expect(cache.stats()).toMatchObject({ entries: 0, bypasses: 2 })
    // To decrypt, no length is needed.
    for (const { message } of streams) {
      for (let i = 0; i < 2; i++) await throughStream(client.decryptStream(), chunked(message, 99))
    }
    expect(keyring.decryptions).toBe(2)
  })

  it('is charged plaintextLength, whatever comes', async () => {
    const { client, keyring } = cachedClient({ maxBytes: 3000 })
    const keys = [
      await stream(client, { plaintextLength: 1500 }),
      await stream(client, { plaintextLength: 1500 }, plaintext.subarray(0, 1)),
      await stream(client, { plaintextLength: 1000 }),
    ].map(({ dataKey }) => dataKey)
    expect(keys.map((key) => keys.indexOf(key))).toEqual([0, 0, 2])
    expect(keyring.encryptions).toBe(2)
  })

  it('fails before it encrypts more than it was charged', async () => {
    const { client, cache } = cachedClient({ maxBytes: 1500 })
    const bounded = client.encryptStream({ ...unsigned, plaintextLength: 900, frameLength: 100 })
    let written = 0
    bounded.on('data', (bytes: Uint8Array) => (written += bytes.length))
    const error = await errorOf(() => throughStream(bounded, chunked(plaintext, 300)))
    expect(error).toMatchObject({ code: 'ERR_PLAINTEXT_TOO_LONG' })
    // Nine frames of 100 bytes, 32 more for each, and a header of well under 1,000.
    expect(written).toBeLessThan(9 * 132 + 1000)
    // What it was charged stays charged.
    const { dataKey } = await stream(client, { plaintextLength: 600 }, plaintext.subarray(0, 600))
    const { header } = await client.encrypt('x', unsigned)
    expect(dataKeyOf(header)).not.toBe(dataKey)
    expect(cache.stats()).toMatchObject({ misses: 2 })
  })

  it('longer than maxBytes does without the cache', async () => {
    const { client, cache } = cachedClient({ maxBytes: 999 })
    await stream(client, { plaintextLength: 1000 })
    expect(cache.stats()).toMatchObject({ entries: 0, bypasses: 1 })
  })

  it('goes on after its entry was evicted', async () => {
    const { client, cache } = cachedClient()
    const sealing = client.encryptStream({ ...unsigned, plaintextLength: 1000, frameLength: 100 })
    const begun = new Promise((resolve) => sealing.once('header', resolve))
    sealing.write(plaintext.subarray(0, 500))
    await begun
    cache.clear()
    sealing.end(plaintext.subarray(500))
    const message = Buffer.concat((await sealing.toArray()) as Buffer[])
    const opening = client.decryptStream()
    const opened = new Promise((resolve) => opening.once('header', resolve))
    opening.write(message.subarray(0, 700))
    await opened
    cache.clear()
    opening.end(message.subarray(700))
    expect(Buffer.concat((await opening.toArray()) as Buffer[])).toEqual(plaintext)
  })
})

describe('files', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waxseal-'))
    await writeFile(join(folder, 'plain'), plaintext)
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('are charged their length', async () => {
    const { client, keyring } = cachedClient({ maxBytes: 2500 })
    const path = (name: string) => join(folder, name)
    const results = []
    for (const name of times(3, String)) {
      results.push(await client.encryptFile(path('plain'), path(name), unsigned))
      await client.decryptFile(path(name), path(`${name}-opened`))
      expect(await readFile(path(`${name}-opened`))).toEqual(plaintext)
    }
    const keys = results.map(({ header }) => dataKeyOf(header))
    expect(keys.map((key) => keys.indexOf(key))).toEqual([0, 0, 2])
    expect([keyring.encryptions, keyring.decryptions]).toEqual([2, 2])
  })
})
