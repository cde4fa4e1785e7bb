import type { CryptoBackend, RunningVerifier } from '../crypto/backend.ts'
import type { ByteReader, Parsing } from '../format/reader.ts'
import { nonceLength, tagLength } from '../suites/suites.ts'
import { tampered } from './verified-key.ts'

/** Where plaintext goes. What is held is unverified: nobody may see it before it is released. */
export interface PlaintextOutput {
  /** Takes decrypted bytes whose tag has not been checked yet. */
  hold(plaintext: Uint8Array): void
  /** Says that all the bytes held so far are authentic. */
  release(): void
}

/** What one tag is over: a frame, or the whole content of a non-framed message. */
interface Content {
  readonly nonce: Uint8Array
  readonly aad: Uint8Array
  readonly length: number
  readonly kind: 'frame' | 'final frame' | 'content'
  readonly sequence: number
}

/** Decrypts the parts of one body, one after the other, and shows all bytes to the verifier of a signature. */
export class ContentDecryption {
  readonly #backend: CryptoBackend
  readonly #key: Uint8Array
  readonly #verifier: RunningVerifier | undefined
  readonly #nonce = new Uint8Array(nonceLength)

  /** @param key stays its owner's, who overwrites it. */
  constructor(backend: CryptoBackend, key: Uint8Array, verifier?: RunningVerifier) {
    this.#backend = backend
    this.#key = key
    this.#verifier = verifier
  }

  *take(reader: ByteReader, length: number, field: string): Parsing<Uint8Array> {
    const bytes = reader.takeNow(length) ?? (yield* reader.take(length, field))
    this.#verifier?.update(bytes)
    return bytes
  }

  /**
   * The IV as it stands in the message, which the tag vouches for. It is written as the sequence number
   * (client-apis/encrypt.md, "Construct a frame"), but there are official vectors with others.
   */
  keepNonce(nonce: Uint8Array): Uint8Array {
    this.#nonce.set(nonce)
    return this.#nonce
  }

  /** Decrypts as the bytes come, and verifies the tag behind them. */
  *decrypt(
    reader: ByteReader,
    output: PlaintextOutput,
    { nonce, aad, length, kind, sequence }: Content,
  ): Parsing<void> {
    const decryption = this.#backend.decryptGcm(this.#key, nonce, aad)
    for (let left = length; left > 0;) {
      const ciphertext = reader.takeSomeNow(left) ?? (yield* reader.takeSome(left, kind))
      left -= ciphertext.length
      this.#verifier?.update(ciphertext)
      output.hold(decryption.update(ciphertext))
    }
    const rest = decryption.finish(yield* this.take(reader, tagLength, `tag of the ${kind}`))
    if (!rest) {
      const which = kind === 'frame' ? `frame ${sequence}` : `the ${kind}`
      throw tampered(`The authentication tag of ${which} does not match`)
    }
    output.hold(rest)
  }
}
