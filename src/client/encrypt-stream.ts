import type { MessageEncryption, MessageOutput } from '../engine/encryption.ts'
import { AbortedError, EnvelopeError } from '../errors.ts'
import { beginEncryption } from './materials.ts'
import { MessageTransform } from './message-stream.ts'
import type { ClientConfiguration, EncryptRequest } from './options.ts'
import { pushJoined } from './pieces.ts'

/** A larger chunk is taken in parts, so that what comes out of it is not all in memory at once. */
const longestPart = 1 << 20
const mostFrames = 128

/** Plaintext in, one message out. */
export class EncryptStream extends MessageTransform {
  readonly #client: ClientConfiguration
  readonly #request: EncryptRequest
  #encryption: MessageEncryption | undefined
  #taken = 0

  constructor(client: ClientConfiguration, request: EncryptRequest) {
    super(request.signal)
    this.#client = client
    this.#request = request
  }

  protected override takeChunk(chunk: Uint8Array): Promise<void> | undefined {
    this.#taken = checkBound(this.#taken + chunk.length, this.#request.plaintextLength)
    if (this.#encryption) {
      this.#encrypt(this.#encryption, chunk)
      return undefined
    }
    return this.#begin().then((encryption) => {
      this.#encrypt(encryption, chunk)
    })
  }

  protected override takeEnd(): Promise<void> | undefined {
    if (this.#encryption) {
      this.#finish(this.#encryption)
      return undefined
    }
    return this.#begin().then((encryption) => {
      this.#finish(encryption)
    })
  }

  protected override forget(): void {
    this.#encryption?.destroy()
  }

  async #begin(): Promise<MessageEncryption> {
    const { plaintextLength } = this.#request
    const encryption = await beginEncryption(this.#client, this.#request, plaintextLength)
    this.#encryption = encryption
    if (this.destroyed) {
      encryption.destroy()
      throw new AbortedError('the stream was destroyed')
    }
    const { header, encryptionContext, wrapFailures } = encryption
    this.emit('header', header, encryptionContext, wrapFailures)
    return encryption
  }

  #encrypt(encryption: MessageEncryption, chunk: Uint8Array): void {
    const partLength = Math.min(longestPart, mostFrames * this.#request.frameLength)
    for (let start = 0; start < chunk.length; start += partLength) {
      const part = chunk.subarray(start, start + partLength)
      this.#pushAll((output) => {
        encryption.update(part, output)
      })
    }
  }

  #finish(encryption: MessageEncryption): void {
    this.#pushAll((output) => {
      encryption.finish(output)
    })
    encryption.destroy()
  }

  #pushAll(write: (output: MessageOutput) => void): void {
    const pieces: Uint8Array[] = []
    write({ write: (bytes) => void pieces.push(bytes) })
    pushJoined(pieces, (bytes) => {
      this.push(bytes)
    })
  }
}

/** client-apis/encrypt.md, "Plaintext Length Bound". */
function checkBound(length: number, bound: number | undefined): number {
  if (bound === undefined || length <= bound) return length
  throw new EnvelopeError(
    'ERR_PLAINTEXT_TOO_LONG',
    `The plaintext is longer than the ${bound} bytes that plaintextLength allows`,
  )
}
