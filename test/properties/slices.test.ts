import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type SealedReader, nodeBackend } from '../../src/index.ts'
import { nobleBackend } from '../../src/noble.ts'
import { anySignature, clientOf, plaintextOf, unsigned } from '../support/slices.ts'
import { chunked, throughStream } from '../unit/client/harness.ts'
import { seed, suiteNames } from './arbitraries.ts'

/** A range of a plaintext of this length. */
const rangesOf = (length: number) =>
  fc
    .tuple(fc.integer({ min: 0, max: length }), fc.integer({ min: 0, max: length }))
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)

async function checkRanges(reader: SealedReader, plaintext: Buffer, numRuns: number) {
  expect(reader.size).toBe(plaintext.length)
  const property = fc.asyncProperty(rangesOf(plaintext.length), async ([start, end]) => {
    const slice = await reader.read(start, end)
    expect(plaintext.subarray(start, end).equals(slice)).toBe(true)
  })
  await fc.assert(property, { seed, numRuns })
  const whole = await reader.read(0, reader.size)
  expect(plaintext.equals(whole)).toBe(true)
}

const lengthsAround = (frame: number): number[] => [
  ...new Set([0, 1, frame - 1, frame, frame + 1, 3 * frame, 3 * frame + 2]),
]

describe.each(suiteNames)('a slice of a message of %s', (algorithmSuite) => {
  const client = clientOf(algorithmSuite)

  it.each([1, 7, 4096, 65536])(
    'is that of the plaintext, in frames of %i bytes',
    async (frameLength) => {
      for (const length of lengthsAround(frameLength)) {
        const plaintext = plaintextOf(length)
        const options = { algorithmSuite, frameLength }
        const { ciphertext } = await client.encrypt(plaintext, options)
        const chunks = chunked(plaintext, Math.max(1, frameLength))
        // A stream does not know which frame is the last: it may write an empty one.
        const streamed = await throughStream(client.encryptStream(options), chunks)
        for (const message of [ciphertext, streamed]) {
          const reader = await client.openMessage(message, { ...anySignature, windowBytes: 256 })
          await checkRanges(reader, plaintext, 12)
          await reader.close()
        }
      }
    },
  )
})

it.each([
  ['node', nodeBackend],
  ['noble', nobleBackend],
])('slices read at the same time are right, with %s', async (_, backend) => {
  const client = clientOf(undefined, { backend })
  const plaintext = plaintextOf(5000)
  const { ciphertext } = await client.encrypt(plaintext, { frameLength: 64, ...unsigned })
  const ranges = fc.array(rangesOf(plaintext.length), { minLength: 2, maxLength: 12 })
  const windows = fc.constantFrom(0, 200, 1000, 1 << 20)
  const property = fc.asyncProperty(ranges, windows, async (all, windowBytes) => {
    const reader = await client.openMessage(ciphertext, { windowBytes })
    const slices = await Promise.all(all.map(([start, end]) => reader.read(start, end)))
    await reader.close()
    for (const [i, [start, end]] of all.entries()) {
      expect(plaintext.subarray(start, end).equals(slices[i] ?? Buffer.alloc(0))).toBe(true)
    }
  })
  await fc.assert(property, { seed, numRuns: 30 })
})
