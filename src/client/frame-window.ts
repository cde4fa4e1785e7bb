import type { FrameLayout } from '../format/frame-layout.ts'

/** A frame shorter than this costs more than its bytes, so that a window of tiny frames has fewer of them. */
const leastSlot = 128

/**
 * Verified frames that are kept for later reads; the ones unused for longest give way. They are copied into memory
 * that is used again and again: buffers that are kept for a while and then let go cost the garbage collector as much
 * time as their decryption.
 */
export class FrameWindow {
  readonly #layout: FrameLayout
  readonly #capacity: number
  /** Where each frame is; the one unused for longest first. */
  readonly #slots = new Map<number, number>()
  #memory: Uint8Array = new Uint8Array(0)

  /** Keeps at most so many bytes, and at least one frame. */
  constructor(layout: FrameLayout, mostBytes: number) {
    this.#layout = layout
    const fitting = Math.floor(mostBytes / Math.max(layout.frameLength, leastSlot))
    this.#capacity = Math.max(1, Math.min(fitting, layout.frames))
  }

  /** A frame's plaintext, valid until the next `put`. */
  get(index: number): Uint8Array | undefined {
    const slot = this.#slots.get(index)
    if (slot === undefined) return undefined
    this.#slots.delete(index)
    this.#slots.set(index, slot)
    const start = slot * this.#layout.frameLength
    return this.#memory.subarray(start, start + this.#layout.lengthOf(index))
  }

  has(index: number): boolean {
    return this.#slots.has(index)
  }

  /** Takes a frame's plaintext over, and overwrites it where it was. */
  put(index: number, plaintext: Uint8Array): void {
    if (this.has(index)) {
      plaintext.fill(0)
      return
    }
    if (this.#capacity === 1) {
      // Frames may be long then: no copy.
      this.clear()
      this.#memory = plaintext
      this.#slots.set(index, 0)
      return
    }
    const { frameLength } = this.#layout
    if (this.#memory.length === 0) this.#memory = new Uint8Array(this.#capacity * frameLength)
    const slot = this.#freeSlot()
    this.#memory.set(plaintext, slot * frameLength)
    plaintext.fill(0)
    this.#slots.set(index, slot)
  }

  /** Overwrites and forgets all. */
  clear(): void {
    this.#memory.fill(0)
    this.#memory = new Uint8Array(0)
    this.#slots.clear()
  }

  #freeSlot(): number {
    if (this.#slots.size < this.#capacity) return this.#slots.size
    for (const [oldest, slot] of this.#slots) {
      this.#slots.delete(oldest)
      return slot
    }
    throw new RangeError('A window without room')
  }
}
