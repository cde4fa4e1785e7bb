import { once } from 'node:events'
import { PassThrough, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  type DecryptOptions,
  DefaultCmm,
  type EncryptOptions,
  type EnvelopeClient,
  type MessageHeader,
  type MessageStream,
} from '../../../src/index.ts'
import { throughWebStream } from '../../support/web-streams.ts'
import { chunked, errorOf, keyring, newClient, throughStream, unsigned } from './harness.ts'

const client = newClient({ frameLength: 1024 })
const plaintext = Buffer.from(Array.from({ length: 10_000 }, (_, i) => i % 251))
let signedMessage: Uint8Array
let message: Uint8Array
beforeAll(async () => {
  signedMessage = (await client.encrypt(plaintext)).ciphertext
  message = (await client.encrypt(plaintext, unsigned)).ciphertext
})

/** A stream of either kind, all of it: what comes out of these chunks. */
interface Kind {
  readonly encrypt: (
    options: EncryptOptions,
    chunks: Iterable<Uint8Array>,
    by?: EnvelopeClient,
  ) => Promise<Buffer>
  readonly decrypt: (options: DecryptOptions, chunks: Iterable<Uint8Array>) => Promise<Buffer>
}

const kinds: Record<string, Kind> = {
  'streams of Node': {
    encrypt: (options, chunks, by = client) => throughStream(by.encryptStream(options), chunks),
    decrypt: (options, chunks) => throughStream(client.decryptStream(options), chunks),
  },
  'Web Streams': {
    encrypt: (options, chunks, by = client) =>
      throughWebStream(by.encryptTransform(options), chunks),
    decrypt: (options, chunks) => throughWebStream(client.decryptTransform(options), chunks),
  },
}

describe.each(Object.entries(kinds))('%s', (_, { encrypt, decrypt }) => {
  it.each([1, 777, 1024, 1 << 20])('write a message from chunks of %d', async (length) => {
    const sealed = await encrypt({}, chunked(plaintext, length))
    expect(Buffer.from((await client.decrypt(sealed)).plaintext)).toEqual(plaintext)
  })

  it('make a message of an empty input', async () => {
    const sealed = await encrypt({}, [])
    expect((await client.decrypt(sealed)).plaintext).toHaveLength(0)
    expect(await decrypt({}, [sealed])).toHaveLength(0)
  })

  it.each([9_999, 0])('refuse more than plaintextLength %d', async (plaintextLength) => {
    const error = await errorOf(() => encrypt({ plaintextLength }, chunked(plaintext, 1000)))
    expect(error).toMatchObject({ code: 'ERR_PLAINTEXT_TOO_LONG' })
  })

  it('take exactly plaintextLength, and less', async () => {
    for (const plaintextLength of [10_000, 10_001]) {
      const sealed = await encrypt({ plaintextLength }, chunked(plaintext, 1000))
      expect((await client.decrypt(sealed)).plaintext).toHaveLength(10_000)
    }
  })

  it('tell the CMM the bound on the plaintext', async () => {
    const bounds: unknown[] = []
    const inner = new DefaultCmm({ keyring })
    const watching = newClient({
      cmm: {
        getEncryptionMaterials: (request) => {
          bounds.push(request.maxPlaintextLength)
          return inner.getEncryptionMaterials(request)
        },
        decryptMaterials: (request) => inner.decryptMaterials(request),
      },
    })
    await encrypt({ plaintextLength: 50 }, [Buffer.alloc(3)], watching)
    await encrypt({}, [Buffer.alloc(3)], watching)
    expect(bounds).toEqual([50, undefined])
  })

  it('fail with the error of the keyring', async () => {
    const failing = newClient({
      keyring: {
        onEncrypt: () => Promise.reject(new Error('the HSM is off')),
        onDecrypt: keyring.onDecrypt.bind(keyring),
      },
    })
    const error = await errorOf(() => encrypt({}, [plaintext], failing))
    expect(error).toMatchObject({ code: 'ERR_WRAP_FAILED', cause: new Error('the HSM is off') })
  })

  it.each([1, 7, 1024, 1 << 20])('read a message in chunks of %d', async (length) => {
    expect(await decrypt({}, chunked(signedMessage, length))).toEqual(plaintext)
  })

  it('pass on a chunk that is many times as long as their buffers', async () => {
    const large = Buffer.alloc(5_000_001, 'abc')
    const sealed = await encrypt(unsigned, [large])
    expect((await decrypt({}, [sealed])).equals(large)).toBe(true)
  })

  it.each([0, 1, 20, 500])('fail if the input ends after %d bytes', async (length) => {
    const error = await errorOf(() => decrypt({}, [message.subarray(0, length)]))
    expect(error).toMatchObject({ code: 'ERR_TRUNCATED_MESSAGE' })
  })

  it('fail if bytes follow the message in a later chunk', async () => {
    const error = await errorOf(() => decrypt({}, [message, Buffer.of(0)]))
    expect(error).toMatchObject({ code: 'ERR_TRAILING_BYTES', offset: message.length })
  })

  it('recognise base64 that is piped into them', async () => {
    const text = Buffer.from(message).toString('base64')
    const error = await errorOf(() => decrypt({}, [Buffer.from(text)]))
    expect(error).toMatchObject({ code: 'ERR_BASE64_MESSAGE' })
  })

  it('check the expected encryption context', async () => {
    const error = await errorOf(() => decrypt({ encryptionContext: { tenant: 'acme' } }, [message]))
    expect(error).toMatchObject({ code: 'ERR_UNWRAP_FAILED' })
  })
})

describe('encryptStream', () => {
  it('encrypts text that is written to it as UTF-8', async () => {
    const stream = client.encryptStream(unsigned)
    stream.end('é')
    const sealed = await stream.toArray()
    const { plaintext } = await client.decrypt(Buffer.concat(sealed as Buffer[]))
    expect(Buffer.from(plaintext).toString()).toBe('é')
  })

  it('emits the header before the first byte', async () => {
    const stream = client.encryptStream({ encryptionContext: { a: 'b' } })
    const events: string[] = []
    let header: MessageHeader | undefined
    stream.on('header', (value) => {
      events.push('header')
      header = value
    })
    stream.on('data', () => events.push('data'))
    stream.end(plaintext)
    await once(stream, 'end')
    expect(events[0]).toBe('header')
    expect(events.filter((event) => event === 'header')).toHaveLength(1)
    expect(header?.encryptionContext).toMatchObject({ a: 'b' })
  })

  it.each([9_999, 0])('refuses more than plaintextLength %d', async (plaintextLength) => {
    const stream = client.encryptStream({ plaintextLength })
    const error = await errorOf(() => throughStream(stream, chunked(plaintext, 1000)))
    expect(error).toMatchObject({ code: 'ERR_PLAINTEXT_TOO_LONG' })
    expect(stream.destroyed).toBe(true)
  })

  it('fails with the error of its keyring, and is destroyed', async () => {
    const failing = newClient({
      keyring: {
        onEncrypt: () => Promise.reject(new Error('the HSM is off')),
        onDecrypt: keyring.onDecrypt.bind(keyring),
      },
    }).encryptStream()
    const error = await errorOf(() => throughStream(failing, [plaintext]))
    expect(error).toMatchObject({ code: 'ERR_WRAP_FAILED', cause: new Error('the HSM is off') })
    expect(failing.destroyed).toBe(true)
  })
})

describe('decryptStream', () => {
  it('emits the header once it is authentic, before the first byte', async () => {
    const events: string[] = []
    const stream = client.decryptStream()
    stream.once('header', (header: MessageHeader) => events.push(header.algorithmSuite))
    stream.on('data', () => events.push('data'))
    stream.end(message)
    await once(stream, 'end')
    expect(events[0]).toBe(unsigned.algorithmSuite)
    expect(events[1]).toBe('data')
  })

  it('emits no header that is not authentic', async () => {
    const changed = Buffer.from(message)
    const at = newHeaderLength(message) - 1
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at) // the header's tag
    const stream = client.decryptStream()
    let headers = 0
    stream.on('header', () => headers++)
    const error = await errorOf(() => throughStream(stream, [changed]))
    expect(error).toMatchObject({ code: 'ERR_AUTHENTICATION' })
    expect(headers).toBe(0)
  })

  it('holds back the last frame of a signed message until the signature has come', async () => {
    const stream = client.decryptStream()
    let length = 0
    stream.on('data', (chunk: Buffer) => (length += chunk.length))
    stream.write(signedMessage.subarray(0, -1))
    await once(stream, 'header')
    await setImmediate()
    expect(length).toBe(9 * 1024)
    stream.end(signedMessage.subarray(-1))
    await once(stream, 'end')
    expect(length).toBe(10_000)
  })

  it.each([0, 1, 20, 500])('fails if the input ends after %d bytes', async (length) => {
    const stream = client.decryptStream()
    const error = await errorOf(() => throughStream(stream, [message.subarray(0, length)]))
    expect(error).toMatchObject({ code: 'ERR_TRUNCATED_MESSAGE' })
    expect(stream.destroyed).toBe(true)
  })

  it("refuses a signed message under signatures: 'refuse', without a byte", async () => {
    const stream = client.decryptStream({ signatures: 'refuse' })
    let bytes = 0
    stream.on('data', (chunk: Buffer) => (bytes += chunk.length))
    const failed = once(stream, 'error')
    stream.end(signedMessage)
    expect(await failed).toMatchObject([{ code: 'ERR_SIGNED_MESSAGE_REFUSED' }])
    expect(bytes).toBe(0)
  })

  it('checks the expected encryption context before it emits anything', async () => {
    const stream = client.decryptStream({ encryptionContext: { tenant: 'acme' } })
    const failed = once(stream, 'error')
    stream.end(message)
    expect(await failed).toMatchObject([{ code: 'ERR_UNWRAP_FAILED' }])
  })
})

function newHeaderLength(bytes: Uint8Array): number {
  // version, suite, message id, no encryption context: what follows is one encrypted data key
  let at = 1 + 2 + 32 + 2 + 2
  const view = Buffer.from(bytes)
  for (let field = 0; field < 3; field++) at += 2 + view.readUInt16BE(at)
  return at + 1 + 4 + 32 + 16
}

const streams: Record<string, (options?: { signal?: AbortSignal }) => MessageStream> = {
  encryptStream: (options) => client.encryptStream({ ...options, ...unsigned }),
  decryptStream: (options) => client.decryptStream(options),
}

describe.each(Object.entries(streams))('%s', (name, open) => {
  const input = () => (name === 'encryptStream' ? plaintext : message)

  it('keeps the writer waiting while nobody reads', async () => {
    // Some MiB of input against buffers of 256 KiB on each side.
    const total = 8 << 20
    const large = Buffer.alloc(total)
    const source =
      name === 'encryptStream' ? large : (await client.encrypt(large, unsigned)).ciphertext
    let read = 0
    const input = Readable.from(
      (function* () {
        for (const chunk of chunked(source, 64 * 1024)) {
          read += chunk.length
          yield chunk
        }
      })(),
      { objectMode: false, highWaterMark: 1 },
    )
    const stream = open()
    input.pipe(stream)
    for (let turn = 0; turn < 200; turn++) await setImmediate()
    expect(read).toBeLessThan(2 << 20)

    let length = 0
    for await (const chunk of stream) length += (chunk as Buffer).length
    expect(read).toBe(source.length)
    expect(length).toBeGreaterThanOrEqual(total)
  })

  it('works in a pipeline to a slow writer', async () => {
    let length = 0
    const slow = new Writable({
      write(chunk: Buffer, _encoding, callback) {
        length += chunk.length
        globalThis.setImmediate(callback)
      },
    })
    await pipeline(Readable.from(chunked(input(), 999)), open(), slow)
    expect(length).toBeGreaterThanOrEqual(plaintext.length)
  })

  it('can be destroyed in the middle, with and without an error', async () => {
    for (const error of [undefined, new Error('enough')]) {
      const stream = open()
      stream.resume()
      stream.write(input().subarray(0, 3000))
      await once(stream, 'header')
      const seen: unknown[] = []
      stream.on('error', (cause) => seen.push(cause))
      stream.destroy(error)
      await once(stream, 'close').catch(() => undefined)
      expect(seen).toEqual(error ? [error] : [])
    }
  })

  it('can be destroyed while it waits for its keyring', async () => {
    let answer = (): void => undefined
    const asked = new Promise<void>((resolve) => (answer = resolve))
    const waiting = newClient({
      keyring: {
        onEncrypt: async (materials) => (await asked, keyring.onEncrypt(materials)),
        onDecrypt: async (materials, keys) => (await asked, keyring.onDecrypt(materials, keys)),
      },
      frameLength: 1024,
    })
    const stream =
      name === 'encryptStream' ? waiting.encryptStream(unsigned) : waiting.decryptStream()
    const seen: unknown[] = []
    for (const event of ['error', 'header', 'data']) stream.on(event, () => seen.push(event))
    let writeError: (Error & { code?: unknown }) | null | undefined
    stream.write(input(), (error) => (writeError = error))
    await setImmediate()
    stream.destroy()
    answer()
    for (let turn = 0; turn < 5; turn++) await setImmediate()
    expect(seen).toEqual([])
    // Nothing that sounds as if the plaintext were at fault.
    expect([undefined, 'ERR_ABORTED', 'ERR_STREAM_DESTROYED']).toContain(writeError?.code)
  })

  it('ends a pipeline that it is part of when it fails', async () => {
    const source = new PassThrough()
    const stream = open({ signal: AbortSignal.abort() })
    const error = await errorOf(() => pipeline(source, stream, new PassThrough()))
    expect(error).toMatchObject({ code: 'ERR_ABORTED' })
    expect(source.destroyed).toBe(true)
  })

  it('refuses a write after the end, as every stream of Node', async () => {
    const stream = open()
    stream.resume()
    stream.end(input())
    const failed = once(stream, 'error')
    stream.write(input())
    expect(await failed).toMatchObject([{ code: 'ERR_STREAM_WRITE_AFTER_END' }])
  })

  it('fails if a listener of its header throws', async () => {
    const stream = open()
    const bad = new Error('in the listener')
    stream.on('header', () => {
      throw bad
    })
    expect(await errorOf(() => throughStream(stream, [input()]))).toBe(bad)
  })

  it('does not keep a chunk that its writer reuses', async () => {
    const stream = open()
    const out: Buffer[] = []
    stream.on('data', (chunk: Buffer) => out.push(Buffer.from(chunk)))
    const reused = Buffer.alloc(333)
    for (const chunk of chunked(input(), reused.length)) {
      reused.set(chunk)
      await new Promise((resolve) => stream.write(reused.subarray(0, chunk.length), resolve))
      reused.fill(0xee)
    }
    stream.end()
    await once(stream, 'end')
    const result = Buffer.concat(out)
    const opened =
      name === 'encryptStream' ? Buffer.from((await client.decrypt(result)).plaintext) : result
    expect(opened).toEqual(plaintext)
  })
})
