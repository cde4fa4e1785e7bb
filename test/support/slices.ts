import {
  type AlgorithmSuiteName,
  EnvelopeClient,
  type EnvelopeClientOptions,
  type RandomAccessSource,
  algorithmSuites,
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
