import type { PlaintextOutput } from '../engine/content-decryption.ts'
import { MalformedMessageError } from '../errors.ts'
import { maxPlaintextLength, regularFrameOverhead } from '../format/body.ts'
import { type MessageHeader, readHeader } from '../format/header.ts'
import { ByteReader, type Parsing } from '../format/reader.ts'
import { beginDecryption } from './materials.ts'
import { type ClientConfiguration, type DecryptRequest, checkLength } from './options.ts'
import { fedEnd } from './pieces.ts'
import { runInTurns } from './turns.ts'

/** What {@link EnvelopeClient.decrypt} returns. */
export interface DecryptResult {
  plaintext: Uint8Array
  /** All the authenticated pairs: those in the message and those that the caller gave. */
  encryptionContext: Record<string, string>
  header: MessageHeader
}

/** Bytes of a header that are fed to its parser at a time. */
const headerPiece = 1 << 16

/** Decrypts a message that is all in memory; nothing is returned before all of it is verified. */
export async function decryptWhole(
  client: ClientConfiguration,
  ciphertext: Uint8Array,
  request: DecryptRequest,
): Promise<DecryptResult> {
  const message = new WholeMessage(ciphertext)
  const { length } = ciphertext
  const parsing = readHeader(message.reader, client.maxEncryptedDataKeys)
  const header = await runInTurns(message.read(parsing), request.signal)
  const { headerLength, frameLength } = header.fields
  const { decryption, encryptionContext } = await beginDecryption(client, header, request)
  let output: WholePlaintext | undefined
  try {
    checkLength(ciphertext, length, 'ciphertext')
    message.feedFramesFrom(headerLength, frameLength + regularFrameOverhead)
    output = new WholePlaintext(maxPlaintextLength(length - headerLength, frameLength))
    await runInTurns(message.read(decryption.readBody(message.reader, output)), request.signal)
    message.checkNothingFollows()
    return {
      plaintext: output.bytes,
      encryptionContext: { ...encryptionContext },
      header: header.fields,
    }
  } catch (error) {
    output?.wipe()
    checkLength(ciphertext, length, 'ciphertext') // which would explain any error
    throw error
  } finally {
    decryption.destroy()
  }
}

/** Reads only the header of a message that is all in memory, and refuses one with more encrypted data keys. */
export function parseWholeHeader(
  ciphertext: Uint8Array,
  maxEncryptedDataKeys?: number,
): MessageHeader {
  const message = new WholeMessage(ciphertext)
  return message.readNow(readHeader(message.reader, maxEncryptedDataKeys)).fields
}

/** Feeds a message to a parser, piece by piece. */
class WholeMessage {
  readonly reader = new ByteReader()
  readonly #bytes: Uint8Array
  #fed = 0
  #frames: { readonly start: number; readonly size: number } | undefined

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** From here on pieces end where frames do, as far as that is possible. */
  feedFramesFrom(bodyStart: number, frameSize: number): void {
    this.#frames = { start: bodyStart, size: frameSize }
  }

  /** Runs a parser, yielding after each piece. */
  *read<T>(parsing: Parsing<T>): Generator<undefined, T, undefined> {
    for (;;) {
      const step = parsing.next()
      if (step.done) return step.value
      if (this.#fed === this.#bytes.length) this.reader.end()
      else this.#feed()
      yield
    }
  }

  /** Runs a parser to its end. */
  readNow<T>(parsing: Parsing<T>): T {
    const reading = this.read(parsing)
    for (;;) {
      const step = reading.next()
      if (step.done) return step.value
    }
  }

  checkNothingFollows(): void {
    if (this.reader.offset !== this.#bytes.length) throw trailingBytes(this.reader.offset)
  }

  #feed(): void {
    const { length } = this.#bytes
    const end = this.#frames
      ? fedEnd(this.#fed, length, this.#frames.start, this.#frames.size)
      : Math.min(this.#fed + headerPiece, length)
    this.reader.feed(this.#bytes.subarray(this.#fed, end))
    this.#fed = end
  }
}

/** Gathers the plaintext in one buffer, which nobody sees before the end. */
class WholePlaintext implements PlaintextOutput {
  readonly #buffer: Uint8Array
  #length = 0

  constructor(maxLength: number) {
    this.#buffer = new Uint8Array(maxLength)
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  hold(plaintext: Uint8Array): void {
    // Only a truncated message could hold more than was reckoned, and it is about to be refused.
    const room = this.#buffer.length - this.#length
    this.#buffer.set(
      plaintext.length > room ? plaintext.subarray(0, room) : plaintext,
      this.#length,
    )
    this.#length = Math.min(this.#length + plaintext.length, this.#buffer.length)
  }

  release(): void {
    // Everything is released at once, when the promise resolves.
  }

  wipe(): void {
    this.#buffer.fill(0)
  }
}

/** Bytes behind a message fail (client-apis/decrypt.md, "Behavior", for streams; here, for all). */
export function trailingBytes(offset: number): MalformedMessageError {
  return new MalformedMessageError(
    'ERR_TRAILING_BYTES',
    `The message ends at byte ${offset}, and more bytes follow it`,
    offset,
  )
}
