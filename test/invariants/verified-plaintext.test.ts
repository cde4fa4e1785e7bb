import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { EnvelopeClient, inspectMessage } from '../../src/index.ts'
import { staticKeyring } from '../support/static-keyring.ts'
import { errorOf, isZero, watchedBackend } from './spies.ts'

// The exhaustive test of this invariant, and of 3, is test/tampering.
const keyring = staticKeyring(Buffer.alloc(32, 1))
const unsigned = { algorithmSuite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY' } as const
const frameLength = 8
const plaintext = Buffer.from('frame--1frame--2frame--3')
const regularFrame = 4 + 12 + frameLength + 16

async function seal(options: object): Promise<{ bytes: Buffer; bodyAt: number }> {
  const { ciphertext, header } = await new EnvelopeClient({ keyring, frameLength }).encrypt(
    plaintext,
    options,
  )
  return { bytes: Buffer.from(ciphertext), bodyAt: header.headerLength }
}

/** What a stream has released once it has been given the first `length` bytes and no more. */
async function releasedAfter(bytes: Uint8Array, length: number): Promise<string> {
  const stream = new EnvelopeClient({ keyring }).decryptStream()
  let released = ''
  stream.on('data', (chunk: Buffer) => (released += chunk.toString()))
  stream.write(bytes.subarray(0, length))
  await once(stream, 'header')
  await setImmediate()
  stream.destroy()
  return released
}

describe('invariant 1: no plaintext before its tag', () => {
  it('releases a frame with the last byte of its tag, and not one byte earlier', async () => {
    const { bytes, bodyAt } = await seal(unsigned)
    expect(await releasedAfter(bytes, bodyAt + regularFrame - 1)).toBe('')
    expect(await releasedAfter(bytes, bodyAt + regularFrame)).toBe('frame--1')
    expect(await releasedAfter(bytes, bodyAt + 2 * regularFrame - 1)).toBe('frame--1')
    expect(await releasedAfter(bytes, bytes.length - 1)).toBe('frame--1frame--2')
    expect(await releasedAfter(bytes, bytes.length)).toBe(plaintext.toString())
  })

  it('holds back the last frame of a signed message until the signature verifies', async () => {
    const { bytes } = await seal({})
    expect(await releasedAfter(bytes, bytes.length - 1)).toBe('frame--1frame--2')
    expect(await releasedAfter(bytes, bytes.length)).toBe(plaintext.toString())
  })

  it("verifies the header's tag first, and with it wrong decrypts nothing", async () => {
    const { bytes, bodyAt } = await seal(unsigned)
    bytes.writeUInt8(bytes.readUInt8(bodyAt - 1) ^ 1, bodyAt - 1)
    const { backend, calls } = watchedBackend()
    const client = new EnvelopeClient({ keyring, backend })
    expect(await errorOf(() => client.decrypt(bytes))).toMatchObject({ code: 'ERR_AUTHENTICATION' })
    expect(calls).toEqual(['compare commitment', 'verify tag 0'])
  })
})

describe('invariant 1: no slice before the tags of all its frames', () => {
  it('verifies the header, then the final frame, then those that are touched', async () => {
    const { bytes } = await seal(unsigned)
    const { backend, calls } = watchedBackend()
    const reader = await new EnvelopeClient({ keyring, backend }).openMessage(bytes)
    expect(calls).toEqual(['compare commitment', 'verify tag 0', 'verify tag 3'])
    await reader.read(frameLength - 1, frameLength + 1)
    expect(calls.slice(3)).toEqual(['verify tag 1', 'verify tag 2'])
  })

  it('keeps nothing of a frame whose tag is wrong', async () => {
    const { bytes, bodyAt } = await seal(unsigned)
    bytes.writeUInt8(bytes.readUInt8(bodyAt + 20) ^ 1, bodyAt + 20)
    const { backend, decrypted } = watchedBackend()
    const reader = await new EnvelopeClient({ keyring, backend }).openMessage(bytes)
    decrypted.length = 0
    for (let time = 0; time < 2; time++) {
      expect(await errorOf(() => reader.read(0, 1))).toMatchObject({ code: 'ERR_AUTHENTICATION' })
    }
    expect(decrypted).toHaveLength(2)
    expect(decrypted.every(isZero)).toBe(true)
  })
})

describe('invariant 3: frames in sequence, nonces as prescribed, nothing behind the end', () => {
  it('encrypts the header under the nonce 0 and the frames under 1, 2, 3, …', async () => {
    const { backend, calls } = watchedBackend()
    await new EnvelopeClient({ keyring, frameLength, backend }).encrypt(plaintext, unsigned)
    expect([...calls].sort()).toEqual(['encrypt 0', 'encrypt 1', 'encrypt 2', 'encrypt 3'])
  })

  it('writes them so, too', async () => {
    const { bytes } = await seal(unsigned)
    const { headerLength } = inspectMessage(bytes)
    const nonces = [0, 1, 2].map((frame) => {
      const at = headerLength + frame * regularFrame + (frame === 2 ? 8 : 4)
      return bytes.subarray(at, at + 12).toString('hex')
    })
    expect(nonces).toEqual([1, 2, 3].map((number) => number.toString(16).padStart(24, '0')))
  })

  it('refuses a frame out of sequence, and a byte behind the end', async () => {
    const { bytes, bodyAt } = await seal(unsigned)
    const frame = (index: number) =>
      bytes.subarray(bodyAt + index * regularFrame, bodyAt + (index + 1) * regularFrame)
    const swapped = Buffer.concat([bytes.subarray(0, bodyAt), frame(1), frame(0), frame(2)])
    const client = new EnvelopeClient({ keyring })
    expect(await errorOf(() => client.decrypt(swapped))).toMatchObject({
      code: 'ERR_MALFORMED_MESSAGE',
    })
    const longer = Buffer.concat([bytes, Buffer.alloc(1)])
    expect(await errorOf(() => client.decrypt(longer))).toMatchObject({
      code: 'ERR_TRAILING_BYTES',
      offset: bytes.length,
    })
  })
})

describe('invariant 4: the commitment first', () => {
  it("is compared in constant time, before the header's tag", async () => {
    const { bytes } = await seal(unsigned)
    const { backend, calls } = watchedBackend()
    await new EnvelopeClient({ keyring, backend }).decrypt(bytes)
    expect(calls.slice(0, 2)).toEqual(['compare commitment', 'verify tag 0'])
    expect(calls.filter((call) => call === 'compare commitment')).toHaveLength(1)
  })

  it('is all that is looked at if it is wrong', async () => {
    const { bytes } = await seal(unsigned)
    const { backend, calls } = watchedBackend()
    const client = new EnvelopeClient({ keyring: staticKeyring(Buffer.alloc(32, 2)), backend })
    expect(await errorOf(() => client.decrypt(bytes))).toMatchObject({ code: 'ERR_COMMITMENT' })
    expect(calls).toEqual(['compare commitment'])
  })
})
