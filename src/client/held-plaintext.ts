import type { PlaintextOutput } from '../engine/content-decryption.ts'
import { copyBytes } from '../format/bytes.ts'
import { pushJoined, shortPiece } from './pieces.ts'

/**
 * Keeps plaintext back until its tag has been verified. What is pushed shares its memory with nothing
 * that is still unverified: a consumer sees the whole of a chunk's buffer.
 */
export class HeldPlaintext implements PlaintextOutput {
  readonly #push: (plaintext: Uint8Array) => void
  #unverified: Uint8Array[] = []
  #verified: Uint8Array[] = []
  /** Short unverified pieces, as of small frames or of a message fed byte by byte, and their length. */
  readonly #room = new Uint8Array(4 * shortPiece)
  #roomTaken = 0

  constructor(push: (plaintext: Uint8Array) => void) {
    this.#push = push
  }

  hold(plaintext: Uint8Array): void {
    if (plaintext.length >= shortPiece) {
      this.#emptyRoom()
      this.#unverified.push(plaintext)
      return
    }
    if (this.#roomTaken + plaintext.length > this.#room.length) this.#emptyRoom()
    this.#room.set(plaintext, this.#roomTaken)
    this.#roomTaken += plaintext.length
  }

  release(): void {
    this.#emptyRoom()
    for (const piece of this.#unverified) this.#verified.push(piece)
    this.#unverified = []
  }

  /** Pushes what is verified, and nothing else. */
  flush(): void {
    if (this.#verified.length === 0) return
    // Taken out first: a consumer may destroy the stream from within its data handler, and what it has
    // been given must not be wiped then.
    const ready = this.#verified
    this.#verified = []
    pushJoined(ready, this.#push)
  }

  /** Overwrites what has not been pushed. */
  wipe(): void {
    this.#room.fill(0)
    for (const piece of [...this.#unverified, ...this.#verified]) piece.fill(0)
    this.#unverified = []
    this.#verified = []
    this.#roomTaken = 0
  }

  #emptyRoom(): void {
    if (this.#roomTaken === 0) return
    this.#unverified.push(copyBytes(this.#room.subarray(0, this.#roomTaken)))
    this.#roomTaken = 0
  }
}
