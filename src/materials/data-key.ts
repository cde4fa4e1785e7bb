import { isBytes } from '../checks.ts'
import { EnvelopeError } from '../errors.ts'
import { copyBytes } from '../format/bytes.ts'
import type { MaterialsSuite } from '../suites/materials-suite.ts'

/**
 * A plaintext data key in flight. The bytes sit in a private field, so neither `util.inspect` nor
 * `JSON.stringify` of anything that holds it shows them, and {@link destroy} overwrites them and every
 * copy that was handed out.
 */
export class DataKey {
  #bytes: Uint8Array | undefined
  readonly #suite: MaterialsSuite
  readonly #copies: Uint8Array[] = []

  /** Copies the bytes: the caller keeps its own, and should overwrite them. */
  constructor(bytes: Uint8Array, suite: MaterialsSuite) {
    // A string of the right length would be copied to nothing, and the message encrypted under no key.
    if (!isBytes(bytes)) {
      throw new EnvelopeError('ERR_NO_DATA_KEY', 'The data key must be a Uint8Array')
    }
    // framework/structures.md, "Plaintext Data Key": it has to fit the suite's key derivation.
    if (bytes.length !== suite.keyLength) {
      throw new EnvelopeError(
        'ERR_NO_DATA_KEY',
        `The data key has ${bytes.length} bytes, and ${suite.name} takes ${suite.keyLength}`,
      )
    }
    this.#bytes = copyBytes(bytes)
    this.#suite = suite
  }

  /**
   * A copy of the key, which lives as long as the key does. Never the key itself: a keyring that tidily
   * overwrote what it was given would have the message encrypted under zeros.
   */
  copy(): Uint8Array {
    const copy = copyBytes(this.#alive())
    this.#copies.push(copy)
    return copy
  }

  /** The same key with a life of its own: to destroy the one leaves the other as it is. */
  clone(): DataKey {
    return new DataKey(this.#alive(), this.#suite)
  }

  /** Overwrites the key and its copies. Calling it again does nothing. */
  destroy(): void {
    this.#bytes?.fill(0)
    this.#bytes = undefined
    for (const copy of this.#copies) copy.fill(0)
    this.#copies.length = 0
  }

  #alive(): Uint8Array {
    if (this.#bytes) return this.#bytes
    throw new EnvelopeError(
      'ERR_NO_DATA_KEY',
      'The data key was destroyed and cannot be used again',
    )
  }
}
