import { Transform, type TransformCallback } from 'node:stream'

/** Holds all that comes until the end, so that nothing goes on of a message that fails on the way. */
export class HeldOutput extends Transform {
  readonly #pieces: Uint8Array[] = []

  override _transform(chunk: Uint8Array, _encoding: string, callback: TransformCallback): void {
    this.#pieces.push(chunk)
    callback()
  }

  override _flush(callback: TransformCallback): void {
    for (const piece of this.#pieces) this.push(piece)
    callback()
  }
}
