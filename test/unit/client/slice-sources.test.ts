import { type FileHandle, mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  type CryptoBackend,
  type Keyring,
  type RandomAccessSource,
  nodeBackend,
} from '../../../src/index.ts'
import { clientOf, plaintextOf, unsigned } from '../../support/slices.ts'
import { staticKeyring } from '../../support/static-keyring.ts'
import { errorOf, untyped } from './harness.ts'

const client = clientOf()
const frameLength = 64
const plaintext = plaintextOf(100 * frameLength + 10)
let message: Uint8Array
beforeAll(async () => {
  message = (await client.encrypt(plaintext, { ...unsigned, frameLength })).ciphertext
})

describe('a source', () => {
  const failing: [string, () => unknown][] = [
    ['fails', () => Promise.reject(new Error('the network is down'))],
    [
      'throws',
      () => {
        throw new Error('the network is down')
      },
    ],
    ['gives less', async () => new Uint8Array(3)],
    ['gives more', async () => new Uint8Array(30_000)],
    ['gives a text', async () => 'text'],
    ['gives nothing', () => undefined],
  ]

  it.each(failing)('that %s is refused, and asked again the next time', async (_, misbehave) => {
    let broken = false
    const source: RandomAccessSource = {
      size: message.length,
      read: (start, end) =>
        broken ? untyped(misbehave()) : Promise.resolve(message.subarray(start, end)),
    }
    const reader = await client.openMessage(source)
    broken = true
    expect(await errorOf(() => reader.read(0, 100))).toMatchObject({ code: 'ERR_SOURCE' })
    broken = false
    expect(plaintext.subarray(0, 100).equals(await reader.read(0, 100))).toBe(true)
    broken = true
    expect(await errorOf(() => client.openMessage(source))).toMatchObject({ code: 'ERR_SOURCE' })
  })

  it('that never answers can be given up', async () => {
    const source: RandomAccessSource = { size: 10_000, read: () => new Promise(() => undefined) }
    const stop = new AbortController()
    const error = errorOf(() => client.openMessage(source, { signal: stop.signal }))
    stop.abort(new Error('enough'))
    expect(await error).toMatchObject({ code: 'ERR_ABORTED' })
  })

  it('may reuse its buffer in the next turn', async () => {
    const big = plaintextOf(1 << 20)
    const { ciphertext } = await client.encrypt(big, { ...unsigned, frameLength: 16 })
    const source: RandomAccessSource = {
      size: ciphertext.length,
      async read(start, end) {
        const buffer = new Uint8Array(ciphertext.subarray(start, end))
        void setImmediate().then(() => buffer.fill(0))
        return buffer
      },
    }
    const reader = await client.openMessage(source)
    expect(big.equals(await reader.read(0, reader.size))).toBe(true)
  })

  it('may do so while a key is asked for, too', async () => {
    const { ciphertext } = await client.encrypt('all of it in one read', unsigned)
    const source: RandomAccessSource = {
      size: ciphertext.length,
      async read(start, end) {
        const buffer = new Uint8Array(ciphertext.subarray(start, end))
        void setImmediate().then(() => buffer.fill(0))
        return buffer
      },
    }
    const inner = staticKeyring(Buffer.alloc(32, 9))
    const keyring: Keyring = {
      onEncrypt: (materials) => inner.onEncrypt(materials),
      async onDecrypt(materials, keys) {
        for (let turn = 0; turn < 3; turn++) await setImmediate()
        return inner.onDecrypt(materials, keys)
      },
    }
    const reader = await clientOf(undefined, { keyring }).openMessage(source)
    expect(Buffer.from(await reader.read(0, 3)).toString()).toBe('all')
  })

  it.each([-1, 1.5, 2 ** 53, Number.NaN, '5'])('with the size %s is refused', async (size) => {
    const source = { size: untyped<number>(size), read: async () => new Uint8Array(0) }
    const error = await errorOf(() => client.openMessage(source))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field: 'source.size' })
  })

  it('whose size cannot be told is refused', async () => {
    const source: RandomAccessSource = {
      get size(): number {
        throw new Error('not yet')
      },
      read: async () => new Uint8Array(0),
    }
    const error = await errorOf(() => client.openMessage(source))
    expect(error).toMatchObject({ code: 'ERR_SOURCE' })
    expect(String(error)).toContain('not yet')
  })

  it('in shared memory is copied before it is decrypted', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(message.length))
    shared.set(message)
    const read: unknown[] = []
    const backend: CryptoBackend = {
      ...nodeBackend,
      decryptGcm(...given) {
        const decryption = nodeBackend.decryptGcm(...given)
        return {
          finish: (tag) => decryption.finish(tag),
          update(ciphertext) {
            read.push(ciphertext.buffer)
            return decryption.update(ciphertext)
          },
        }
      },
    }
    const reader = await clientOf(undefined, { backend }).openMessage(shared)
    expect(plaintext.equals(await reader.read(0, reader.size))).toBe(true)
    expect(read.length).toBeGreaterThan(100)
    expect(read.some((buffer) => buffer instanceof SharedArrayBuffer)).toBe(false)
  })

  it.each([undefined, null, 5, {}, []])('that is %s is refused', async (source) => {
    const error = await errorOf(() => client.openMessage(untyped(source)))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  })
})

describe('a file', () => {
  let folder: string
  let path: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slices-'))
    path = join(folder, 'message')
    await writeFile(path, message)
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('is read by ranges, and closed', async () => {
    const reader = await client.openMessage(path)
    expect(plaintext.subarray(3000, 5000).equals(await reader.read(3000, 5000))).toBe(true)
    await reader.close()
    await reader.close()
  })

  it('that is cut off meanwhile is an error', async () => {
    const cut = join(folder, 'cut')
    await writeFile(cut, message)
    const reader = await client.openMessage(cut)
    await truncate(cut, 5000)
    const error = await errorOf(() => reader.read(0, reader.size))
    expect(error).toMatchObject({ code: 'ERR_SOURCE' })
    await reader.close()
  })

  it.each(['missing', '.'])('that is none, such as %s, is refused', async (name) => {
    const error = await errorOf(() => client.openMessage(join(folder, name)))
    expect(error).toMatchObject({ code: 'ERR_FILE' })
  })

  it.each(['stat', 'close'] as const)('whose %s fails is an error of the file', async (call) => {
    const handle = await open(path)
    const failure = Object.assign(new Error('EIO: i/o error'), { code: 'EIO', syscall: call })
    const handles = Object.getPrototypeOf(handle) as { stat: FileHandle['stat'] }
    await handle.close()
    const { stat } = handles
    const spy = vi.spyOn(handles, 'stat').mockImplementationOnce(async function (this: FileHandle) {
      if (call === 'stat') throw failure
      const close = this.close.bind(this)
      this.close = async () => {
        await close()
        throw failure
      }
      return stat.call(this)
    })
    try {
      const error = await errorOf(async () => (await client.openMessage(path)).close())
      expect(error).toMatchObject({ code: 'ERR_FILE', cause: failure })
    } finally {
      spy.mockRestore()
    }
  })

  it('without a name is refused', async () => {
    expect(await errorOf(() => client.openMessage(''))).toMatchObject({ field: 'source' })
  })
})
