/** What an entry costs besides its plaintext, so that a window of one-byte frames stays small, too. */
const entryCost = 128

/** Verified frames that are kept for later reads; those unused for longest are overwritten and go first. */
export class FrameWindow {
  readonly #mostBytes: number
  readonly #frames = new Map<number, Uint8Array>() // the longest unused first
  #bytes = 0

  /** Keeps at most so many bytes, and at least one frame. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  /** A frame's plaintext, valid until the next `put`. */
  get(index: number): Uint8Array | undefined {
    const plaintext = this.#frames.get(index)
    if (plaintext) {
      this.#frames.delete(index)
      this.#frames.set(index, plaintext)
    }
    return plaintext
  }

  has(index: number): boolean {
    return this.#frames.has(index)
  }

  /** Takes a frame's plaintext over. */
  put(index: number, plaintext: Uint8Array): void {
    this.#remove(index)
    this.#frames.set(index, plaintext)
    this.#bytes += plaintext.length + entryCost
    for (const oldest of this.#frames.keys()) {
      if (this.#bytes <= this.#mostBytes || oldest === index) break
      this.#remove(oldest)
    }
  }

  /** Overwrites and forgets all. */
  clear(): void {
    for (const index of [...this.#frames.keys()]) this.#remove(index)
  }

  #remove(index: number): void {
    const plaintext = this.#frames.get(index)
    if (!plaintext) return
    this.#frames.delete(index)
    this.#bytes -= plaintext.length + entryCost
    plaintext.fill(0)
  }
}
