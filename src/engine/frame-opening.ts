import type { CryptoBackend } from '../crypto/backend.ts'
import { copyBytes } from '../format/bytes.ts'
import type { ParsedHeader } from '../format/header.ts'
import type { ByteReader, Parsing } from '../format/reader.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import { ContentDecryption, type PlaintextOutput } from './content-decryption.ts'
import { type FrameRun, readFrames } from './frames.ts'
import { verifiedMessageKey } from './verified-key.ts'

/** Opens frames of one message, from anywhere in it and several runs at once. Of a signature it knows nothing. */
export class FrameOpening {
  readonly #backend: CryptoBackend
  readonly #key: Uint8Array
  #destroyed = false
  readonly #fields: { readonly messageId: Uint8Array; readonly frameLength: number }

  /**
   * Derives the message's key, destroys the materials' data key, and verifies the header.
   *
   * @throws TamperedMessageError if the commitment or the header's tag does not match.
   */
  constructor(header: ParsedHeader, materials: DecryptionMaterials, backend: CryptoBackend) {
    this.#backend = backend
    const { messageId, frameLength } = header.fields
    this.#fields = { messageId: copyBytes(messageId), frameLength } // the caller could change what it sees
    this.#key = verifiedMessageKey(header, materials, backend)
  }

  /** Reads the frames of a run; each is released once it is verified. */
  *readFrames(reader: ByteReader, output: PlaintextOutput, run: FrameRun): Parsing<void> {
    // A source could have made frames for a key of zeros.
    if (this.#destroyed) throw new Error('unreachable: the key has been overwritten')
    const content = new ContentDecryption(this.#backend, this.#key)
    yield* readFrames(content, this.#fields, reader, output, run)
    if (run.last === run.final.sequence) output.release()
  }

  /** Overwrites the message's key. Nothing may be read from then on. */
  destroy(): void {
    this.#destroyed = true
    this.#key.fill(0)
  }
}
