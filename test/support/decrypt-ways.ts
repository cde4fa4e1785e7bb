import { Readable } from 'node:stream'
import type { DecryptOptions, EnvelopeClient } from '../../src/index.ts'
import { throughWebStream } from './web-streams.ts'

/** Decrypts in one way or another; resolves to the plaintext. */
export type DecryptWay = (
  client: EnvelopeClient,
  ciphertext: Uint8Array,
  options?: DecryptOptions,
) => Promise<Uint8Array>

async function streamed(
  client: EnvelopeClient,
  chunks: Iterable<Uint8Array>,
  options?: DecryptOptions,
): Promise<Uint8Array> {
  const source = Readable.from(chunks, { objectMode: false })
  const stream = client.decryptStream(options)
  source.on('error', (error) => stream.destroy(error))
  const pieces: Buffer[] = []
  for await (const piece of source.pipe(stream)) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

/** One chunk a byte. */
function* bytewise(bytes: Uint8Array): Generator<Uint8Array> {
  for (const byte of bytes) yield Uint8Array.of(byte)
}

function* chunked(bytes: Uint8Array, length: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

function webStreamed(
  client: EnvelopeClient,
  chunks: Iterable<Uint8Array>,
  options?: DecryptOptions,
): Promise<Uint8Array> {
  return throughWebStream(client.decryptTransform(options), chunks)
}

/** Every way to decrypt a message: all at once, and by either kind of stream as one chunk, in chunks, byte by byte. */
export const decryptWays = {
  'one-shot': async (client, ciphertext, options) =>
    (await client.decrypt(ciphertext, options)).plaintext,
  streamed: (client, ciphertext, options) => streamed(client, [ciphertext], options),
  'streamed in chunks of 61': (client, ciphertext, options) =>
    streamed(client, chunked(ciphertext, 61), options),
  'streamed byte by byte': (client, ciphertext, options) =>
    streamed(client, bytewise(ciphertext), options),
  'web stream': (client, ciphertext, options) => webStreamed(client, [ciphertext], options),
  'web stream, byte by byte': (client, ciphertext, options) =>
    webStreamed(client, bytewise(ciphertext), options),
} as const satisfies Record<string, DecryptWay>
