import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { EnvelopeError, type SealedReader } from '../../src/index.ts'
import { anySignature, clientOf } from '../support/slices.ts'
import { cachingBackend } from './caching-backend.ts'
import {
  type Case,
  Target,
  bitFlips,
  frameLength,
  otherPlaintext,
  plaintext,
  rearrangements,
  splices,
  trailing,
  truncations,
} from './harness.ts'

// A message is opened and each of its frames read by itself: what is changed is refused where it is touched, and
// what is not is as it was.

const suites = [
  'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY',
  'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384',
  'ALG_AES_128_GCM_IV12_TAG16_NO_KDF',
] as const

const timeout = 180_000

describe.each(suites)('slices of a tampered message of %s', (algorithmSuite) => {
  const client = clientOf(algorithmSuite, { backend: cachingBackend })

  async function seal(text: Uint8Array) {
    const { ciphertext } = await client.encrypt(text, { algorithmSuite, frameLength })
    return new Target(ciphertext)
  }

  /** What came of opening it: an error, or for each of its frames whether it could be read. */
  async function open({ what, bytes }: Case): Promise<'refused' | boolean[]> {
    let reader: SealedReader
    try {
      reader = await client.openMessage(bytes, anySignature)
    } catch (error) {
      if (!EnvelopeError.is(error)) expect.fail(`${what}: ${inspect(error)}`)
      return 'refused'
    }
    if (reader.size !== plaintext.length) expect.fail(`${what}: its length is ${reader.size}`)
    const readable: boolean[] = []
    for (let start = 0; start < reader.size; start += frameLength) {
      const range = [start, start + frameLength] as const
      try {
        const slice = Buffer.from(await reader.read(...range))
        if (!slice.equals(plaintext.subarray(...range))) expect.fail(`${what}: ${slice.toString()}`)
        readable.push(true)
      } catch (error) {
        if (!EnvelopeError.is(error)) throw error
        readable.push(false)
      }
    }
    await reader.close()
    return readable
  }

  it('has no bit of a frame flipped, nor of the header', { timeout }, async () => {
    const target = await seal(plaintext)
    const { frames, header } = target
    const footerAt = target.bytes.length - target.footer.length
    let at = header.length
    const starts = frames.map((frame) => (at += frame.length) - frame.length)
    for (const [i, each] of [...bitFlips(target)].entries()) {
      const offset = i >> 3
      if (offset >= footerAt) continue // what consent to unverified signatures gives up
      const outcome = await open(each)
      const frame = starts.filter((start) => start <= offset).length - 1
      const whole = [0, 1, 2].map((index) => index !== frame)
      expect([each.what, outcome]).toEqual([
        each.what,
        frame === -1 || frame === 2 ? 'refused' : whole,
      ])
    }
  })

  it('has its whole length', { timeout }, async () => {
    const target = await seal(plaintext)
    const other = await seal(otherPlaintext)
    for (const each of [...truncations(target), ...trailing(target, other)]) {
      expect([each.what, await open(each)]).toEqual([each.what, 'refused'])
    }
  })

  it('has its frames where they were', { timeout }, async () => {
    const target = await seal(plaintext)
    const other = await seal(otherPlaintext)
    for (const each of [...rearrangements(target), ...splices(target, other, 'another')]) {
      const outcome = await open(each)
      if (outcome === 'refused' || outcome.includes(false)) continue
      if (!each.what.startsWith('footer ')) expect.fail(`${each.what}: it was read`)
    }
  })
})
