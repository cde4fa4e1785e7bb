import { once } from 'node:events'
import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { EnvelopeClient, EnvelopeError, inspectMessage } from '../../src/index.ts'
import { staticKeyring } from '../support/static-keyring.ts'
import { chunkings, cut, seed } from './arbitraries.ts'

// A keyring that has the data key whatever the message says: parsing is not stopped by it.
const client = new EnvelopeClient({
  keyring: staticKeyring(Buffer.alloc(32, 7)),
  commitmentPolicy: 'FORBID_ENCRYPT_ALLOW_DECRYPT',
})

async function errorOf(work: () => unknown): Promise<unknown> {
  try {
    await work()
    return undefined
  } catch (error) {
    return error
  }
}

async function streamError(chunks: Iterable<Uint8Array>): Promise<unknown> {
  const stream = client.decryptStream()
  let error: unknown
  stream.once('error', (cause) => (error = cause)).resume()
  const closed = once(stream, 'close').catch(() => undefined)
  for (const chunk of chunks) stream.write(chunk)
  stream.end()
  await closed
  return error
}

const codes = (errors: readonly unknown[]) =>
  errors.map((error) => (EnvelopeError.is(error) ? 'EnvelopeError' : error))

/** Bytes that begin as a message does, so that some of them get past the first check. */
const almostMessages = fc
  .tuple(
    fc.constantFrom(
      '',
      '01',
      '0180',
      '01800178',
      '01800014',
      '02',
      '020478',
      '020578',
      '4159',
      '41',
    ),
    fc.uint8Array({ maxLength: 300 }),
  )
  .map(([start, rest]) => Buffer.concat([Buffer.from(start, 'hex'), rest]))

/** A change of a message: some bytes replaced by others, of another number. */
const edits = fc.array(
  fc.record({
    at: fc.nat(400),
    remove: fc.nat(6),
    insert: fc.oneof(fc.uint8Array({ maxLength: 6 }), fc.constant(Buffer.alloc(4, 0xff))),
  }),
  { minLength: 1, maxLength: 3 },
)

describe('whatever bytes come, the only errors are EnvelopeErrors', () => {
  it('random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(almostMessages, chunkings, async (bytes, lengths) => {
        const whole = await errorOf(() => client.decrypt(bytes))
        const streamed = await streamError(cut(bytes, lengths))
        expect(codes([whole, streamed])).toEqual(['EnvelopeError', 'EnvelopeError'])
        const inspected = await errorOf(() => inspectMessage(bytes))
        if (inspected !== undefined) expect(codes([inspected])).toEqual(['EnvelopeError'])
      }),
      { seed, numRuns: 1000 },
    )
  })

  let messages: Buffer[]
  beforeAll(async () => {
    const committing = new EnvelopeClient({ keyring: staticKeyring(Buffer.alloc(32, 7)) })
    const options = { frameLength: 10, encryptionContext: { a: 'b', c: 'd' } }
    const sealed = await Promise.all([
      client.encrypt('some text of three frames', options),
      committing.encrypt('some text of three frames', options),
    ])
    messages = sealed.map(({ ciphertext }) => Buffer.from(ciphertext))
  })

  it('mutated messages', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1), edits, chunkings, async (which, changes, lengths) => {
        const original = messages[which] ?? Buffer.alloc(0)
        let bytes = original
        for (const { at, remove, insert } of changes) {
          bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)])
        }
        fc.pre(!bytes.equals(original))
        const whole = await errorOf(() => client.decrypt(bytes))
        const streamed = await streamError(cut(bytes, lengths))
        expect(codes([whole, streamed])).toEqual(['EnvelopeError', 'EnvelopeError'])
        const inspected = await errorOf(() => inspectMessage(bytes))
        if (inspected !== undefined) expect(codes([inspected])).toEqual(['EnvelopeError'])
      }),
      { seed, numRuns: 1000 },
    )
  })
})
