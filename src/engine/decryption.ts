import type { CryptoBackend, RunningVerifier } from '../crypto/backend.ts'
import { TamperedMessageError } from '../errors.ts'
import { BodyAad, finalFrameMarker, maxNonFramedLength } from '../format/body.ts'
import { concat, copyBytes, readUint16, readUint32, readUint64 } from '../format/bytes.ts'
import { notStoredNote } from '../format/encryption-context.ts'
import type { ParsedHeader } from '../format/header.ts'
import { type ByteReader, type Parsing, malformed } from '../format/reader.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import { nonceLength, tagLength } from '../suites/suites.ts'
import { isHeaderAuthentic } from './header.ts'
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
  readonly #messageId: Uint8Array
  readonly #nonce = new Uint8Array(nonceLength)
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
    this.#messageId = copyBytes(fields.messageId) // the caller sees the header, and could change it
    this.#key = keys.encryptionKey
    try {
      this.#verifyCommitment(keys.commitment)
      if (!isHeaderAuthentic(backend, header, materials, this.#key)) {
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

  // In constant time (transitive-requirements.md, "HKDF Commit Key"), and before the header's tag
  // (client-apis/decrypt.md, "Get the decryption materials" comes before "Verify the header").
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

  *#readFrames(reader: ByteReader, output: PlaintextOutput): Parsing<void> {
    const { frameLength } = this.#header.fields
    let regularAad: BodyAad | undefined
    for (let sequence = 1; ; sequence++) {
      // A regular frame's head is 16 bytes: sequence number and IV. The final frame has a marker in
      // front and the content's length behind, so eight bytes more.
      const head = yield* this.#take(reader, 4 + nonceLength, 'frame head')
      if (readUint32(head) !== finalFrameMarker) {
        checkSequence(readUint32(head), sequence, reader.offset)
        regularAad ??= new BodyAad(this.#messageId, 'regular')
        const nonce = this.#keepNonce(head.subarray(4))
        const aad = regularAad.for(sequence, frameLength)
        yield* this.#readContent(reader, output, nonce, aad, frameLength, 'frame', sequence)
        output.release()
        continue
      }
      // Copied before more is asked for: until it comes, the chunk that this is a view of may be reused.
      const finalHead = concat(copyBytes(head), yield* this.#take(reader, 8, 'final frame head'))
      checkSequence(readUint32(finalHead, 4), sequence, reader.offset)
      const nonce = this.#keepNonce(finalHead.subarray(8, 8 + nonceLength))
      const length = readUint32(finalHead, 8 + nonceLength)
      if (length > frameLength) {
        throw malformed(
          reader.offset - 4,
          `The final frame is ${length} bytes long, and the frame length is ${frameLength}`,
        )
      }
      const aad = new BodyAad(this.#messageId, 'final').for(sequence, length)
      yield* this.#readContent(reader, output, nonce, aad, length, 'final frame', sequence)
      return
    }
  }

  *#readNonFramed(reader: ByteReader, output: PlaintextOutput): Parsing<void> {
    const head = yield* this.#take(reader, nonceLength + 8, 'IV and length of the content')
    const nonce = this.#keepNonce(head.subarray(0, nonceLength))
    const length = readUint64(head, nonceLength)
    if (length > maxNonFramedLength) {
      throw malformed(
        reader.offset - 8,
        `The content is ${length} bytes long, which is over 2^36 - 32`,
      )
    }
    const aad = new BodyAad(this.#messageId, 'nonFramed').for(1, length)
    yield* this.#readContent(reader, output, nonce, aad, length, 'content', 1)
  }

  /** Decrypts as the bytes come, and verifies the tag behind them. */
  *#readContent(
    reader: ByteReader,
    output: PlaintextOutput,
    nonce: Uint8Array,
    aad: Uint8Array,
    length: number,
    kind: string,
    sequence: number,
  ): Parsing<void> {
    const decryption = this.#backend.decryptGcm(this.#key, nonce, aad)
    for (let left = length; left > 0;) {
      const ciphertext = reader.takeSomeNow(left) ?? (yield* reader.takeSome(left, kind))
      left -= ciphertext.length
      this.#verifier?.update(ciphertext)
      output.hold(decryption.update(ciphertext))
    }
    const rest = decryption.finish(yield* this.#take(reader, tagLength, `tag of the ${kind}`))
    if (!rest) {
      const which = kind === 'frame' ? `frame ${sequence}` : `the ${kind}`
      throw tampered(`The authentication tag of ${which} does not match`)
    }
    output.hold(rest)
  }

  /**
   * The IV as it stands in the message, which the tag vouches for. It is written as the sequence number
   * (client-apis/encrypt.md, "Construct a frame"), but there are official vectors with others.
   */
  #keepNonce(nonce: Uint8Array): Uint8Array {
    this.#nonce.set(nonce)
    return this.#nonce
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

  *#take(reader: ByteReader, length: number, field: string): Parsing<Uint8Array> {
    const bytes = reader.takeNow(length) ?? (yield* reader.take(length, field))
    this.#verifier?.update(bytes)
    return bytes
  }
}

/** message-body.md, "Sequence Number": frames begin at 1, and each is one more than the last. */
function checkSequence(found: number, expected: number, offset: number): void {
  if (found === expected) return
  throw malformed(
    offset,
    `Frame ${expected} has the sequence number ${found}: frames were removed, repeated or reordered`,
  )
}

function tampered(what: string, note?: string): TamperedMessageError {
  const message =
    `${what}: the message was changed, or is not one that was encrypted for these keys and this ` +
    'encryption context'
  return new TamperedMessageError('ERR_AUTHENTICATION', note ? `${message}. ${note}` : message)
}
