import type { PlaintextOutput } from '../engine/content-decryption.ts'
import type { FrameOpening } from '../engine/frame-opening.ts'
import { checkNotAborted } from '../errors.ts'
import { copyBytes } from '../format/bytes.ts'
import type { FrameLayout } from '../format/frame-layout.ts'
import { ByteReader } from '../format/reader.ts'
import { fedEnd } from './pieces.ts'
import type { RandomAccessSource } from './sealed-reader.ts'
import { runInTurns } from './turns.ts'

/** Bytes that are fetched at a time; a longer frame is fetched in several pieces. */
export const fetchedPiece = 8 << 20

/** Where the frames of one message come from. */
export interface FrameOrigin {
  readonly source: RandomAccessSource
  readonly layout: FrameLayout
  readonly opening: FrameOpening
}

/** Fetches and decrypts a run of frames. */
export class FrameJob {
  readonly last: number
  readonly #origin: FrameOrigin
  readonly #stop = new AbortController()
  #next: number

  constructor(origin: FrameOrigin, first: number, last: number) {
    this.#origin = origin
    this.#next = first
    this.last = last
  }

  /** The frame that it brings next; behind `last` when it has brought all. */
  get next(): number {
    return this.#next
  }

  /** Brings the frames in order. What it delivers becomes the receiver's. */
  async run(deliver: (index: number, plaintext: Uint8Array) => void): Promise<void> {
    const { source, layout, opening } = this.#origin
    const { signal } = this.#stop
    const { frames, lastLength, frameSize } = layout
    const [start, end] = [layout.startOf(this.#next), layout.endOf(this.last)]
    const reader = new ByteReader(start)
    const plaintext = new FramePlaintext(
      () => layout.lengthOf(this.#next),
      (bytes) => {
        deliver(this.#next++, bytes)
      },
    )
    const parsing = opening.readFrames(reader, plaintext, {
      first: this.#next + 1,
      last: this.last + 1,
      final: { sequence: frames, length: lastLength },
    })
    try {
      for (let at = start; at < end; at += fetchedPiece) {
        let rest = await source.read(at, Math.min(at + fetchedPiece, end), signal)
        checkNotAborted(signal) // it may have been given up in the same turn
        let position = at
        const feedAll = function* (): Generator<undefined, void, undefined> {
          while (rest.length > 0) {
            const length = fedEnd(position, position + rest.length, start, frameSize) - position
            reader.feed(rest.subarray(0, length))
            rest = rest.subarray(length)
            position += length
            parsing.next()
            yield
          }
        }
        // Whoever gave the bytes may reuse them in the next turn.
        const keep = (): void => {
          reader.keep()
          rest = copyBytes(rest)
        }
        await runInTurns(feedAll(), signal, keep)
        reader.keep()
      }
      // Nothing is missing if the layout is right. If it is not, an error is better than a read that waits for ever.
      reader.end()
      parsing.next()
    } finally {
      plaintext.wipe()
    }
  }

  /** Gives the work up. */
  stop(): void {
    this.#stop.abort()
  }
}

/** Gathers the plaintext of one frame after the other. */
class FramePlaintext implements PlaintextOutput {
  readonly #expected: () => number
  readonly #deliver: (plaintext: Uint8Array) => void
  #held: Uint8Array = new Uint8Array(0)
  #length = 0

  /** @param expected says how long the frame is that comes next. */
  constructor(expected: () => number, deliver: (plaintext: Uint8Array) => void) {
    this.#expected = expected
    this.#deliver = deliver
  }

  hold(plaintext: Uint8Array): void {
    if (plaintext.length === 0) return
    const expected = this.#expected()
    if (plaintext.length === expected) {
      this.#held = plaintext // as nearly always: no copy
    } else {
      if (this.#length === 0) this.#held = new Uint8Array(expected)
      this.#held.set(plaintext, this.#length)
      plaintext.fill(0)
    }
    this.#length += plaintext.length
  }

  release(): void {
    const whole = this.#held
    this.#held = new Uint8Array(0)
    this.#length = 0
    this.#deliver(whole)
  }

  /** Overwrites what has not been verified. */
  wipe(): void {
    this.#held.fill(0)
  }
}
