import { expect } from 'vitest'
import {
  type AlgorithmSuiteName,
  EnvelopeClient,
  type EnvelopeClientOptions,
  type RandomAccessSource,
  algorithmSuites,
  inspectMessage,
} from '../../src/index.ts'
import { staticKeyring } from './static-keyring.ts'

const dataKey = Buffer.alloc(32, 9)
export const unsigned = { algorithmSuite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY' } as const
/** Consent to read signed messages without their signature. */
export const anySignature = { signatures: 'dangerouslyUnverified' } as const

/** Writes messages of this suite, and reads those of all. */
export function clientOf(
  suite: AlgorithmSuiteName = unsigned.algorithmSuite,
  options: EnvelopeClientOptions = {},
): EnvelopeClient {
  return new EnvelopeClient({
    ...(options.cmm ? {} : { keyring: staticKeyring(dataKey) }),
    commitmentPolicy: algorithmSuites[suite].commitment
      ? 'REQUIRE_ENCRYPT_ALLOW_DECRYPT'
      : 'FORBID_ENCRYPT_ALLOW_DECRYPT',
    ...options,
  })
}

/** Bytes of which no two neighbouring frames are alike. */
export function plaintextOf(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) & 0xff))
}

/** A source that notes what it is asked for. */
export function watchedSource(bytes: Uint8Array): {
  source: RandomAccessSource
  reads: [start: number, end: number][]
} {
  const reads: [number, number][] = []
  const source: RandomAccessSource = {
    size: bytes.length,
    async read(start, end) {
      reads.push([start, end])
      return new Uint8Array(bytes.subarray(start, end))
    },
  }
  return { source, reads }
}

interface SlicesOptions {
  encryptionContext?: Record<string, string>
}

/**
 * Reads a message slice by slice, and expects the plaintext's; of one that cannot be read so, that it does not open:
 * one without frames never does, and a signed one only by consent.
 */
export async function expectSlices(
  client: EnvelopeClient,
  message: Uint8Array,
  plaintext: Uint8Array,
  options: SlicesOptions = {},
): Promise<void> {
  const { contentType, frameLength, encryptionContext } = inspectMessage(message)
  const isSigned = 'aws-crypto-public-key' in encryptionContext
  const consent = { ...options, signatures: 'dangerouslyUnverified' as const }
  if (contentType === 'non-framed') {
    const opening = client.openMessage(message, consent)
    await expect(opening).rejects.toMatchObject({ code: 'ERR_NON_FRAMED_MESSAGE' })
    return
  }
  if (isSigned) {
    const opening = client.openMessage(message, options)
    await expect(opening).rejects.toMatchObject({ code: 'ERR_SIGNED_MESSAGE_REFUSED' })
  }
  const reader = await client.openMessage(message, isSigned ? consent : options)
  try {
    expect(reader.size).toBe(plaintext.length)
    for (const [start, end] of slicesOf(plaintext.length, frameLength)) {
      const slice = await reader.read(start, end)
      expect(Buffer.from(slice).equals(plaintext.subarray(start, end)), `${start}-${end}`).toBe(
        true,
      )
    }
  } finally {
    await reader.close()
  }
}

/** Pieces that make up the whole, bytes around the ends of frames, the whole, and nothing. */
function slicesOf(size: number, frameLength: number): [start: number, end: number][] {
  const length = Math.ceil(size / 5) + 1
  const pieces = Array.from({ length: Math.ceil(size / length) }, (_, index) => index * length)
  const seams = [0, 1, 2, 3].map((frames) => frames * frameLength)
  const slices: [number, number][] = [
    ...pieces.map((start): [number, number] => [start, start + length]),
    ...seams.map((seam): [number, number] => [seam - 1, seam + 1]),
    [0, size],
    [size, size],
    [size - 1, size],
  ]
  return slices.map(([start, end]) => [
    Math.min(size, Math.max(0, start)),
    Math.min(size, Math.max(0, end)),
  ])
}
