import { ctr, gcm } from '@noble/ciphers/aes.js'
import { p256, p384 } from '@noble/curves/nist.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { randomBytes } from '@noble/hashes/utils.js'
import type { CryptoBackend, CurveName, HashName, SigningKey } from './backend.ts'
import { checkCompressed } from './point.ts'

const hashes = { sha256, sha384, sha512 }
const curves = { 'P-256': p256, 'P-384': p384 }
const empty = new Uint8Array(0)
// Other SDKs sign and accept any s; prehash is false because the hash runs over the whole message.
const ecdsaOptions = { prehash: false, lowS: false, format: 'der' } as const
// A second signature of the same message is another one: one of an item has to have a certain length.
const signOptions = { ...ecdsaOptions, extraEntropy: true } as const

/**
 * The second backend: @noble/ciphers, @noble/hashes and @noble/curves. Audited, pure JavaScript, much
 * slower than node:crypto, and AES in software without a promise about timing. It is there as an
 * independent check of the first, and for who prefers reviewable code to OpenSSL.
 *
 * @example
 * ```ts
 * const client = new EnvelopeClient({ keyring, backend: nobleBackend })
 * ```
 */
export const nobleBackend: CryptoBackend = {
  name: 'noble',

  randomBytes: (length) => randomBytes(length),

  digest: (hash, message) => hashes[hash](message),

  hmac: (hash, key, message) => hmac(hashes[hash], key, message),

  // @noble has no running GCM: the pieces are gathered and all is done in `finish`, which means that
  // on decryption no plaintext exists before the tag has been verified.
  encryptGcm(key, nonce, aad) {
    const pieces: Uint8Array[] = []
    return {
      update(plaintext) {
        pieces.push(plaintext)
        return empty
      },
      finish() {
        const plaintext = join(pieces)
        const sealed = gcm(key, nonce, aad).encrypt(plaintext)
        plaintext.fill(0) // it may be a data key that is being wrapped
        return sealed
      },
    }
  },

  decryptGcm(key, nonce, aad) {
    const pieces: Uint8Array[] = []
    return {
      update(ciphertext) {
        pieces.push(new Uint8Array(ciphertext)) // the caller may reuse its buffer before `finish`
        return empty
      },
      finish(tag) {
        pieces.push(tag)
        const sealed = join(pieces)
        try {
          return gcm(key, nonce, aad).decrypt(sealed)
        } catch {
          return undefined
        }
      },
    }
  },

  keystream: (key, counter, length) => ctr(key, counter).encrypt(new Uint8Array(length)),

  generateSigningKey: (curve) => new NobleSigningKey(curve),

  createVerifier(curve, hash, publicKey) {
    checkCompressed(curve, publicKey)
    curves[curve].Point.fromBytes(publicKey) // throws for what is not a point on the curve
    const running = hashes[hash].create()
    return {
      update: (bytes) => void running.update(bytes),
      verify(signature) {
        try {
          return curves[curve].verify(signature, running.digest(), publicKey, ecdsaOptions)
        } catch {
          return false // not a DER signature
        }
      },
    }
  },

  equalInConstantTime(a, b) {
    if (a.length !== b.length) return false
    let difference = 0
    for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
    return difference === 0
  },
}

// Not concatBytes(...pieces): a message fed byte by byte has more pieces than arguments can be.
function join(pieces: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    joined.set(piece, at)
    at += piece.length
  }
  return joined
}

class NobleSigningKey implements SigningKey {
  readonly publicKey: Uint8Array
  readonly #curve: CurveName
  readonly #secretKey: Uint8Array

  constructor(curve: CurveName) {
    const { secretKey, publicKey } = curves[curve].keygen()
    this.#curve = curve
    this.#secretKey = secretKey
    this.publicKey = publicKey
  }

  createSigner(hash: HashName) {
    const running = hashes[hash].create()
    const curve = curves[this.#curve]
    const secretKey = this.#secretKey
    return {
      update: (bytes: Uint8Array) => void running.update(bytes),
      sign: () => curve.sign(running.digest(), secretKey, signOptions),
    }
  }
}
