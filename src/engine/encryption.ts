import type { CryptoBackend, GcmEncryption, RunningSigner } from '../crypto/backend.ts'
import { EnvelopeError, type WrapFailure } from '../errors.ts'
import { BodyAad, frameHead, framedBodyLength, maxFrames, writeFrameNonce } from '../format/body.ts'
import { copyBytes, writeUint16 } from '../format/bytes.ts'
import type { EncryptionContext } from '../format/encryption-context.ts'
import { type MessageHeader, messageIdLength } from '../format/header.ts'
import type { EncryptionMaterials } from '../materials/encryption-materials.ts'
import { messageSuite } from '../suites/materials-suite.ts'
import { nonceLength } from '../suites/suites.ts'
import { sealHeader } from './header.ts'
import { deriveMessageKeys } from './message-keys.ts'

/** The longest piece of work between two chances to let others run: under 1 ms, signed or not. */
const workLength = 1 << 19
/** What a frame costs besides its bytes, in bytes: tiny frames are to make nobody wait either. */
const workPerFrame = 1 << 12
/** A DER signature on P-384 has at most 104 bytes, behind its length in two. */
const longestFooter = 2 + 104
const empty = new Uint8Array(0)

/** Where the bytes of a message go. */
export interface MessageOutput {
  /** Takes the next bytes, which nobody changes after that. */
  write(bytes: Uint8Array): void
}

/**
 * Writes one message: either all at once by {@link encryptAll}, or in parts by {@link update} and
 * {@link finish}. Synchronous, and it touches nothing but the bytes it is given.
 */
export class MessageEncryption {
  readonly header: MessageHeader
  /** All pairs that the message authenticates, those that it does not store included. */
  readonly encryptionContext: EncryptionContext
  /** The keyrings that have not wrapped the data key. */
  readonly wrapFailures: readonly WrapFailure[]
  readonly #backend: CryptoBackend
  readonly #frameLength: number
  readonly #key: Uint8Array
  readonly #signer: RunningSigner | undefined
  readonly #messageId: Uint8Array
  #regularAad: BodyAad | undefined
  readonly #nonce = new Uint8Array(nonceLength)
  /** The sequence number of the last frame begun, and the frame itself. */
  #sequence = 0
  #frame: GcmEncryption | undefined
  /** The header, until it has been written. */
  #header: Uint8Array
  /** Plaintext of the frame that is not full yet; only the first `#heldLength` bytes count. */
  #held: Uint8Array = empty
  #heldLength = 0

  /** Derives the message's keys and destroys the materials' data key. */
  constructor(materials: EncryptionMaterials, frameLength: number, backend: CryptoBackend) {
    const { signingKey } = materials
    const suite = messageSuite(materials.suite)
    const messageId = backend.randomBytes(messageIdLength[suite.messageVersion])
    const keys = deriveMessageKeys(backend, suite, materials.dataKey, messageId)
    materials.destroy()
    try {
      // The header is the caller's to keep, so its message id is a copy: frames are bound to ours.
      const id = copyBytes(messageId)
      const { header, bytes } = sealHeader(backend, suite, materials, keys, id, frameLength)
      this.header = header
      this.#header = bytes
      this.#signer = suite.signature && signingKey?.createSigner(suite.signature.hash)
    } catch (error) {
      keys.encryptionKey.fill(0)
      throw error
    }
    this.encryptionContext = materials.encryptionContext
    this.wrapFailures = materials.wrapFailures
    this.#backend = backend
    this.#messageId = messageId
    this.#frameLength = frameLength
    this.#key = keys.encryptionKey
  }

  /**
   * The whole message. Yields between pieces of work, so that the caller can let others run.
   *
   * The last frame is as full as it can be (message-body.md, "Final Frame": "SHOULD be equal to the
   * frame length"), so the length is known beforehand and everything is written into one buffer.
   */
  *encryptAll(plaintext: Uint8Array): Generator<undefined, Uint8Array, undefined> {
    const bodyLength = framedBodyLength(plaintext.length, this.#frameLength)
    const footerLength = this.#signer ? longestFooter : 0
    const output = new WholeMessage(this.#header.length + bodyLength + footerLength)
    this.#writeHeader(output)
    let untilYield = workLength
    for (let start = 0, final = false; !final; start += this.#frameLength) {
      const end = Math.min(start + this.#frameLength, plaintext.length)
      final = end === plaintext.length
      this.#beginFrame(output, end - start, final)
      for (let from = start; from < end;) {
        if (untilYield <= 0) {
          untilYield = workLength
          yield
        }
        const to = Math.min(from + untilYield, end)
        this.#fillFrame(output, plaintext.subarray(from, to))
        untilYield -= to - from
        from = to
      }
      this.#sealFrame(output)
      untilYield -= workPerFrame
    }
    this.#writeFooter(output)
    return output.written()
  }

  /**
   * Takes the next plaintext and writes what is ready of the message: the header, the first time, and
   * every frame that is full (client-apis/encrypt.md, "Construct the body": "MUST process as much of
   * the consumable bytes as possible by constructing regular frames"). So if the plaintext ends with a
   * frame, an empty final one follows.
   */
  update(chunk: Uint8Array, output: MessageOutput): void {
    this.#writeHeader(output)
    let start = 0
    while (this.#heldLength + chunk.length - start >= this.#frameLength) {
      const end = start + this.#frameLength - this.#heldLength
      this.#beginFrame(output, this.#frameLength, false)
      this.#fillFrame(output, this.#takeHeld())
      this.#fillFrame(output, chunk.subarray(start, end))
      this.#sealFrame(output)
      start = end
    }
    this.#hold(chunk.subarray(start))
  }

  /** Writes the rest of the message: the final frame, empty if need be, and the signature. */
  finish(output: MessageOutput): void {
    this.#writeHeader(output)
    const held = this.#takeHeld()
    this.#beginFrame(output, held.length, true)
    this.#fillFrame(output, held)
    this.#sealFrame(output)
    this.#writeFooter(output)
  }

  /** Overwrites the message's key and the plaintext held back. Nothing more can be encrypted. */
  destroy(): void {
    this.#key.fill(0)
    this.#held.fill(0)
    this.#sequence = maxFrames
  }

  #writeHeader(output: MessageOutput): void {
    if (this.#header.length > 0) this.#write(output, this.#header)
    this.#header = empty
  }

  // A frame is written in three steps (client-apis/encrypt.md, "Construct a frame").

  #beginFrame(output: MessageOutput, length: number, final: boolean): void {
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
    const aad = final
      ? new BodyAad(this.#messageId, 'final')
      : (this.#regularAad ??= new BodyAad(this.#messageId, 'regular'))
    this.#frame = this.#backend.encryptGcm(this.#key, this.#nonce, aad.for(this.#sequence, length))
    this.#write(output, frameHead(this.#sequence, this.#nonce, length, final))
  }

  #fillFrame(output: MessageOutput, plaintext: Uint8Array): void {
    if (plaintext.length > 0 && this.#frame) this.#write(output, this.#frame.update(plaintext))
  }

  #sealFrame(output: MessageOutput): void {
    if (this.#frame) this.#write(output, this.#frame.finish())
  }

  /** data-format/message-footer.md; nothing if the suite does not sign. */
  #writeFooter(output: MessageOutput): void {
    if (!this.#signer) return
    const signature = this.#signer.sign()
    const length = new Uint8Array(2)
    writeUint16(length, 0, signature.length)
    output.write(length)
    output.write(signature)
  }

  #write(output: MessageOutput, bytes: Uint8Array): void {
    this.#signer?.update(bytes)
    output.write(bytes)
  }

  /** The plaintext held back, which the caller has to use before it holds any other. */
  #takeHeld(): Uint8Array {
    const held = this.#held.subarray(0, this.#heldLength)
    this.#heldLength = 0
    return held
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

/** Everything in one buffer, which is as long as the message will be, or a little longer. */
class WholeMessage implements MessageOutput {
  readonly #bytes: Uint8Array
  #length = 0

  constructor(maxLength: number) {
    try {
      this.#bytes = new Uint8Array(maxLength)
    } catch (cause) {
      throw new EnvelopeError(
        'ERR_PLAINTEXT_TOO_LONG',
        `The message would have ${maxLength} bytes, more than a buffer can: encrypt it as a stream`,
        { cause },
      )
    }
  }

  write(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }
}
