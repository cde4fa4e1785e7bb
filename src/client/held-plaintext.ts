import type { PlaintextOutput } from '../engine/decryption.ts'

/** Pieces shorter than this are joined into larger ones: small frames, or a message fed byte by byte. */
const shortPiece = 16 * 1024

/** Keeps plaintext back until its tag has been verified. */
export class HeldPlaintext implements PlaintextOutput {
  readonly #push: (plaintext: Uint8Array) => void
  #pieces: Uint8Array[] = []
  /** Room for short pieces, and how much of it is taken. */
  #room: Uint8Array = new Uint8Array(0)
  #roomTaken = 0
  #heldLength = 0
  #verifiedLength = 0

  constructor(push: (plaintext: Uint8Array) => void) {
    this.#push = push
  }

  hold(plaintext: Uint8Array): void {
    this.#heldLength += plaintext.length
    if (plaintext.length >= shortPiece) {
      this.#closeRoom()
      this.#pieces.push(plaintext)
      return
    }
    if (this.#roomTaken + plaintext.length > this.#room.length) {
      this.#closeRoom()
      this.#room = new Uint8Array(4 * shortPiece)
    }
    this.#room.set(plaintext, this.#roomTaken)
    this.#roomTaken += plaintext.length
  }

  release(): void {
    this.#verifiedLength = this.#heldLength
  }

  /** Pushes what is verified, and nothing else. */
  flush(): void {
    if (this.#verifiedLength === 0) return
    this.#closeRoom()
    const rest: Uint8Array[] = []
    for (const piece of this.#pieces) {
      const verified = Math.min(piece.length, this.#verifiedLength)
      this.#verifiedLength -= verified
      this.#heldLength -= verified
      if (verified > 0) this.#push(piece.subarray(0, verified))
      if (verified < piece.length) rest.push(piece.subarray(verified))
    }
    this.#pieces = rest
  }

  /** Overwrites what was never verified. */
  wipe(): void {
    this.#closeRoom()
    for (const piece of this.#pieces) piece.fill(0)
    this.#pieces = []
  }

  #closeRoom(): void {
    if (this.#roomTaken > 0) this.#pieces.push(this.#room.subarray(0, this.#roomTaken))
    this.#room = this.#room.subarray(this.#roomTaken)
    this.#roomTaken = 0
  }
}
