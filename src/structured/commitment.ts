import type { CryptoBackend } from '../crypto/backend.ts'

const commitmentLength = 32

/**
 * The header's commitment to the data key. The specification says HMAC with SHA-384 (header.md, "Commitment
 * Calculation"); what AWS's libraries write is SHA-512, the hash of the suite's commitment.
 */
export function commitmentOf(
  backend: CryptoBackend,
  commitKey: Uint8Array,
  body: Uint8Array,
): Uint8Array {
  return backend.hmac('sha512', commitKey, body).subarray(0, commitmentLength)
}
