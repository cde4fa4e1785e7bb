import { finalFrameOverhead, maxFrames, regularFrameOverhead } from './body.ts'

/**
 * Where the frames of a framed message lie, reckoned from how long its body is. It is only a claim until the final
 * frame has been verified where it says.
 */
export class FrameLayout {
  /** Bytes of plaintext in each frame but the last. */
  readonly frameLength: number
  /** Bytes of plaintext in the last frame. */
  readonly lastLength: number
  /** How many frames there are, the last one included; the sequence number of the last. */
  readonly frames: number
  readonly #bodyStart: number

  private constructor(bodyStart: number, frameLength: number, frames: number, lastLength: number) {
    this.#bodyStart = bodyStart
    this.frameLength = frameLength
    this.frames = frames
    this.lastLength = lastLength
  }

  /** The frames of a body between these offsets; `undefined` if no frames can fill it. */
  static between(bodyStart: number, bodyEnd: number, frameLength: number): FrameLayout | undefined {
    const finalStart = FrameLayout.startOfFinal(bodyStart, bodyEnd, frameLength)
    const lastLength = bodyEnd - finalStart - finalFrameOverhead
    const regularFrames = (finalStart - bodyStart) / (frameLength + regularFrameOverhead)
    if (lastLength < 0 || lastLength > frameLength || regularFrames >= maxFrames) return undefined
    return new FrameLayout(bodyStart, frameLength, regularFrames + 1, lastLength)
  }

  /** Where the final frame of a body between these offsets begins, if it has one. */
  static startOfFinal(bodyStart: number, bodyEnd: number, frameLength: number): number {
    const content = Math.max(0, bodyEnd - bodyStart - finalFrameOverhead)
    const frameSize = frameLength + regularFrameOverhead
    return bodyStart + (content - (content % frameSize))
  }

  get plaintextLength(): number {
    return (this.frames - 1) * this.frameLength + this.lastLength
  }

  /** Bytes of a regular frame as it stands in the message. */
  get frameSize(): number {
    return this.frameLength + regularFrameOverhead
  }

  /** Bytes of plaintext in this frame; frames count from 0. */
  lengthOf(index: number): number {
    return index === this.frames - 1 ? this.lastLength : this.frameLength
  }

  /** The offset of this frame in the message. */
  startOf(index: number): number {
    return this.#bodyStart + index * this.frameSize
  }

  /** The offset of what follows this frame. */
  endOf(index: number): number {
    const overhead = index === this.frames - 1 ? finalFrameOverhead : regularFrameOverhead
    return this.startOf(index) + this.lengthOf(index) + overhead
  }
}
