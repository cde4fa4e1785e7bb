import { createHash, hash } from 'node:crypto'

/** SHA-384 of `bytes`. */
export function sha384(bytes: Uint8Array): Uint8Array {
  return createHash('sha384').update(bytes).digest()
}

/** The same in base64: half the time, for `hash` makes no object for a single call. */
export function sha384Text(bytes: Uint8Array): string {
  return hash('sha384', bytes, 'base64')
}
