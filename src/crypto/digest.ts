import { createHash } from 'node:crypto'

/** SHA-384 of `bytes`. */
export function sha384(bytes: Uint8Array): Uint8Array {
  return createHash('sha384').update(bytes).digest()
}
