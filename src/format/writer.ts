import { writeUint16, writeUint32 } from './bytes.ts'

/** Gathers the fields of a header in one buffer, which grows as needed. */
export class ByteWriter {
  // From Node's pool of small buffers, for nothing here is secret: half the time of a buffer of its own.
  #bytes = Buffer.allocUnsafe(256)
  #length = 0

  uint8(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length] = value
    this.#length += 1
  }

  uint16(value: number): void {
    this.#reserve(2)
    writeUint16(this.#bytes, this.#length, value)
    this.#length += 2
  }

  uint32(value: number): void {
    this.#reserve(4)
    writeUint32(this.#bytes, this.#length, value)
    this.#length += 4
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /**
   * Text in UTF-8, behind the number of its bytes, which `check` may refuse: more than two bytes can say,
   * it has to. Written in place, a short text takes a fifth of the time that a `TextEncoder` does.
   */
  text(text: string, check: (length: number) => void): void {
    if (text.length > 0xffff) check(Buffer.byteLength(text))
    this.#reserve(2 + 3 * text.length)
    const length = this.#bytes.write(text, this.#length + 2)
    check(length)
    writeUint16(this.#bytes, this.#length, length)
    this.#length += 2 + length
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length
  }

  /** All that has been written. A view: write nothing more while it is in use. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #reserve(length: number): void {
    const needed = this.#length + length
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(2 * needed)
    grown.set(this.written())
    this.#bytes = grown
  }
}
