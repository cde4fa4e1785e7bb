import { setImmediate } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  CachingCmm,
  type Keyring,
  LocalCryptoMaterialsCache,
  type RandomAccessSource,
  RequiredEncryptionContextCmm,
  type SealedReader,
} from '../../../src/index.ts'
import {
  anySignature,
  clientOf,
  plaintextOf,
  unsigned,
  watchedSource,
} from '../../support/slices.ts'
import { staticKeyring } from '../../support/static-keyring.ts'
import { errorOf } from './harness.ts'

const client = clientOf()
const frameLength = 64
const frameSize = frameLength + 32
const plaintext = plaintextOf(100 * frameLength + 10)
let message: Uint8Array
let headerLength: number
/** Long enough that the front is not all of it. */
let long: Uint8Array
beforeAll(async () => {
  const sealed = await client.encrypt(plaintext, { ...unsigned, frameLength })
  message = sealed.ciphertext
  headerLength = sealed.header.headerLength
  const options = { ...unsigned, frameLength: 4096 }
  long = (await client.encrypt(plaintextOf(40_000), options)).ciphertext
})

/** A source whose reads wait until they are let go. */
function heldSource(bytes: Uint8Array) {
  let gate: Promise<void> | undefined
  let release = (): void => {}
  const signals: (AbortSignal | undefined)[] = []
  const reads: [number, number][] = []
  const source: RandomAccessSource = {
    size: bytes.length,
    async read(start, end, signal) {
      reads.push([start, end])
      signals.push(signal)
      await gate
      return new Uint8Array(bytes.subarray(start, end))
    },
  }
  const hold = () => {
    reads.length = 0
    signals.length = 0
    gate = new Promise((resolve) => (release = resolve))
  }
  const letGo = () => {
    release()
  }
  return { source, reads, signals, hold, release: letGo }
}

const frameRange = (first: number, last: number): [number, number] => [
  headerLength + first * frameSize,
  headerLength + (last + 1) * frameSize,
]

describe('what is fetched', () => {
  it('of a short message is all of it in one read', async () => {
    const { ciphertext } = await client.encrypt('short', unsigned)
    const { source, reads } = watchedSource(ciphertext)
    const reader = await client.openMessage(source)
    expect(Buffer.from(await reader.read(1, 3)).toString()).toBe('ho')
    expect(reads).toEqual([[0, ciphertext.length]])
  })

  it('of a longer one is its front, and the final frame, each in one read', async () => {
    const { source, reads } = watchedSource(long)
    const { size, header } = await client.openMessage(source)
    expect(size).toBe(40_000)
    expect(reads).toEqual([
      [0, 8192],
      [header.headerLength + 9 * (4096 + 32), long.length],
    ])
  })

  it('of a signed one is no read more', async () => {
    const { ciphertext } = await client.encrypt(plaintextOf(40_000), { frameLength: 4096 })
    const { source, reads } = watchedSource(ciphertext)
    await client.openMessage(source, anySignature)
    expect(reads).toHaveLength(2)
  })

  it('for a header that is longer is as much as it needs', async () => {
    const encryptionContext = { long: 'x'.repeat(50_000) }
    const { ciphertext } = await client.encrypt(plaintext, { ...unsigned, encryptionContext })
    const { source, reads } = watchedSource(ciphertext)
    await client.openMessage(source)
    expect(reads.slice(0, 3)).toEqual([
      [0, 8192],
      [8192, 24_576],
      [24_576, Math.min(57_344, ciphertext.length)],
    ])
  })

  it('for a range is the frames that it touches, in one read, and none twice', async () => {
    const { source, reads } = watchedSource(message)
    const reader = await client.openMessage(source)
    reads.length = 0
    await reader.read(10 * frameLength + 5, 13 * frameLength)
    expect(reads).toEqual([frameRange(10, 12)])
    await reader.read(11 * frameLength, 11 * frameLength + 1)
    expect(reads).toHaveLength(1)
    await reader.read(9 * frameLength, 15 * frameLength)
    expect(reads.slice(1)).toEqual([frameRange(9, 9), frameRange(13, 14)])
    await reader.read(5, 5)
    expect(reads).toHaveLength(3)
  })

  it('is fetched anew once the window has let it go', async () => {
    const { source, reads } = watchedSource(message)
    const reader = await client.openMessage(source, { windowBytes: 2 * 128 })
    reads.length = 0
    for (const frame of [0, 1, 0, 2, 0, 1]) await reader.read(frame * frameLength, frame * 64 + 1)
    expect(reads).toEqual([0, 1, 2, 1].map((frame) => frameRange(frame, frame)))
  })

  it('is one frame at least that is kept', async () => {
    const { source, reads } = watchedSource(message)
    const reader = await client.openMessage(source, { windowBytes: 0 })
    reads.length = 0
    await reader.read(0, 1)
    await reader.read(1, 2)
    expect(reads).toEqual([frameRange(0, 0)])
  })

  it('of 20 MiB comes in pieces of at most 8', { timeout: 60_000 }, async () => {
    for (const each of [65536, 20 << 20]) {
      const { ciphertext } = await client.encrypt(Buffer.alloc(20 << 20, 'a piece '), {
        ...unsigned,
        frameLength: each,
      })
      const { source, reads } = watchedSource(ciphertext)
      const reader = await client.openMessage(source)
      const whole = await reader.read(0, reader.size)
      expect(Buffer.alloc(20 << 20, 'a piece ').equals(whole)).toBe(true)
      expect(Math.max(...reads.map(([start, end]) => end - start))).toBeLessThanOrEqual(8 << 20)
    }
  })
})

describe('reads at the same time', () => {
  it('share what they fetch', async () => {
    const held = heldSource(message)
    const reader = await client.openMessage(held.source)
    held.hold()
    const [first, second] = [reader.read(0, 640), reader.read(300, 700)]
    held.release()
    expect(plaintext.subarray(0, 640).equals(await first)).toBe(true)
    expect(plaintext.subarray(300, 700).equals(await second)).toBe(true)
    expect(held.reads).toEqual([frameRange(0, 9), frameRange(10, 10)])
  })

  it('give each caller bytes of its own', async () => {
    const reader = await client.openMessage(message)
    const [first, second] = await Promise.all([reader.read(0, 9), reader.read(0, 9)])
    first.fill(0)
    expect(plaintext.subarray(0, 9).equals(second)).toBe(true)
    expect(plaintext.subarray(0, 9).equals(await reader.read(0, 9))).toBe(true)
  })

  it('go on when one of them is given up, and stop when all are', async () => {
    const held = heldSource(message)
    const reader = await client.openMessage(held.source)
    held.hold()
    const [one, other] = [new AbortController(), new AbortController()]
    const given = errorOf(() => reader.read(0, 100, { signal: one.signal }))
    const kept = reader.read(0, 100, { signal: other.signal })
    one.abort()
    expect(await given).toMatchObject({ code: 'ERR_ABORTED' })
    expect(held.signals.map((signal) => signal?.aborted)).toEqual([false])
    held.release()
    expect(plaintext.subarray(0, 100).equals(await kept)).toBe(true)

    held.hold()
    const alone = new AbortController()
    const last = errorOf(() => reader.read(1000, 1100, { signal: alone.signal }))
    alone.abort()
    expect(await last).toMatchObject({ code: 'ERR_ABORTED' })
    await setImmediate()
    expect(held.signals.map((signal) => signal?.aborted)).toEqual([true])
    // What was given up is not what the next one gets.
    held.release()
    expect(plaintext.subarray(1000, 1100).equals(await reader.read(1000, 1100))).toBe(true)
  })

  it('do not fail by a frame that another wants', async () => {
    const changed = new Uint8Array(message)
    changed[headerLength + 5 * frameSize + 20] =
      0x55 ^ (changed[headerLength + 5 * frameSize + 20] ?? 0)
    const held = heldSource(changed)
    const reader = await client.openMessage(held.source)
    held.hold()
    const wide = errorOf(() => reader.read(0, 10 * frameLength))
    const before = reader.read(2 * frameLength, 3 * frameLength)
    const behind = reader.read(7 * frameLength, 9 * frameLength)
    held.release()
    expect(await wide).toMatchObject({ code: 'ERR_AUTHENTICATION' })
    expect(plaintext.subarray(2 * 64, 3 * 64).equals(await before)).toBe(true)
    expect(plaintext.subarray(7 * 64, 9 * 64).equals(await behind)).toBe(true)
  })
})

describe('closing', () => {
  it('fails what is under way and what comes', async () => {
    const held = heldSource(message)
    const reader = await client.openMessage(held.source)
    held.hold()
    const under = errorOf(() => reader.read(0, 100))
    await reader[Symbol.asyncDispose]()
    expect(await under).toMatchObject({ code: 'ERR_READER_CLOSED' })
    expect(held.signals.map((signal) => signal?.aborted)).toEqual([true])
    expect(await errorOf(() => reader.read(0, 1))).toMatchObject({ code: 'ERR_READER_CLOSED' })
    held.release()
  })

  it('asks the source for nothing more, whoever shared what', async () => {
    for (const windowBytes of [0, 1 << 20]) {
      const held = heldSource(message)
      const reader = await client.openMessage(held.source, { windowBytes })
      held.hold()
      const under = [reader.read(0, 5000), reader.read(1000, 3000), reader.read(4000, 6000)]
      const before = held.reads.length
      await reader.close()
      for (const { reason } of (await Promise.allSettled(under)) as PromiseRejectedResult[]) {
        expect(reason).toMatchObject({ code: 'ERR_READER_CLOSED' })
      }
      held.release()
      for (let turn = 0; turn < 3; turn++) await setImmediate()
      expect(held.reads).toHaveLength(before)
    }
  })

  it('within the source, while it is asked again for those whose frames are whole', async () => {
    const changed = new Uint8Array(message)
    changed[headerLength + 20] = 0x55 ^ (changed[headerLength + 20] ?? 0)
    const open: { reader?: SealedReader } = {}
    let reads = 0
    const source: RandomAccessSource = {
      size: changed.length,
      read(start, end) {
        if (open.reader && ++reads === 2) void open.reader.close()
        return Promise.resolve(changed.subarray(start, end))
      },
    }
    const reader = await client.openMessage(source)
    open.reader = reader
    const ranges: [number, number][] = [
      [0, 600],
      [100, 200],
      [300, 400],
    ]
    const codes = ranges.map(([start, end]) => errorOf(() => reader.read(start, end)))
    expect(await Promise.all(codes)).toMatchObject([
      { code: 'ERR_AUTHENTICATION' },
      { code: 'ERR_READER_CLOSED' },
      { code: 'ERR_READER_CLOSED' },
    ])
    for (let turn = 0; turn < 3; turn++) await setImmediate()
    expect(reads).toBe(2)
  })

  it('may happen while the source is asked', async () => {
    const open: { reader?: SealedReader } = {}
    const source: RandomAccessSource = {
      size: message.length,
      async read(start, end) {
        await open.reader?.close()
        return message.subarray(start, end)
      },
    }
    const reader = await client.openMessage(source)
    open.reader = reader
    expect(await errorOf(() => reader.read(0, 1))).toMatchObject({ code: 'ERR_READER_CLOSED' })
  })
})

it('tells the header and all the pairs, those that are not stored among them', async () => {
  const keyring = staticKeyring(Buffer.alloc(32, 9))
  const cmm = new RequiredEncryptionContextCmm({ requiredKeys: ['secret'], keyring })
  const strict = clientOf(undefined, { cmm })
  const encryptionContext = { tenant: 'acme', secret: 'x' }
  const { ciphertext, header } = await strict.encrypt('text', { ...unsigned, encryptionContext })
  const reader = await strict.openMessage(ciphertext, { encryptionContext: { secret: 'x' } })
  expect(reader.encryptionContext).toEqual(encryptionContext)
  expect(reader.header).toEqual(header)
  expect(await errorOf(() => strict.openMessage(ciphertext))).toBeInstanceOf(Error)
})

it('asks a caching CMM once for many openings', async () => {
  let asked = 0
  const inner = staticKeyring(Buffer.alloc(32, 9))
  const keyring: Keyring = {
    onEncrypt: (materials) => inner.onEncrypt(materials),
    onDecrypt(materials, keys) {
      asked++
      return inner.onDecrypt(materials, keys)
    },
  }
  const cache = new LocalCryptoMaterialsCache({ capacity: 10 })
  const caching = clientOf(undefined, {
    cmm: new CachingCmm({ cache, keyring, maxAgeMs: 60_000 }),
  })
  for (let time = 0; time < 3; time++) await (await caching.openMessage(message)).close()
  expect(asked).toBe(1)
})
