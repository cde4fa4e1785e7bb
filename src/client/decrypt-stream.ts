import type { MessageDecryption } from '../engine/decryption.ts'
import { type ParsedHeader, readHeader } from '../format/header.ts'
import { ByteReader, type Parsing } from '../format/reader.ts'
import { trailingBytes } from './decrypt.ts'
import { HeldPlaintext } from './held-plaintext.ts'
import { beginDecryption } from './materials.ts'
import { MessageTransform } from './message-stream.ts'
import type { ClientConfiguration, DecryptRequest } from './options.ts'
import { type StreamOutput, type StreamWork, longestPart, takeInParts } from './stream-work.ts'

/** One message in, plaintext out. */
export class DecryptStream extends MessageTransform {
  constructor(client: ClientConfiguration, request: DecryptRequest) {
    super((output) => new DecryptWork(client, request, output), request.signal)
  }
}

/** What a stream that decrypts does, of Node or of the web. */
export class DecryptWork implements StreamWork {
  readonly #client: ClientConfiguration
  readonly #request: DecryptRequest
  readonly #output: StreamOutput
  readonly #reader = new ByteReader()
  readonly #held: HeldPlaintext
  readonly #header: Parsing<ParsedHeader>
  #decryption: MessageDecryption | undefined
  #body: Parsing<void> | undefined
  #done = false
  #forgotten = false

  constructor(client: ClientConfiguration, request: DecryptRequest, output: StreamOutput) {
    this.#client = client
    this.#request = request
    this.#output = output
    this.#held = new HeldPlaintext((plaintext) => {
      output.push(plaintext)
    })
    this.#header = readHeader(this.#reader, client.maxEncryptedDataKeys)
  }

  takeChunk(chunk: Uint8Array): Promise<void> | undefined {
    return takeInParts(chunk, longestPart, this.#output, (part) => {
      this.#reader.feed(part)
      return this.#proceed()
    })
  }

  takeEnd(): Promise<void> | undefined {
    this.#reader.end()
    return this.#proceed()
  }

  forget(): void {
    this.#forgotten = true
    this.#decryption?.destroy()
    this.#held.wipe()
  }

  /** Goes on as far as the bytes that have come allow. */
  #proceed(): Promise<void> | undefined {
    if (this.#forgotten) return undefined
    if (this.#body) {
      this.#readBody(this.#body)
      return undefined
    }
    const step = this.#header.next()
    // The caller may take its chunk away, now or while the keyring is asked.
    this.#reader.keep()
    return step.done ? this.#open(step.value) : undefined
  }

  async #open(header: ParsedHeader): Promise<void> {
    const { decryption, encryptionContext } = await beginDecryption(
      this.#client,
      header,
      this.#request,
    )
    this.#decryption = decryption
    if (!this.#forgotten) {
      this.#output.opened({ header: header.fields, encryptionContext, wrapFailures: [] })
    }
    if (this.#isForgotten()) {
      decryption.destroy()
      return
    }
    this.#body = decryption.readBody(this.#reader, this.#held)
    this.#readBody(this.#body)
  }

  #readBody(body: Parsing<void>): void {
    this.#done ||= body.next().done === true
    this.#held.flush()
    if (this.#done && this.#reader.available > 0) throw trailingBytes(this.#reader.offset)
    // What was not consumed is part of one small field; its owner may reuse the chunk from here on.
    this.#reader.keep()
  }

  /** A listener of the caller's may have given the stream up. */
  #isForgotten(): boolean {
    return this.#forgotten
  }
}
