import { createHash, hash } from 'node:crypto'

/** SHA-384 of `bytes`. */
export function sha384(bytes: Uint8Array): Uint8Array {
  return createHash('sha384').update(bytes).digest()
}

/** The same in base64: half the time, for `hash` makes no object for a single call. */
export function sha384Text(bytes: Uint8Array): string {
  return hash('sha384', bytes, 'base64')
}

/** A digest of bytes that come one after the other. */
export interface RunningDigest {
  update(bytes: Uint8Array): void
  /** To be called once, at the end. */
  digest(): Uint8Array
}

/** Begins a SHA-256 of more bytes than are held at once. */
export function startSha256(): RunningDigest {
  const hashing = createHash('sha256')
  return { update: (bytes) => void hashing.update(bytes), digest: () => hashing.digest() }
}
