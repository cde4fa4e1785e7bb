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
import { concat, copyBytes, writeUint16 } from '../format/bytes.ts'
import type { EncryptionContext } from '../format/encryption-context.ts'
import { type MessageHeader, messageIdLength } from '../format/header.ts'
import type { EncryptionMaterials } from '../materials/encryption-materials.ts'
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

/**
 * Writes one message: either all at once by {@link encryptAll}, or in parts by {@link update} and
 * {@link finish}. Synchronous, and it touches nothing but the bytes it is given.
 */
export class MessageEncryption {
  readonly header: MessageHeader
  /** All pairs that the message authenticates, those that it does not store included. */
  readonly encryptionContext: EncryptionContext
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
  /** Where in the output the bytes begin that have not been signed. */
  #signedTo = 0
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
    try {
      // The header is the caller's to keep, so its message id is a copy: frames are bound to ours.
      const id = copyBytes(messageId)
      const { header, bytes } = sealHeader(backend, materials, keys, id, frameLength)
      this.header = header
      this.#pendingHeader = bytes
    } catch (error) {
      keys.encryptionKey.fill(0)
      throw error
    }
    this.encryptionContext = materials.encryptionContext
    this.#backend = backend
    this.#messageId = messageId
    this.#frameLength = frameLength
    this.#key = keys.encryptionKey
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
    const output = allocate(header.length + bodyLength + (this.#signer ? longestFooter : 0))
    output.set(header)
    let offset = header.length
    let untilYield = workLength
    for (let start = 0, final = false; !final; start += this.#frameLength) {
      const end = Math.min(start + this.#frameLength, plaintext.length)
      final = end === plaintext.length
      offset = this.#beginFrame(output, offset, end - start, final)
      for (let from = start; from < end;) {
        if (untilYield <= 0) {
          untilYield = workLength
          this.#sign(output, offset)
          yield
        }
        const to = Math.min(from + untilYield, end)
        offset = this.#fillFrame(output, offset, plaintext.subarray(from, to))
        untilYield -= to - from
        from = to
      }
      offset = this.#sealFrame(output, offset)
      untilYield -= workPerFrame
    }
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
        offset = this.#beginFrame(output, offset, this.#frameLength, false)
        offset = this.#fillFrame(output, offset, this.#takeHeld())
        offset = this.#fillFrame(output, offset, chunk.subarray(start, end))
        offset = this.#sealFrame(output, offset)
        start = end
      }
    }
    this.#hold(chunk.subarray(start))
    return output
  }

  /** The rest of the message: the final frame, empty if need be, and the signature. */
  finish(): Uint8Array {
    const header = this.#takeHeader()
    const held = this.#takeHeld()
    const output = new Uint8Array(header.length + held.length + finalFrameOverhead)
    output.set(header)
    let offset = this.#beginFrame(output, header.length, held.length, true)
    offset = this.#fillFrame(output, offset, held)
    this.#sealFrame(output, offset)
    return concat(output, this.#footer())
  }

  /** Overwrites the message's key and the plaintext held back. Nothing more can be encrypted. */
  destroy(): void {
    this.#key.fill(0)
    this.#held.fill(0)
    this.#sequence = maxFrames
  }

  // A frame is written in three steps (client-apis/encrypt.md, "Construct a frame"). Each takes the
  // offset in the output, and returns the next.

  #beginFrame(output: Uint8Array, offset: number, length: number, final: boolean): number {
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
    this.#signedTo = offset
    return writeFrameHead(output, offset, this.#sequence, this.#nonce, length, final)
  }

  #fillFrame(output: Uint8Array, offset: number, plaintext: Uint8Array): number {
    if (plaintext.length === 0 || !this.#frame) return offset
    const ciphertext = this.#frame.update(plaintext)
    output.set(ciphertext, offset)
    return offset + ciphertext.length
  }

  #sealFrame(output: Uint8Array, offset: number): number {
    if (!this.#frame) return offset
    const rest = this.#frame.finish()
    output.set(rest, offset)
    this.#sign(output, offset + rest.length)
    return offset + rest.length
  }

  /** Signs what has been written since the last time: once a frame, or a piece of a large one. */
  #sign(output: Uint8Array, to: number): void {
    this.#signer?.update(output.subarray(this.#signedTo, to))
    this.#signedTo = to
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

function allocate(length: number): Uint8Array {
  try {
    return new Uint8Array(length)
  } catch (cause) {
    throw new EnvelopeError(
      'ERR_PLAINTEXT_TOO_LONG',
      `The message would have ${length} bytes, more than one buffer can: encrypt it as a stream`,
      { cause },
    )
  }
}
