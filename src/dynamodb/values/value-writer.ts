import { copyBytes, writeUint16, writeUint32 } from '../../format/bytes.ts'

/** What is kept for the next attribute; a larger buffer is left to the garbage collector. */
const mostKept = 64 * 1024
const short = 1024

let spare: ValueWriter | undefined

/**
 * Runs `write` with a writer that has nothing written. One buffer serves all attributes, and is
 * overwritten after each: a value that is to be encrypted stays nowhere else.
 */
export function withWriter<T>(write: (writer: ValueWriter) => T): T {
  // Taken away meanwhile: a getter in the value of a caller may come here again.
  const writer = spare ?? new ValueWriter()
  spare = undefined
  try {
    return write(writer)
  } finally {
    if (writer.clear() <= mostKept) spare = writer
  }
}

/** Gathers the bytes of one attribute. */
class ValueWriter {
  // Never of Node's pool, whose memory others get as it is.
  #bytes = Buffer.alloc(1024)
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

  /** Well-formed text in UTF-8. */
  text(text: string): void {
    this.#reserve(text.length < short ? 3 * text.length : Buffer.byteLength(text))
    this.#length += this.#bytes.write(text, this.#length)
  }

  /** Four bytes for the length of what follows, which {@link endLength} fills in. */
  beginLength(): number {
    this.uint32(0)
    return this.#length
  }

  /** The length of all that was written since {@link beginLength} returned `begun`. */
  endLength(begun: number): number {
    const length = this.#length - begun
    writeUint32(this.#bytes, begun - 4, length)
    return length
  }

  /** A copy of all that has been written. */
  copy(): Uint8Array {
    return copyBytes(this.#bytes.subarray(0, this.#length))
  }

  /** Overwrites all that has been written. Returns how large the buffer is. */
  clear(): number {
    this.#bytes.fill(0, 0, this.#length)
    this.#length = 0
    return this.#bytes.length
  }

  #reserve(length: number): void {
    const needed = this.#length + length
    if (needed <= this.#bytes.length) return
    const grown = Buffer.alloc(2 * needed)
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes.fill(0, 0, this.#length)
    this.#bytes = grown
  }
}

export type { ValueWriter }
