import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AlgorithmSuiteName,
  EnvelopeClient,
  type MessageTransformStream,
  algorithmSuites,
} from '../../src/index.ts'
import { staticKeyring } from '../support/static-keyring.ts'
import {
  chunkings,
  contexts,
  cut,
  frameLengths,
  plaintexts,
  seed,
  suiteNames,
} from './arbitraries.ts'

const keyring = staticKeyring(Buffer.alloc(32, 7))
const committing = new EnvelopeClient({ keyring })
const others = new EnvelopeClient({ keyring, commitmentPolicy: 'FORBID_ENCRYPT_ALLOW_DECRYPT' })

function clientFor(suite: AlgorithmSuiteName): EnvelopeClient {
  return algorithmSuites[suite].commitment ? committing : others
}

/** What comes out of a stream, and every chunk that went in was written over once it was taken. */
async function through(stream: Duplex, chunks: Iterable<Uint8Array>): Promise<Buffer> {
  const pieces: Buffer[] = []
  stream.on('data', (piece: Buffer) => pieces.push(Buffer.from(piece)))
  const ended = once(stream, 'end')
  for (const chunk of chunks) {
    const copy = Buffer.from(chunk)
    await new Promise<void>((resolve, reject) => {
      stream.write(copy, (error) => {
        if (error) reject(error)
        else resolve()
      })
    })
    copy.fill(0xee)
  }
  stream.end()
  await ended
  return Buffer.concat(pieces)
}

/** The same of a Web Stream. */
async function throughWeb(
  { readable, writable }: MessageTransformStream,
  chunks: Iterable<Uint8Array>,
): Promise<Buffer> {
  const output = new Response(readable).arrayBuffer()
  const writer = writable.getWriter()
  for (const chunk of chunks) {
    const copy = Buffer.from(chunk)
    await writer.write(copy)
    copy.fill(0xee)
  }
  await writer.close()
  return Buffer.from(await output)
}

/** A view into the middle of a larger buffer, with bytes of others on both sides. */
function viewOf(bytes: Uint8Array, asBuffer: boolean) {
  const around = 0xa5
  const whole = new Uint8Array(bytes.length + 32).fill(around)
  whole.set(bytes, 16)
  const view = asBuffer
    ? Buffer.from(whole.buffer, 16, bytes.length)
    : new Uint8Array(whole.buffer, 16, bytes.length)
  const before = Buffer.from(whole)
  return { view, isUnchanged: () => before.equals(whole) }
}

const messages = fc.record({
  plaintext: plaintexts,
  frameLength: frameLengths,
  encryptionContext: contexts,
  suite: fc.constantFrom(...suiteNames),
})

describe('what was encrypted is what comes back', () => {
  it('at once, from views into larger buffers, which stay as they were', async () => {
    await fc.assert(
      fc.asyncProperty(messages, fc.boolean(), async (message, asBuffer) => {
        const { plaintext, frameLength, encryptionContext, suite } = message
        const client = clientFor(suite)
        const input = viewOf(plaintext, asBuffer)
        const sealed = await client.encrypt(input.view, {
          algorithmSuite: suite,
          frameLength,
          encryptionContext,
        })
        const output = viewOf(sealed.ciphertext, asBuffer)
        const opened = await client.decrypt(output.view, { encryptionContext })

        expect(Buffer.from(opened.plaintext)).toEqual(Buffer.from(plaintext))
        expect(Object.entries(opened.encryptionContext)).toEqual(
          expect.arrayContaining(Object.entries(encryptionContext)),
        )
        expect(input.isUnchanged() && output.isUnchanged()).toBe(true)
      }),
      { seed, numRuns: 300 },
    )
  })

  it('streamed in any chunks on either side, and also from one side to the other', async () => {
    await fc.assert(
      fc.asyncProperty(messages, chunkings, chunkings, async (message, into, outOf) => {
        const { plaintext, frameLength, encryptionContext, suite } = message
        const client = clientFor(suite)
        const options = { algorithmSuite: suite, frameLength, encryptionContext }
        const expected = Buffer.from(plaintext)
        const streamed = await through(client.encryptStream(options), cut(plaintext, into))
        const { ciphertext } = await client.encrypt(plaintext, options)

        const { plaintext: opened } = await client.decrypt(streamed)
        expect(Buffer.from(opened)).toEqual(expected)
        const web = await throughWeb(client.encryptTransform(options), cut(plaintext, into))
        for (const sealed of [streamed, web, ciphertext]) {
          expect(await through(client.decryptStream(), cut(sealed, outOf))).toEqual(expected)
          expect(await throughWeb(client.decryptTransform(), cut(sealed, outOf))).toEqual(expected)
        }
      }),
      { seed, numRuns: 200 },
    )
  })

  it('at once, for every plaintext length around every small frame length, signed', async () => {
    // The buffer for the plaintext is reckoned from the message's length, the footer included.
    for (let frameLength = 1; frameLength <= 6; frameLength++) {
      for (let length = 0; length <= 3 * frameLength + 1; length++) {
        const plaintext = Buffer.alloc(length, 'abc')
        const { ciphertext } = await committing.encrypt(plaintext, { frameLength })
        const opened = await committing.decrypt(ciphertext)
        expect(Buffer.from(opened.plaintext)).toEqual(plaintext)
      }
    }
  })
})
