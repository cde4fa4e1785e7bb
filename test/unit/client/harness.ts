import { Readable } from 'node:stream'
import {
  EnvelopeClient,
  type EnvelopeClientOptions,
  type Keyring,
  RawAesKeyring,
} from '../../../src/index.ts'

const wrappingKey = Buffer.alloc(32, 1)
export const keyring: Keyring = new RawAesKeyring({
  keyNamespace: 'tests',
  keyName: 'key-1',
  wrappingKey,
})

/** A client whose messages this and every other client of these tests can read. */
export function newClient(options: EnvelopeClientOptions = {}): EnvelopeClient {
  return new EnvelopeClient({ ...(options.cmm ? {} : { keyring }), ...options })
}

/** For messages without a signature, which are quicker to make. */
export const unsigned = { algorithmSuite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY' } as const

/** What a caller without types could pass. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller's choice
export function untyped<T>(value: unknown): T {
  return value as T
}

/** The error that `work` throws or rejects with; fails if there is none. */
export async function errorOf(work: () => unknown): Promise<Record<string, unknown> & Error> {
  try {
    await work()
  } catch (error) {
    return error as Record<string, unknown> & Error
  }
  throw new Error('it succeeded')
}

/** All that comes out of a stream that is fed these chunks; rejects with the stream's error. */
export async function throughStream(
  stream: NodeJS.ReadWriteStream & { destroy(error?: Error): unknown },
  chunks: Iterable<Uint8Array>,
): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of Readable.from(chunks, { objectMode: false }).pipe(stream)) {
    pieces.push(piece as Buffer)
  }
  return Buffer.concat(pieces)
}

export function* chunked(bytes: Uint8Array, length: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}
