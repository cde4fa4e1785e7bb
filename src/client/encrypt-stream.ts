import type { MessageEncryption, MessageOutput } from '../engine/encryption.ts'
import { AbortedError, EnvelopeError } from '../errors.ts'
import { beginEncryption } from './materials.ts'
import { MessageTransform } from './message-stream.ts'
import { type ClientConfiguration, type EncryptRequest, checkLength } from './options.ts'
import { pushJoined } from './pieces.ts'
import { type StreamOutput, type StreamWork, longestPart, takeInParts } from './stream-work.ts'

/** Tiny frames make much of a little plaintext: so many are the most that are encrypted in one go. */
const mostFrames = 128

/** Plaintext in, one message out. */
export class EncryptStream extends MessageTransform {
  constructor(client: ClientConfiguration, request: EncryptRequest) {
    super((output) => new EncryptWork(client, request, output), request.signal)
  }
}

/** What a stream that encrypts does, of Node or of the web. */
export class EncryptWork implements StreamWork {
  readonly #client: ClientConfiguration
  readonly #request: EncryptRequest
  readonly #output: StreamOutput
  readonly #partLength: number
  #encryption: MessageEncryption | undefined
  #taken = 0
  #forgotten = false

  constructor(client: ClientConfiguration, request: EncryptRequest, output: StreamOutput) {
    this.#client = client
    this.#request = request
    this.#output = output
    this.#partLength = Math.min(longestPart, mostFrames * request.frameLength)
  }

  takeChunk(chunk: Uint8Array): Promise<void> | undefined {
    this.#taken = checkBound(this.#taken + chunk.length, this.#request.plaintextLength)
    if (this.#encryption) return this.#encrypt(this.#encryption, chunk)
    const { length } = chunk
    return this.#begin().then((encryption) => {
      checkLength(chunk, length, 'chunk')
      return this.#encrypt(encryption, chunk)
    })
  }

  takeEnd(): Promise<void> | undefined {
    if (this.#encryption) {
      this.#finish(this.#encryption)
      return undefined
    }
    return this.#begin().then((encryption) => {
      this.#finish(encryption)
    })
  }

  forget(): void {
    this.#forgotten = true
    this.#encryption?.destroy()
  }

  async #begin(): Promise<MessageEncryption> {
    const { plaintextLength } = this.#request
    const encryption = await beginEncryption(this.#client, this.#request, plaintextLength)
    this.#encryption = encryption
    if (!this.#forgotten) {
      const { header, encryptionContext, wrapFailures } = encryption
      this.#output.opened({ header, encryptionContext, wrapFailures })
    }
    this.#checkNotForgotten(encryption)
    return encryption
  }

  #encrypt(encryption: MessageEncryption, chunk: Uint8Array): Promise<void> | undefined {
    return takeInParts(chunk, this.#partLength, this.#output, (part) => {
      this.#checkNotForgotten(encryption)
      this.#pushAll((output) => {
        encryption.update(part, output)
      })
      return undefined
    })
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
      this.#output.push(bytes)
    })
  }

  /** While it waited, or in a listener of the caller's, the stream may have been given up. */
  #checkNotForgotten(encryption: MessageEncryption): void {
    if (!this.#forgotten) return
    encryption.destroy()
    throw new AbortedError('the stream was destroyed')
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
