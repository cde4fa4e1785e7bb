import type { HashName, RunningSigner, SigningKey } from '../crypto/backend.ts'
import { copyBytes } from '../format/bytes.ts'

/** A signing key that others have too: what one of them makes of it changes nothing for the rest. */
export class SharedSigningKey implements SigningKey {
  readonly publicKey: Uint8Array
  readonly #original: SigningKey

  constructor(original: SigningKey) {
    this.publicKey = copyBytes(original.publicKey)
    this.#original = original
  }

  createSigner(hash: HashName): RunningSigner {
    return this.#original.createSigner(hash)
  }
}
