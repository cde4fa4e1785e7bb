import { copyBytes } from '../format/bytes.ts'
import type { RandomAccessSource } from './random-access.ts'

/** A source whose last bytes are fetched once and kept for a while. */
export class HeldTail implements RandomAccessSource {
  readonly size: number
  readonly #source: RandomAccessSource
  #tail: Uint8Array = new Uint8Array(0)

  constructor(source: RandomAccessSource) {
    this.#source = source
    this.size = source.size
  }

  /** Fetches all from `start` on, unless it is there. */
  async hold(start: number, signal: AbortSignal | undefined): Promise<void> {
    if (start >= this.#tailStart) return
    // A copy, since what a source returns is its own again in the next turn.
    this.#tail = copyBytes(await this.#source.read(start, this.size, signal))
  }

  read(start: number, end: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const tailStart = this.#tailStart
    if (start < tailStart) return this.#source.read(start, end, signal)
    return Promise.resolve(this.#tail.subarray(start - tailStart, end - tailStart))
  }

  /** Lets go of the bytes. */
  drop(): void {
    this.#tail = new Uint8Array(0)
  }

  get #tailStart(): number {
    return this.size - this.#tail.length
  }
}
