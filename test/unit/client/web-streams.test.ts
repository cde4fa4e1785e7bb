import { setImmediate } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  type EnvelopeClient,
  type MessageTransformStream,
  nodeBackend,
} from '../../../src/index.ts'
import { throughWebStream, webSource } from '../../support/web-streams.ts'
import { chunked, errorOf, keyring, newClient, unsigned, untyped } from './harness.ts'

// What both kinds of streams share is in streams.test.ts.

const client = newClient({ frameLength: 1024 })
const plaintext = Buffer.from(Array.from({ length: 10_000 }, (_, i) => i % 251))
let signedMessage: Buffer
let message: Buffer
beforeAll(async () => {
  signedMessage = Buffer.from((await client.encrypt(plaintext)).ciphertext)
  message = Buffer.from((await client.encrypt(plaintext, unsigned)).ciphertext)
})

const turns = async () => {
  for (let turn = 0; turn < 20; turn++) await setImmediate()
}

/** What became of a promise, which the test may leave pending. */
const settled = (promise: Promise<unknown>) =>
  promise.then(
    () => 'resolved',
    (error: unknown) => error,
  )

describe('where the platform has streams', () => {
  it('a Response is decrypted on its way, and what a Blob has encrypted', async () => {
    const sealed = new Response(
      new Blob([plaintext]).stream().pipeThrough(client.encryptTransform()),
    )
    const { body } = sealed
    if (!body) throw new Error('no body')
    const opened = new Response(body.pipeThrough(client.decryptTransform()))
    expect(Buffer.from(await opened.arrayBuffer())).toEqual(plaintext)
  })

  it('they stand between compression and decompression', async () => {
    const through = webSource(chunked(plaintext, 333))
      .pipeThrough(new CompressionStream('gzip'))
      .pipeThrough(client.encryptTransform())
      .pipeThrough(client.decryptTransform())
      .pipeThrough(new DecompressionStream('gzip'))
    expect(Buffer.from(await new Response(through).arrayBuffer())).toEqual(plaintext)
  })
})

describe('opened', () => {
  it('says what encrypt returns besides the message, before there is any output', async () => {
    const encryptionContext = { tenant: 'acme' }
    const { readable, writable, opened } = client.encryptTransform({
      ...unsigned,
      encryptionContext,
    })
    const writer = writable.getWriter()
    const events: string[] = []
    const read = readable
      .getReader()
      .read()
      .then(() => events.push('output'))
    void opened.then(() => events.push('opened'))
    await writer.write(plaintext)
    await read
    expect(events).toEqual(['opened', 'output'])
    const header = await opened
    expect(header).toMatchObject({ encryptionContext, wrapFailures: [] })
    expect(header.header).toMatchObject({ frameLength: 1024, ...unsigned })
  })

  it('says it of a message that is decrypted, once its header is authentic', async () => {
    const transform = client.decryptTransform()
    const writer = transform.writable.getWriter()
    let open = false
    void transform.opened.then(() => (open = true))
    const { headerLength } = (await client.decrypt(message)).header
    await writer.write(message.subarray(0, headerLength - 1))
    await turns()
    expect(open).toBe(false)
    await writer.write(message.subarray(headerLength - 1, headerLength))
    expect((await transform.opened).header.headerLength).toBe(headerLength)
  })

  it('rejects with the error of the stream if the header is not authentic', async () => {
    const changed = Buffer.from(message)
    const { headerLength } = (await client.decrypt(message)).header
    changed.writeUInt8(changed.readUInt8(headerLength - 1) ^ 1, headerLength - 1)
    const transform = client.decryptTransform()
    const error = await errorOf(() => throughWebStream(transform, [changed]))
    expect(error).toMatchObject({ code: 'ERR_AUTHENTICATION' })
    expect(await settled(transform.opened)).toBe(error)
  })
})

const transforms: Record<
  string,
  (options?: { signal?: AbortSignal }, by?: EnvelopeClient) => MessageTransformStream
> = {
  encryptTransform: (options, by = client) => by.encryptTransform({ ...options, ...unsigned }),
  decryptTransform: (options, by = client) => by.decryptTransform(options),
}

describe.each(Object.entries(transforms))('%s', (name, open) => {
  const input = () => (name === 'encryptTransform' ? plaintext : message)

  it('keeps the writer waiting while nobody reads', async () => {
    const large = Buffer.alloc(8 << 20)
    const source =
      name === 'encryptTransform' ? large : (await client.encrypt(large, unsigned)).ciphertext
    let read = 0
    const counted = function* () {
      for (const chunk of chunked(source, 64 * 1024)) {
        read += chunk.length
        yield chunk
      }
    }
    const output = webSource(counted()).pipeThrough(open())
    for (let turn = 0; turn < 200; turn++) await setImmediate()
    expect(read).toBeLessThan(2 << 20)

    let length = 0
    for await (const chunk of output) length += chunk.length
    expect(read).toBe(source.length)
    expect(length).toBeGreaterThanOrEqual(large.length)
  })

  it('takes a large chunk in parts, as they are read', async () => {
    const large = Buffer.alloc(8 << 20)
    const source =
      name === 'encryptTransform'
        ? large
        : Buffer.from((await client.encrypt(large, unsigned)).ciphertext)
    let worked = 0
    const backend = {
      ...nodeBackend,
      encryptGcm: (...args: Parameters<typeof nodeBackend.encryptGcm>) => (
        worked++,
        nodeBackend.encryptGcm(...args)
      ),
      decryptGcm: (...args: Parameters<typeof nodeBackend.decryptGcm>) => (
        worked++,
        nodeBackend.decryptGcm(...args)
      ),
    }
    const { readable, writable } = open({}, newClient({ frameLength: 1024, backend }))
    const writer = writable.getWriter()
    let written = false
    const writing = writer.write(source).then(() => (written = true))
    await turns()
    expect(written).toBe(false)
    expect(worked).toBeLessThan(2 * 1024) // frames of the 8,192
    void writing.then(() => writer.close())
    let length = 0
    for await (const chunk of readable) length += chunk.length
    expect(length).toBeGreaterThanOrEqual(large.length)
  })

  it.each([
    ['text', 'text'],
    ['an array', [1]],
    ['a buffer', new ArrayBuffer(3)],
    ['nothing', undefined],
  ])('refuses a chunk that is %s, on both sides', async (_, chunk) => {
    const { readable, writable, opened } = open()
    const writer = writable.getWriter()
    const error = await errorOf(() => writer.write(untyped(chunk)))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field: 'chunk' })
    expect(await settled(readable.getReader().read())).toBe(error)
    expect(await settled(writer.closed)).toBe(error)
    expect(await settled(opened)).toBe(error)
  })

  it('does not keep a chunk that its writer reuses', async () => {
    const { readable, writable } = open()
    const out = new Response(readable).arrayBuffer()
    const writer = writable.getWriter()
    const reused = Buffer.alloc(333)
    for (const chunk of chunked(input(), reused.length)) {
      reused.set(chunk)
      await writer.write(reused.subarray(0, chunk.length))
      reused.fill(0xee)
    }
    await writer.close()
    const result = Buffer.from(await out)
    const opened =
      name === 'encryptTransform' ? Buffer.from((await client.decrypt(result)).plaintext) : result
    expect(opened).toEqual(plaintext)
  })

  it('is ended on both sides by its signal', async () => {
    const controller = new AbortController()
    const { readable, writable, opened } = open({ signal: controller.signal })
    const writer = writable.getWriter()
    await writer.write(input().subarray(0, 3000))
    const reason = new Error('the reason')
    controller.abort(reason)
    const aborted = { code: 'ERR_ABORTED', name: 'AbortError', cause: reason }
    expect(await settled(readable.getReader().read())).toMatchObject(aborted)
    expect(await settled(writer.closed)).toMatchObject(aborted)
    expect(await settled(opened)).toBe('resolved')
  })

  it('hands the reason of a cancelled reader to the writer', async () => {
    const { readable, writable } = open()
    const writer = writable.getWriter()
    await writer.write(input().subarray(0, 3000))
    const reason = new Error('read enough')
    await readable.cancel(reason)
    expect(await settled(writer.write(input().subarray(3000)))).toBe(reason)
    expect(await settled(writer.closed)).toBe(reason)
  })

  it('hands the reason of an aborted writer to the reader', async () => {
    const { readable, writable } = open()
    const writer = writable.getWriter()
    await writer.write(input().subarray(0, 3000))
    const reason = new Error('the source broke')
    await writer.abort(reason)
    expect(await settled(writer.closed)).toBe(reason)
    expect(await settled(readable.getReader().read())).toBe(reason)
  })

  it('has an error with a code where no reason is given', async () => {
    const cancelled = open()
    await cancelled.readable.cancel()
    const writer = cancelled.writable.getWriter()
    expect(await settled(writer.closed)).toMatchObject({ code: 'ERR_ABORTED' })
    const aborted = open()
    await aborted.writable.abort()
    const reader = aborted.readable.getReader()
    expect(await settled(reader.read())).toMatchObject({ code: 'ERR_ABORTED' })
  })

  it.each(['cancel', 'abort', 'signal'])(
    'ends by %s while its keyring never answers',
    async (by) => {
      const stuck = newClient({
        keyring: {
          onEncrypt: () => new Promise(() => undefined),
          onDecrypt: () => new Promise(() => undefined),
        },
      })
      const controller = new AbortController()
      const { readable, writable, opened } = open({ signal: controller.signal }, stuck)
      const writer = writable.getWriter()
      const writing = settled(writer.write(input()))
      await turns()
      const reason = new Error('enough')
      if (by === 'cancel') await readable.cancel(reason)
      else if (by === 'abort') await writer.abort(reason)
      else controller.abort(reason)
      for (const promise of [writing, settled(opened), settled(writer.closed)]) {
        const error = await promise
        if (by === 'signal') expect(error).toMatchObject({ code: 'ERR_ABORTED', cause: reason })
        else expect(error).toBe(reason)
      }
    },
  )

  it.each(['cancel', 'abort'])('ends by %s while a write waits for its reader', async (by) => {
    const large = Buffer.alloc(4 << 20)
    const chunk =
      name === 'encryptTransform' ? large : (await client.encrypt(large, unsigned)).ciphertext
    const { readable, writable } = open()
    const writer = writable.getWriter()
    const writing = settled(writer.write(chunk))
    await turns()
    const reason = new Error('enough')
    if (by === 'cancel') await readable.cancel(reason)
    else await writer.abort(reason)
    expect(await writing).toBe(reason)
    expect(await settled(writer.closed)).toBe(reason)
  })

  it('asks nothing of a keyring that answers too late', async () => {
    let answer = (): void => undefined
    const asked = new Promise<void>((resolve) => (answer = resolve))
    const late = newClient({
      keyring: {
        onEncrypt: async (materials) => (await asked, keyring.onEncrypt(materials)),
        onDecrypt: async (materials, keys) => (await asked, keyring.onDecrypt(materials, keys)),
      },
    })
    const { readable, writable, opened } = open({}, late)
    const writer = writable.getWriter()
    const writing = settled(writer.write(input()))
    await turns()
    await readable.cancel(new Error('enough'))
    answer()
    await turns()
    expect(await writing).toMatchObject({ message: 'enough' })
    expect(await settled(opened)).toMatchObject({ message: 'enough' })
    expect(await settled(writer.closed)).toMatchObject({ message: 'enough' })
  })

  it('leaves no promise behind that nobody handles', async () => {
    const seen: unknown[] = []
    const listener = (error: unknown) => seen.push(error)
    process.on('unhandledRejection', listener)
    try {
      for (const end of [
        ({ readable }: MessageTransformStream) => readable.cancel(),
        ({ writable }: MessageTransformStream) => writable.abort(),
        ({ writable }: MessageTransformStream) =>
          settled(writable.getWriter().write(untyped('text'))),
      ]) {
        await end(open())
      }
      await turns()
    } finally {
      process.off('unhandledRejection', listener)
    }
    // The writer's own `closed`, which the platform takes for handled.
    expect(seen).toEqual([])
  })
})

describe('decryptTransform', () => {
  it('holds back the last frame of a signed message until the signature has come', async () => {
    const { readable, writable } = client.decryptTransform()
    const pieces: Uint8Array[] = []
    const reading = (async () => {
      for await (const piece of readable) pieces.push(piece)
    })()
    const writer = writable.getWriter()
    await writer.write(signedMessage.subarray(0, -1))
    await turns()
    expect(Buffer.concat(pieces)).toEqual(plaintext.subarray(0, 9 * 1024))
    await writer.write(signedMessage.subarray(-1))
    await writer.close()
    await reading
    expect(Buffer.concat(pieces)).toEqual(plaintext)
  })

  it("refuses a signed message under signatures: 'refuse', without a byte", async () => {
    const transform = client.decryptTransform({ signatures: 'refuse' })
    const reading = settled(transform.readable.getReader().read())
    const writer = transform.writable.getWriter()
    const error = await errorOf(() => writer.write(signedMessage))
    expect(error).toMatchObject({ code: 'ERR_SIGNED_MESSAGE_REFUSED' })
    expect(await reading).toBe(error)
  })
})
