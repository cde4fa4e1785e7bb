import { expect } from 'vitest'
import { type EnvelopeClient, inspectMessage } from '../../src/index.ts'

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
