import { MalformedMessageError } from '../errors.ts'
import { copyBytes } from './bytes.ts'

/**
 * Parsing that can be interrupted: it yields whenever it needs more bytes than have arrived, and goes
 * on where it was. The same code so reads a message that is all there, one that comes in chunks, and
 * one that comes byte by byte, and no field is ever parsed twice.
 */
export type Parsing<T> = Generator<undefined, T, undefined>

const empty = new Uint8Array(0)

/** Hands out the bytes of a message in order, from chunks of any size. */
export class ByteReader {
  #bytes: Uint8Array = empty
  #position = 0
  #end = 0
  #ownsBytes = false
  #mark: number | undefined
  #consumed: number
  #ended = false

  /** @param offset where in the message the first byte is. */
  constructor(offset = 0) {
    this.#consumed = offset
  }

  /** Bytes that have arrived and have not been taken. */
  get available(): number {
    return this.#end - this.#position
  }

  /** Bytes taken so far: the offset in the message. */
  get offset(): number {
    return this.#consumed
  }

  /** Adds the next bytes, by reference where possible: see {@link keep}. */
  feed(chunk: Uint8Array): void {
    const kept = this.#mark ?? this.#position
    const left = this.#end - kept
    if (left === 0) {
      this.#bytes = chunk
      this.#position = 0
      this.#end = chunk.length
      this.#ownsBytes = false
      if (this.#mark !== undefined) this.#mark = 0
      return
    }
    if (!this.#ownsBytes || this.#end + chunk.length > this.#bytes.length) {
      // Doubling, so that a message fed byte by byte costs linear time; and what is allocated is
      // bounded by what has arrived, whatever the lengths in the message claim.
      const grown = new Uint8Array(2 * (left + chunk.length))
      grown.set(this.#bytes.subarray(kept, this.#end))
      this.#bytes = grown
      this.#position -= kept
      this.#end = left
      if (this.#mark !== undefined) this.#mark = 0
      this.#ownsBytes = true
    }
    this.#bytes.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /** Copies whatever is left over, so that the owner of the chunk may reuse it. */
  keep(): void {
    const kept = this.#mark ?? this.#position
    if (this.#ownsBytes) return
    this.#bytes = copyBytes(this.#bytes.subarray(kept, this.#end))
    this.#position -= kept
    this.#end -= kept
    if (this.#mark !== undefined) this.#mark = 0
    this.#ownsBytes = true
  }

  /** From here on the bytes taken are also gathered, for {@link marked}. */
  mark(): void {
    this.#mark = this.#position
  }

  /** A copy of all the bytes taken since {@link mark}. */
  marked(): Uint8Array {
    // Into Node's pool, for nothing in a header is secret: half the time of a buffer of its own.
    const bytes = Buffer.from(this.#bytes.subarray(this.#mark, this.#position))
    this.#mark = undefined
    return bytes
  }

  /** Says that nothing follows; from here on a missing byte is an error. */
  end(): void {
    this.#ended = true
  }

  /** The next `length` bytes in one piece, waiting until they are there. A view, not a copy. */
  *take(length: number, field: string): Parsing<Uint8Array> {
    while (this.available < length) yield* this.#more(length - this.available, field)
    return this.#advance(length)
  }

  /** The same if the bytes are there, without the cost of a generator; else `undefined`. */
  takeNow(length: number): Uint8Array | undefined {
    return this.available < length ? undefined : this.#advance(length)
  }

  /** Up to `most` of the bytes that are there, at least one. A view, not a copy. */
  *takeSome(most: number, field: string): Parsing<Uint8Array> {
    while (this.available === 0) yield* this.#more(most, field)
    return this.#advance(Math.min(most, this.available))
  }

  /** The same if any are there, without the cost of a generator; else `undefined`. */
  takeSomeNow(most: number): Uint8Array | undefined {
    const { available } = this
    return available === 0 ? undefined : this.#advance(Math.min(most, available))
  }

  *#more(missing: number, field: string): Parsing<void> {
    if (this.#ended) {
      throw new MalformedMessageError(
        'ERR_TRUNCATED_MESSAGE',
        `The message ends at byte ${this.#consumed + this.available}, in the middle of its ` +
          `${field}: at least ${missing} more byte${missing === 1 ? ' is' : 's are'} needed`,
        this.#consumed + this.available,
      )
    }
    yield
  }

  #advance(length: number): Uint8Array {
    const bytes = this.#bytes.subarray(this.#position, this.#position + length)
    this.#position += length
    this.#consumed += length
    return bytes
  }
}

/** The error for a field whose value the format does not allow. */
export function malformed(offset: number, message: string): MalformedMessageError {
  return new MalformedMessageError(
    'ERR_MALFORMED_MESSAGE',
    `${message} (at byte ${offset})`,
    offset,
  )
}
