import { pipeline, Readable, Transform, type TransformCallback } from 'node:stream'
import { CommandFailure } from '../failures.ts'

/** Bytes to base64, one line. */
export class Base64Encoder extends Transform {
  #rest: Uint8Array = new Uint8Array()

  override _transform(chunk: Uint8Array, _encoding: string, callback: TransformCallback): void {
    const bytes = Buffer.concat([this.#rest, chunk])
    const end = bytes.length - (bytes.length % 3)
    this.#rest = bytes.subarray(end)
    callback(null, Buffer.from(bytes.toString('base64', 0, end), 'latin1'))
  }

  override _flush(callback: TransformCallback): void {
    callback(null, `${Buffer.from(this.#rest).toString('base64')}\n`)
  }
}

const padding = 0x3d
const space = new Set(Buffer.from(' \t\r\n'))
const alphabet = new Set(
  Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'),
)
/** What each byte is: of the alphabet, to be passed over, or neither. */
const kinds = Uint8Array.from({ length: 256 }, (_, byte) =>
  alphabet.has(byte) ? 1 : space.has(byte) ? 2 : 0,
)

/**
 * Base64 to bytes. White space may stand anywhere. Node's own decoder takes whatever comes and leaves out what it does
 * not know, which would make one message of two, or a damaged one look like one that was tampered with.
 */
export class Base64Decoder extends Transform {
  /** Characters that are no whole group of four yet. */
  #rest: Uint8Array = new Uint8Array()
  #padding = 0
  #offset = 0

  override _transform(chunk: Uint8Array, _encoding: string, callback: TransformCallback): void {
    try {
      callback(null, this.#decode(chunk))
    } catch (error) {
      callback(error instanceof Error ? error : new Error('unreachable', { cause: error }))
    }
  }

  override _flush(callback: TransformCallback): void {
    const short = this.#rest.length > 0
    callback(short ? failure('it ends within a group of four characters', this.#offset) : null)
  }

  #decode(chunk: Uint8Array): Buffer {
    const characters = Buffer.allocUnsafe(this.#rest.length + chunk.length)
    characters.set(this.#rest)
    let length = this.#rest.length
    for (const byte of chunk) {
      const kind = kinds[byte]
      if (kind !== 2) {
        this.#check(byte, kind === 1, length)
        characters[length++] = byte
      }
      this.#offset++
    }
    const end = length - (length % 4)
    this.#rest = characters.subarray(end, length)
    const bytes = Buffer.from(characters.toString('latin1', 0, end), 'base64')
    // The last bits of a padded group mean nothing, and a second spelling of the same bytes is nobody's honest output.
    if (this.#padding > 0 && end > 0) this.#checkLast(characters.toString('latin1', end - 4, end))
    return bytes
  }

  #check(byte: number, known: boolean, length: number): void {
    const place = length % 4
    if (byte === padding && place >= 2) {
      this.#padding++
      return
    }
    // A second `=` may follow the first, and nothing else; a whole group with one is the last.
    if (this.#padding > 0) throw failure('there is more after the padding', this.#offset)
    if (!known) throw failure('a character is not of its alphabet', this.#offset)
  }

  #checkLast(group: string): void {
    if (Buffer.from(group, 'base64').toString('base64') === group) return
    throw failure('its last group has bits that belong to no byte', this.#offset)
  }
}

/** Chunks of base64 to bytes: what `--decode` refuses is refused here. */
export function decodeBase64(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  // Whoever reads the decoder gets the error, from wherever it is.
  return pipeline(Readable.from(chunks), new Base64Decoder(), () => undefined)
}

/** The text is no base64; as against a source that cannot be read. */
export class NotBase64 extends CommandFailure {}

function failure(reason: string, offset: number): NotBase64 {
  return new NotBase64('ERR_INPUT', `The input is not base64: ${reason}, at byte ${offset}`)
}
