import type { CryptoBackend, RunningVerifier } from '../crypto/backend.ts'
import { TamperedMessageError } from '../errors.ts'
import { BodyAad, finalFrameMarker, maxNonFramedLength } from '../format/body.ts'
import { concat, copyBytes, readUint16, readUint32, readUint64 } from '../format/bytes.ts'
import { notStoredNote, serializeContext } from '../format/encryption-context.ts'
import type { ParsedHeader } from '../format/header.ts'
import { type ByteReader, type Parsing, malformed } from '../format/reader.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import { nonceLength, tagLength } from '../suites/suites.ts'
import { splitContext } from './context.ts'
import { deriveMessageKeys } from './message-keys.ts'

/** Where plaintext goes. What is held is unverified: nobody may see it before it is released. */
export interface PlaintextOutput {
  /** Takes decrypted bytes whose tag has not been checked yet. */
  hold(plaintext: Uint8Array): void
  /** Says that all the bytes held so far are authentic. */
  release(): void
}

/**
 * Reads the body of one message whose header has been parsed. Synchronous: it pauses whenever the
 * reader runs out of bytes.
 */
export class MessageDecryption {
  readonly #backend: CryptoBackend
  readonly #header: ParsedHeader
  readonly #key: Uint8Array
  readonly #verifier: RunningVerifier | undefined

  /**
   * Derives the message's key, destroys the materials' data key, and verifies the header.
   *
   * @throws TamperedMessageError if the commitment or the header's tag does not match.
   */
  constructor(header: ParsedHeader, materials: DecryptionMaterials, backend: CryptoBackend) {
    const { suite, body, nonce, tag, fields } = header
    const keys = deriveMessageKeys(backend, suite, materials.dataKey, fields.messageId)
    materials.destroy()
    this.#backend = backend
    this.#header = header
    this.#key = keys.encryptionKey
    try {
      this.#verifyCommitment(keys.commitment)
      // client-apis/decrypt.md, "Verify the header"
      const aad = concat(body, serializeContext(splitContext(materials).onlyAuthenticated))
      if (!backend.decryptGcm(this.#key, nonce, aad).finish(tag)) {
        throw tampered(
          "The header's authentication tag does not match",
          notStoredNote(materials.requiredContextKeys),
        )
      }
      this.#verifier = this.#startVerifier(materials.verificationKey)
      this.#verifier?.update(fields.version === 1 ? concat(body, nonce, tag) : concat(body, tag))
    } catch (error) {
      this.destroy()
      throw error
    }
  }

  /**
   * Reads the body and, of a signed message, the footer. Plaintext is released frame by frame; the last
   * frame of a signed message, and a non-framed body, only once the signature has been verified
   * (client-apis/decrypt.md, "Decrypt the message body").
   */
  *readBody(reader: ByteReader, output: PlaintextOutput): Parsing<void> {
    try {
      if (this.#header.fields.contentType === 'framed') yield* this.#readFrames(reader, output)
      else yield* this.#readNonFramed(reader, output)
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

  // transitive-requirements.md, "HKDF Commit Key": constant time, and before the header's tag.
  #verifyCommitment(derived: Uint8Array | undefined): void {
    const { commitment } = this.#header
    if (derived === undefined && commitment === undefined) return
    const equal = derived && commitment && this.#backend.equalInConstantTime(derived, commitment)
    if (equal) return
    throw new TamperedMessageError(
      'ERR_COMMITMENT',
      "The message's key commitment does not match its data key: the message was changed, or its data " +
        'key was unwrapped to another one than it was encrypted with',
    )
  }

  #startVerifier(publicKey: Uint8Array | undefined): RunningVerifier | undefined {
    const { signature } = this.#header.suite
    if (!signature || !publicKey) return undefined
    try {
      return this.#backend.createVerifier(signature.curve, signature.hash, publicKey)
    } catch (cause) {
      throw new TamperedMessageError(
        'ERR_SIGNATURE',
        `The message's verification key is not a compressed point on ${signature.curve}`,
        cause,
      )
    }
  }

  *#readFrames(reader: ByteReader, output: PlaintextOutput): Parsing<void> {
    const { messageId, frameLength } = this.#header.fields
    const regularAad = new BodyAad(messageId, 'regular')
    for (let sequence = 1; ; sequence++) {
      const start = yield* this.#take(reader, 4, 'frame sequence number')
      const final = readUint32(start) === finalFrameMarker
      const number = final ? yield* this.#take(reader, 4, 'frame sequence number') : start
      if (readUint32(number) !== sequence) {
        throw malformed(
          reader.offset - 4,
          `Frame ${sequence} has the sequence number ${readUint32(number)}: frames were removed, ` +
            'repeated or reordered',
        )
      }
      const nonce = yield* this.#takeNonce(reader)
      if (!final) {
        const aad = regularAad.for(sequence, frameLength)
        yield* this.#readContent(reader, output, nonce, aad, frameLength, `frame ${sequence}`)
        output.release()
        continue
      }
      const length = readUint32(yield* this.#take(reader, 4, 'length of the final frame'))
      if (length > frameLength) {
        throw malformed(
          reader.offset - 4,
          `The final frame is ${length} bytes long, and the frame length is ${frameLength}`,
        )
      }
      const aad = new BodyAad(messageId, 'final').for(sequence, length)
      yield* this.#readContent(reader, output, nonce, aad, length, 'final frame')
      return
    }
  }

  *#readNonFramed(reader: ByteReader, output: PlaintextOutput): Parsing<void> {
    const nonce = yield* this.#takeNonce(reader)
    const length = readUint64(yield* this.#take(reader, 8, 'length of the content'))
    if (length > maxNonFramedLength) {
      throw malformed(
        reader.offset - 8,
        `The content is ${length} bytes long, which is over 2^36 - 32`,
      )
    }
    const aad = new BodyAad(this.#header.fields.messageId, 'nonFramed').for(1, length)
    yield* this.#readContent(reader, output, nonce, aad, length, 'content')
  }

  /** Decrypts as the bytes come, and verifies the tag behind them. */
  *#readContent(
    reader: ByteReader,
    output: PlaintextOutput,
    nonce: Uint8Array,
    aad: Uint8Array,
    length: number,
    name: string,
  ): Parsing<void> {
    const decryption = this.#backend.decryptGcm(this.#key, nonce, aad)
    for (let left = length; left > 0;) {
      const ciphertext = yield* reader.takeSome(left, name)
      left -= ciphertext.length
      this.#verifier?.update(ciphertext)
      output.hold(decryption.update(ciphertext))
    }
    const tag = yield* this.#take(reader, tagLength, `authentication tag of the ${name}`)
    const rest = decryption.finish(tag)
    if (!rest) throw tampered(`The authentication tag of the ${name} does not match`)
    output.hold(rest)
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

  // As it stands in the message, under its tag's protection: messages are written with the sequence
  // number as the IV, but older SDKs, and official test vectors, have others.
  *#takeNonce(reader: ByteReader): Parsing<Uint8Array> {
    return copyBytes(yield* this.#take(reader, nonceLength, 'frame IV'))
  }

  *#take(reader: ByteReader, length: number, field: string): Parsing<Uint8Array> {
    const bytes = yield* reader.take(length, field)
    this.#verifier?.update(bytes)
    return bytes
  }
}

function tampered(what: string, note?: string): TamperedMessageError {
  const message =
    `${what}: the message was changed, or is not one that was encrypted for these keys and this ` +
    'encryption context'
  return new TamperedMessageError('ERR_AUTHENTICATION', note ? `${message}. ${note}` : message)
}
