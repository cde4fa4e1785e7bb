import type { FrameLayout } from '../format/frame-layout.ts'

/** A frame shorter than this costs more than its bytes, so that a window of tiny frames has fewer of them. */
const leastSlot = 128
/** Memory is allocated as frames come, so many bytes at a time: a window may be larger than what is ever read. */
const blockBytes = 1 << 20

/**
 * Verified frames that are kept for later reads; the ones unused for longest give way. They are copied into memory
 * that is used again and again: buffers that are kept for a while and then let go cost the garbage collector as much
 * time as their decryption.
 */
export class FrameWindow {
  readonly #layout: FrameLayout
  readonly #capacity: number
  readonly #slotsPerBlock: number
  /** Where each frame is; the one unused for longest first. */
  readonly #slots = new Map<number, number>()
  readonly #blocks: Uint8Array[] = []

  /** Keeps at most so many bytes, and at least one frame. */
  constructor(layout: FrameLayout, mostBytes: number) {
    this.#layout = layout
    const fitting = Math.floor(mostBytes / Math.max(layout.frameLength, leastSlot))
    this.#capacity = Math.max(1, Math.min(fitting, layout.frames))
    const inBlock = Math.max(1, Math.floor(blockBytes / layout.frameLength))
    this.#slotsPerBlock = Math.min(inBlock, this.#capacity)
  }

  /** A frame's plaintext, valid until the next `put`. */
  get(index: number): Uint8Array | undefined {
    const slot = this.#slots.get(index)
    if (slot === undefined) return undefined
    this.#slots.delete(index)
    this.#slots.set(index, slot)
    return this.#memoryOf(slot).subarray(0, this.#layout.lengthOf(index))
  }

  has(index: number): boolean {
    return this.#slots.has(index)
  }

  /** Takes a frame's plaintext over, and overwrites it where it was. */
  put(index: number, plaintext: Uint8Array): void {
    if (this.#capacity === 1 && !this.has(index)) {
      // Frames may be long then: no copy.
      this.clear()
      this.#blocks.push(plaintext)
      this.#slots.set(index, 0)
      return
    }
    if (!this.has(index)) this.#copy(index, plaintext)
    plaintext.fill(0)
  }

  /** Overwrites and forgets all. */
  clear(): void {
    for (const block of this.#blocks) block.fill(0)
    this.#blocks.length = 0
    this.#slots.clear()
  }

  #copy(index: number, plaintext: Uint8Array): void {
    const slot = this.#freeSlot()
    try {
      this.#memoryOf(slot).set(plaintext)
    } catch (error) {
      if (error instanceof RangeError) return // no memory is left: the frame is not kept
      throw error
    }
    this.#slots.set(index, slot)
  }

  #memoryOf(slot: number): Uint8Array {
    const { frameLength } = this.#layout
    const at = slot % this.#slotsPerBlock
    const blockIndex = (slot - at) / this.#slotsPerBlock
    const block = (this.#blocks[blockIndex] ??= new Uint8Array(this.#slotsPerBlock * frameLength))
    return block.subarray(at * frameLength, (at + 1) * frameLength)
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
