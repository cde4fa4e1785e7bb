import type { CryptoBackend, GcmEncryption, RunningSigner } from '../crypto/backend.ts'
import { EnvelopeError } from '../errors.ts'
import {
  BodyAad,
  finalFrameOverhead,
  framedBodyLength,
  maxFrames,
  regularFrameOverhead,
  writeFrameHead,
  writeFrameNonce,
} from '../format/body.ts'
import { concat, writeUint16 } from '../format/bytes.ts'
import { serializeContext } from '../format/encryption-context.ts'
import { type MessageHeader, messageIdLength, serializeHeaderBody } from '../format/header.ts'
import type { EncryptionMaterials } from '../materials/encryption-materials.ts'
import { nonceLength } from '../suites/suites.ts'
import { splitContext } from './context.ts'
import { deriveMessageKeys } from './message-keys.ts'

/** The longest piece of work between two chances to let others run: about 0.3 ms of AES-GCM. */
const workLength = 1 << 20
/** A DER signature on P-384 has at most 104 bytes, behind its length in two. */
const longestFooter = 2 + 104
const empty = new Uint8Array(0)

/**
 * Writes one message: either all at once by {@link encryptAll}, or in parts by {@link update} and
 * {@link finish}. Synchronous, and it touches nothing but the bytes it is given.
 */
export class MessageEncryption {
  readonly header: MessageHeader
  readonly #backend: CryptoBackend
  readonly #frameLength: number
  readonly #key: Uint8Array
  readonly #signer: RunningSigner | undefined
  readonly #regularAad: BodyAad
  readonly #finalAad: BodyAad
  readonly #nonce = new Uint8Array(nonceLength)
  #sequence = 0
  /** What goes out next, before any frame: the header, until it has gone out. */
  #pendingHeader: Uint8Array
  /** Plaintext of the frame that is not full yet; only the first `#heldLength` bytes count. */
  #held: Uint8Array = empty
  #heldLength = 0

  /** Derives the message's keys and destroys the materials' data key. */
  constructor(materials: EncryptionMaterials, frameLength: number, backend: CryptoBackend) {
    const { suite, signingKey } = materials
    const messageId = backend.randomBytes(messageIdLength[suite.messageVersion])
    const keys = deriveMessageKeys(backend, suite, materials.dataKey, messageId)
    materials.destroy()
    const { stored, onlyAuthenticated } = splitContext(materials)
    const body = serializeHeaderBody(
      suite,
      messageId,
      stored,
      materials.encryptedDataKeys,
      frameLength,
      keys.commitment,
    )
    // client-apis/encrypt.md, "Construct the header": the tag over the header body and over the pairs
    // that are not stored, under the nonce zero, which no frame has.
    const aad = concat(body, serializeContext(onlyAuthenticated))
    const tag = backend.encryptGcm(keys.encryptionKey, this.#nonce, aad).finish()
    this.#pendingHeader =
      suite.messageVersion === 1 ? concat(body, this.#nonce, tag) : concat(body, tag)
    this.header = {
      version: suite.messageVersion,
      algorithmSuite: suite.name,
      messageId,
      encryptionContext: stored,
      encryptedDataKeys: materials.encryptedDataKeys,
      contentType: 'framed',
      frameLength,
      headerLength: this.#pendingHeader.length,
    }
    this.#backend = backend
    this.#frameLength = frameLength
    this.#key = keys.encryptionKey
    this.#regularAad = new BodyAad(messageId, 'regular')
    this.#finalAad = new BodyAad(messageId, 'final')
    this.#signer = suite.signature && signingKey?.createSigner(suite.signature.hash)
    this.#signer?.update(this.#pendingHeader)
  }

  /**
   * The whole message. Yields between pieces of work, so that the caller can let others run.
   *
   * The last frame is as full as it can be (message-body.md, "Final Frame": "SHOULD be equal to the
   * frame length"), so the length is known beforehand and everything is written into one buffer.
   */
  *encryptAll(plaintext: Uint8Array): Generator<undefined, Uint8Array, undefined> {
    const header = this.#takeHeader()
    const bodyLength = framedBodyLength(plaintext.length, this.#frameLength)
    const output = new Uint8Array(header.length + bodyLength + (this.#signer ? longestFooter : 0))
    output.set(header)
    let offset = header.length
    let start = 0
    do {
      const end = Math.min(start + this.#frameLength, plaintext.length)
      const final = end === plaintext.length
      offset = yield* this.#writeFrame(output, offset, [plaintext.subarray(start, end)], final)
      start = end
      yield
    } while (start < plaintext.length)
    const footer = this.#footer()
    output.set(footer, offset)
    return output.subarray(0, offset + footer.length)
  }

  /**
   * Takes the next plaintext and returns the bytes of the message that are ready: the header, the
   * first time, and every frame that is full (client-apis/encrypt.md, "Construct the body": "MUST
   * process as much of the consumable bytes as possible by constructing regular frames").
   */
  update(chunk: Uint8Array): Uint8Array {
    const header = this.#takeHeader()
    const frames = Math.floor((this.#heldLength + chunk.length) / this.#frameLength)
    let start = 0
    let output = header
    if (frames > 0) {
      output = new Uint8Array(header.length + frames * (this.#frameLength + regularFrameOverhead))
      output.set(header)
      let offset = header.length
      for (let frame = 0; frame < frames; frame++) {
        const end = start + this.#frameLength - this.#heldLength
        const pieces = [this.#held.subarray(0, this.#heldLength), chunk.subarray(start, end)]
        offset = runAll(this.#writeFrame(output, offset, pieces, false))
        this.#heldLength = 0
        start = end
      }
    }
    this.#hold(chunk.subarray(start))
    return output
  }

  /** The rest of the message: the final frame, empty if need be, and the signature. */
  finish(): Uint8Array {
    const header = this.#takeHeader()
    const output = new Uint8Array(header.length + this.#heldLength + finalFrameOverhead)
    output.set(header)
    const plaintext = this.#held.subarray(0, this.#heldLength)
    runAll(this.#writeFrame(output, header.length, [plaintext], true))
    return concat(output, this.#footer())
  }

  /** Overwrites the message's key and the plaintext held back. Nothing more can be encrypted. */
  destroy(): void {
    this.#key.fill(0)
    this.#held.fill(0)
    this.#sequence = maxFrames
  }

  /** client-apis/encrypt.md, "Construct a frame". Returns where the next frame begins. */
  *#writeFrame(
    output: Uint8Array,
    offset: number,
    pieces: readonly Uint8Array[],
    final: boolean,
  ): Generator<undefined, number, undefined> {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    const encryption = this.#beginFrame(length, final)
    let signedTo = offset
    let at = writeFrameHead(output, offset, this.#sequence, this.#nonce, length, final)
    for (const piece of pieces) {
      for (let start = 0; start < piece.length; start += workLength) {
        const ciphertext = encryption.update(piece.subarray(start, start + workLength))
        output.set(ciphertext, at)
        at += ciphertext.length
        if (start + workLength < piece.length) {
          this.#signer?.update(output.subarray(signedTo, at))
          signedTo = at
          yield
        }
      }
    }
    const rest = encryption.finish()
    output.set(rest, at)
    at += rest.length
    this.#signer?.update(output.subarray(signedTo, at))
    return at
  }

  #beginFrame(length: number, final: boolean): GcmEncryption {
    // A sequence number, and with it a nonce, is never used twice; the last one is for a final frame.
    if (this.#sequence >= (final ? maxFrames : maxFrames - 1)) {
      throw new EnvelopeError(
        'ERR_PLAINTEXT_TOO_LONG',
        `The plaintext needs more than ${maxFrames} frames of ${this.#frameLength} bytes: choose a ` +
          'larger frameLength',
      )
    }
    this.#sequence += 1
    writeFrameNonce(this.#nonce, this.#sequence)
    const aad = (final ? this.#finalAad : this.#regularAad).for(this.#sequence, length)
    return this.#backend.encryptGcm(this.#key, this.#nonce, aad)
  }

  /** data-format/message-footer.md; no bytes if the suite does not sign. */
  #footer(): Uint8Array {
    if (!this.#signer) return empty
    const signature = this.#signer.sign()
    const length = new Uint8Array(2)
    writeUint16(length, 0, signature.length)
    return concat(length, signature)
  }

  #takeHeader(): Uint8Array {
    const header = this.#pendingHeader
    this.#pendingHeader = empty
    return header
  }

  /** Keeps a copy of what fills no frame yet: its owner may reuse the chunk. */
  #hold(rest: Uint8Array): void {
    const length = this.#heldLength + rest.length
    if (length > this.#held.length) {
      const grown = new Uint8Array(Math.min(this.#frameLength, Math.max(2 * length, 4096)))
      grown.set(this.#held.subarray(0, this.#heldLength))
      this.#held.fill(0)
      this.#held = grown
    }
    this.#held.set(rest, this.#heldLength)
    this.#heldLength = length
  }
}

function runAll<T>(work: Generator<undefined, T, undefined>): T {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}
