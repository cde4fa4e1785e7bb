import { expect, it, vi } from 'vitest'
import { EnvelopeClient, type RandomAccessSource, type SealedReader } from '../../src/index.ts'
import { staticKeyring } from '../support/static-keyring.ts'
import { errorOf, isZero, watchedBackend } from './spies.ts'

const keyring = staticKeyring(Buffer.alloc(32, 1))
const options = {
  algorithmSuite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY',
  frameLength: 1000,
} as const
const length = 50_500
const sealed = new EnvelopeClient({ keyring }).encrypt(Buffer.alloc(length, 0x41), options)

/** Where a frame's ciphertext begins; frames count from 0. */
const contentOf = (headerLength: number, frame: number) => headerLength + frame * 1032 + 16

interface Message {
  readonly bytes: Buffer
  readonly headerLength: number
  /** Called when the source is asked. */
  onRead: () => void
}

const ways: Record<string, (reader: SealedReader, message: Message) => Promise<unknown>> = {
  'was closed after reads': async (reader) => {
    for (let start = 0; start < length; start += 9000) await reader.read(start, start + 500)
  },
  'was closed after all was read': (reader) => reader.read(0, length),
  'was closed while frames were read': async (reader, message) => {
    message.onRead = () => void reader.close()
    return errorOf(() => reader.read(0, length))
  },
  'was closed after a frame that was changed': (reader, { bytes, headerLength }) => {
    const at = contentOf(headerLength, 20) + 7
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
    return errorOf(() => reader.read(0, length))
  },
  'was closed after a read that was given up': (reader, message) => {
    const stop = new AbortController()
    message.onRead = () => {
      stop.abort()
    }
    return errorOf(() => reader.read(0, length, { signal: stop.signal }))
  },
}

async function openWatched(windowBytes: number) {
  const { ciphertext, header } = await sealed
  const { headerLength } = header
  const message: Message = { bytes: Buffer.from(ciphertext), headerLength, onRead: () => {} }
  const source: RandomAccessSource = {
    size: ciphertext.length,
    async read(start, end) {
      message.onRead()
      return message.bytes.subarray(start, end)
    },
  }
  const { backend, keys, decrypted } = watchedBackend()
  const reader = await new EnvelopeClient({ keyring, backend }).openMessage(source, { windowBytes })
  return { reader, message, keys, decrypted }
}

const windows = [0, 5000, 1 << 20]
it.each(
  Object.entries(ways).flatMap(([name, way]) => windows.map((bytes) => ({ name, way, bytes }))),
)(
  'no key and no plaintext is left of a reader that $name, with a window of $bytes bytes',
  async ({ way, bytes }) => {
    const { reader, message, keys, decrypted } = await openWatched(bytes)
    await way(reader, message)
    await reader.close()
    await new Promise((resolve) => setImmediate(resolve))
    expect(keys.length).toBeGreaterThan(0)
    expect(decrypted.length).toBeGreaterThan(0)
    expect(keys.every(isZero)).toBe(true)
    expect(decrypted.every(isZero)).toBe(true)
  },
)

it('what was decrypted is only in the window, if it has room, while the reader is open', async () => {
  const { reader, decrypted } = await openWatched(1 << 20)
  await reader.read(0, length)
  expect(decrypted.every(isZero)).toBe(true)
  await reader.close()
})

it('a message whose final frame was changed leaves none either', async () => {
  const { ciphertext } = await sealed
  const bytes = Buffer.from(ciphertext)
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
  const { backend, keys, decrypted } = watchedBackend()
  const client = new EnvelopeClient({ keyring, backend })
  expect(await errorOf(() => client.openMessage(bytes))).toMatchObject({
    code: 'ERR_AUTHENTICATION',
  })
  expect([keys.length, decrypted.length]).toEqual([2, 1])
  expect([...keys, ...decrypted].every(isZero)).toBe(true)
})

it('a slice that fails leaves nothing of the frames that were whole', async () => {
  const { reader, message } = await openWatched(0)
  const at = contentOf(message.headerLength, 20) + 7
  message.bytes.writeUInt8(message.bytes.readUInt8(at) ^ 1, at)
  // What is written into goes to nobody, so it is seen by who writes.
  const targets: Uint8Array[] = []
  const arrays = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array
  const set: unknown = Reflect.get(arrays, 'set')
  if (typeof set !== 'function') throw new Error('arrays cannot be set')
  const spy = vi.spyOn(arrays, 'set').mockImplementation(function (this: Uint8Array, ...given) {
    if (this.length === length) targets.push(this)
    Reflect.apply(set, this, given)
  })
  const error = await errorOf(() => reader.read(0, length))
  spy.mockRestore()
  expect(error).toMatchObject({ code: 'ERR_AUTHENTICATION' })
  // Twenty frames, and the final one, which was verified at first.
  expect(targets).toHaveLength(21)
  expect(targets.every(isZero)).toBe(true)
  await reader.close()
})
