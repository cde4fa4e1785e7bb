import { createHash } from 'node:crypto'
import type { Memory } from './call.ts'

/** What both services are given: the same bytes in each run. */
export function given(): Memory {
  return new Map([
    ['plaintext', new TextEncoder().encode('Attack at dawn')],
    ['longest', bytes('longest', 4096)],
    ['tooLong', bytes('tooLong', 4097)],
    ['material', bytes('material', 32)],
    ['otherMaterial', bytes('otherMaterial', 32)],
    ['shortMaterial', bytes('shortMaterial', 31)],
  ])
}

function bytes(seed: string, length: number): Uint8Array {
  return createHash('shake256', { outputLength: length }).update(seed).digest()
}
