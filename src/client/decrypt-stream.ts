import type { MessageDecryption } from '../engine/decryption.ts'
import { type ParsedHeader, readHeader } from '../format/header.ts'
import { ByteReader, type Parsing } from '../format/reader.ts'
import { trailingBytes } from './decrypt.ts'
import { HeldPlaintext } from './held-plaintext.ts'
import { beginDecryption } from './materials.ts'
import { MessageTransform } from './message-stream.ts'
import type { ClientConfiguration, DecryptRequest } from './options.ts'

/** One message in, plaintext out. */
export class DecryptStream extends MessageTransform {
  readonly #client: ClientConfiguration
  readonly #request: DecryptRequest
  readonly #reader = new ByteReader()
  readonly #output = new HeldPlaintext((plaintext) => {
    this.push(plaintext)
  })
  readonly #header: Parsing<ParsedHeader>
  #decryption: MessageDecryption | undefined
  #body: Parsing<void> | undefined
  #done = false

  constructor(client: ClientConfiguration, request: DecryptRequest) {
    super(request.signal)
    this.#client = client
    this.#request = request
    this.#header = readHeader(this.#reader, client.maxEncryptedDataKeys)
  }

  protected override takeChunk(chunk: Uint8Array): Promise<void> | undefined {
    this.#reader.feed(chunk)
    return this.#proceed()
  }

  protected override takeEnd(): Promise<void> | undefined {
    this.#reader.end()
    return this.#proceed()
  }

  protected override forget(): void {
    this.#decryption?.destroy()
    this.#output.wipe()
  }

  /** Goes on as far as the bytes that have come allow. */
  #proceed(): Promise<void> | undefined {
    if (this.#body) {
      this.#readBody(this.#body)
      return undefined
    }
    const step = this.#header.next()
    if (step.done) return this.#open(step.value)
    this.#reader.keep()
    return undefined
  }

  async #open(header: ParsedHeader): Promise<void> {
    const { decryption, encryptionContext } = await beginDecryption(
      this.#client,
      header,
      this.#request,
    )
    this.#decryption = decryption
    if (this.destroyed) {
      decryption.destroy()
      return
    }
    this.emit('header', header.fields, encryptionContext)
    this.#body = decryption.readBody(this.#reader, this.#output)
    this.#readBody(this.#body)
  }

  #readBody(body: Parsing<void>): void {
    this.#done ||= body.next().done === true
    this.#output.flush()
    if (this.#done && this.#reader.available > 0) throw trailingBytes(this.#reader.offset)
    // What was not consumed is part of one small field; its owner may reuse the chunk from here on.
    this.#reader.keep()
  }
}
