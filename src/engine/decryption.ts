import type { CryptoBackend, RunningVerifier } from '../crypto/backend.ts'
import { TamperedMessageError } from '../errors.ts'
import { BodyAad, maxNonFramedLength } from '../format/body.ts'
import { concat, copyBytes, readUint16, readUint64 } from '../format/bytes.ts'
import type { ParsedHeader } from '../format/header.ts'
import { type ByteReader, type Parsing, malformed } from '../format/reader.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import { nonceLength } from '../suites/suites.ts'
import { ContentDecryption, type PlaintextOutput } from './content-decryption.ts'
import { readFrames } from './frames.ts'
import { verifiedMessageKey } from './verified-key.ts'

/**
 * Reads the body of one message whose header has been parsed. Synchronous: it pauses whenever the
 * reader runs out of bytes.
 */
export class MessageDecryption {
  readonly #backend: CryptoBackend
  readonly #header: ParsedHeader
  readonly #key: Uint8Array
  readonly #messageId: Uint8Array
  readonly #verifier: RunningVerifier | undefined
  readonly #content: ContentDecryption

  /**
   * Derives the message's key, destroys the materials' data key, and verifies the header.
   *
   * @throws TamperedMessageError if the commitment or the header's tag does not match.
   */
  constructor(header: ParsedHeader, materials: DecryptionMaterials, backend: CryptoBackend) {
    const { body, nonce, tag, fields } = header
    this.#backend = backend
    this.#header = header
    this.#messageId = copyBytes(fields.messageId) // the caller sees the header, and could change it
    this.#key = verifiedMessageKey(header, materials, backend)
    try {
      this.#verifier = this.#startVerifier(materials.verificationKey)
      this.#verifier?.update(fields.version === 1 ? concat(body, nonce, tag) : concat(body, tag))
    } catch (error) {
      this.destroy()
      throw error
    }
    this.#content = new ContentDecryption(backend, this.#key, this.#verifier)
  }

  /**
   * Reads the body and, of a signed message, the footer. Plaintext is released frame by frame; the last
   * frame of a signed message, and a non-framed body, only once the signature has been verified
   * (client-apis/decrypt.md, "Decrypt the message body").
   */
  *readBody(reader: ByteReader, output: PlaintextOutput): Parsing<void> {
    const { contentType, frameLength } = this.#header.fields
    try {
      if (contentType === 'framed') {
        yield* readFrames(
          this.#content,
          { messageId: this.#messageId, frameLength },
          reader,
          output,
        )
      } else yield* this.#readNonFramed(reader, output)
      if (this.#verifier) yield* this.#readFooter(reader, this.#verifier)
      output.release()
    } finally {
      this.destroy()
    }
  }

  /** Overwrites the message's key. */
  destroy(): void {
    this.#key.fill(0)
  }

  #startVerifier(publicKey: Uint8Array | undefined): RunningVerifier | undefined {
    const { signature } = this.#header.suite
    if (!signature) return undefined
    try {
      if (!publicKey) throw new TypeError('the materials have no verification key')
      return this.#backend.createVerifier(signature.curve, signature.hash, publicKey)
    } catch (cause) {
      throw new TamperedMessageError(
        'ERR_SIGNATURE',
        `The message's verification key is not a compressed point on ${signature.curve}`,
        cause,
      )
    }
  }

  *#readNonFramed(reader: ByteReader, output: PlaintextOutput): Parsing<void> {
    const content = this.#content
    const field = 'IV and length of the content'
    const head = yield* content.take(reader, nonceLength + 8, field)
    const nonce = content.keepNonce(head.subarray(0, nonceLength))
    const length = readUint64(head, nonceLength)
    if (length > maxNonFramedLength) {
      throw malformed(
        reader.offset - 8,
        `The content is ${length} bytes long, which is over 2^36 - 32`,
      )
    }
    const aad = new BodyAad(this.#messageId, 'nonFramed').for(1, length)
    yield* content.decrypt(reader, output, { nonce, aad, length, kind: 'content', sequence: 1 })
  }

  // client-apis/decrypt.md, "Verify the signature"
  *#readFooter(reader: ByteReader, verifier: RunningVerifier): Parsing<void> {
    const length = readUint16(yield* reader.take(2, 'signature length'))
    const signature = yield* reader.take(length, 'signature')
    if (!verifier.verify(signature)) {
      throw new TamperedMessageError(
        'ERR_SIGNATURE',
        "The message's signature does not match: what was decrypted of it must be thrown away",
      )
    }
  }
}
