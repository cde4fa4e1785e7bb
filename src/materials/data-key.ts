import { EnvelopeError } from '../errors.ts'
import { copyBytes } from '../format/bytes.ts'
import type { AlgorithmSuite } from '../suites/suites.ts'

/**
 * A plaintext data key in flight. The bytes sit in a private field, so neither `util.inspect` nor
 * `JSON.stringify` of anything that holds it shows them, and {@link destroy} overwrites them.
 */
export class DataKey {
  #bytes: Uint8Array | undefined

  /** Copies the bytes: the caller keeps its own, and should overwrite them. */
  constructor(bytes: Uint8Array, suite: AlgorithmSuite) {
    // cmm-interface.md: the length must be the suite's key derivation input length.
    if (bytes.length !== suite.keyLength) {
      throw new EnvelopeError(
        'ERR_NO_DATA_KEY',
        `The data key has ${bytes.length} bytes, and ${suite.name} takes ${suite.keyLength}`,
      )
    }
    this.#bytes = copyBytes(bytes)
  }

  /** The key itself, not a copy; it turns to zeros when the key is destroyed. */
  get bytes(): Uint8Array {
    if (this.#bytes) return this.#bytes
    throw new EnvelopeError(
      'ERR_NO_DATA_KEY',
      'The data key was destroyed and cannot be used again',
    )
  }

  /** Overwrites the key. Calling it again does nothing. */
  destroy(): void {
    this.#bytes?.fill(0)
    this.#bytes = undefined
  }
}
