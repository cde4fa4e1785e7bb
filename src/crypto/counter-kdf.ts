import type { CryptoBackend, HashName } from './backend.ts'

/**
 * A key derived by HMAC in counter mode (SP 800-108r1, 4.1): blocks of HMAC over counter, label, a zero
 * byte, context and the derived key's length in bits, with 32 bits for the counter and the length. The
 * result is the caller's to overwrite.
 */
export function deriveByCounter(
  backend: CryptoBackend,
  hash: HashName,
  key: Uint8Array,
  label: Uint8Array,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const input = Buffer.concat([Buffer.alloc(4), label, Buffer.alloc(1), context, Buffer.alloc(4)])
  input.writeUInt32BE(8 * length, input.length - 4)
  const derived = new Uint8Array(length)
  for (let at = 0, counter = 1; at < length; counter++) {
    input.writeUInt32BE(counter)
    const block = backend.hmac(hash, key, input)
    derived.set(block.subarray(0, length - at), at)
    at += block.length
    block.fill(0)
  }
  return derived
}
