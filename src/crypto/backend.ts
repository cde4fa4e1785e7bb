import { InvalidArgumentError } from '../errors.ts'

/** A hash function by its name in node:crypto. */
export type HashName = 'sha256' | 'sha384' | 'sha512'
/** An elliptic curve that messages are signed on. */
export type CurveName = 'P-256' | 'P-384'
/** An elliptic curve that two parties agree on a secret on (framework/raw-ecdh-keyring.md). */
export type EcdhCurveName = CurveName | 'P-521'

/**
 * The primitives that messages are made of. There are two implementations, node:crypto and @noble,
 * so that each checks the other; outside this folder only LocalKms calls a primitive.
 */
export interface CryptoBackend {
  /** For diagnostics: `node` or `noble`. */
  readonly name: string
  /** Cryptographically secure random bytes. */
  randomBytes(length: number): Uint8Array
  /** The hash of `message`. */
  digest(hash: HashName, message: Uint8Array): Uint8Array
  /** HMAC of `message` under `key`. */
  hmac(hash: HashName, key: Uint8Array, message: Uint8Array): Uint8Array
  /** Begins one AES-GCM encryption; the key is 16, 24 or 32 bytes, the nonce 12. */
  encryptGcm(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array): GcmEncryption
  /** Begins one AES-GCM decryption. */
  decryptGcm(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array): GcmDecryption
  /**
   * The first `length` bytes of the AES-256-CTR keystream from this 16-byte counter block on: what is
   * exclusive-ored with a plaintext, so secret.
   */
  keystream(key: Uint8Array, counter: Uint8Array, length: number): Uint8Array
  /** Makes the key pair of one signed message. */
  generateSigningKey(curve: CurveName): SigningKey
  /**
   * Begins to verify a signature under a compressed public key.
   *
   * @throws Error if the bytes are not a point on the curve.
   */
  createVerifier(curve: CurveName, hash: HashName, publicKey: Uint8Array): RunningVerifier
  /** Whether two byte strings are equal, in time that depends on their lengths alone. */
  equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean
}

/** An AES-GCM encryption under way. */
export interface GcmEncryption {
  /** Encrypts the next bytes; a backend may return them later, but in order. */
  update(plaintext: Uint8Array): Uint8Array
  /** The rest of the ciphertext, if any was kept back, followed by the 16-byte tag. */
  finish(): Uint8Array
}

/** An AES-GCM decryption under way. What it returns before `finish` has verified the tag is untrusted. */
export interface GcmDecryption {
  /** Decrypts the next bytes, unverified; a backend may return them later, but in order. */
  update(ciphertext: Uint8Array): Uint8Array
  /** The rest of the plaintext if the tag is right; `undefined` if it is not. */
  finish(tag: Uint8Array): Uint8Array | undefined
}

/** The private key that signs one message. Its secret never leaves the object. */
export interface SigningKey {
  /** The public key as a compressed point (SEC 1, 2.3.3), for the encryption context. */
  readonly publicKey: Uint8Array
  /** Begins a signature over everything that is then passed to `update`. */
  createSigner(hash: HashName): RunningSigner
}

/** A signature under way. */
export interface RunningSigner {
  update(bytes: Uint8Array): void
  /** The signature as a DER `ECDSA-Sig-Value`. */
  sign(): Uint8Array
}

/** The verification of a signature under way. */
export interface RunningVerifier {
  update(bytes: Uint8Array): void
  /** Whether the DER signature is right. */
  verify(signature: Uint8Array): boolean
}

const members = [
  'randomBytes',
  'digest',
  'hmac',
  'encryptGcm',
  'decryptGcm',
  'keystream',
  'generateSigningKey',
  'createVerifier',
  'equalInConstantTime',
] as const satisfies readonly (keyof CryptoBackend)[]

/** Refuses what is not a backend. */
export function checkBackend(backend: CryptoBackend): CryptoBackend {
  const given: unknown = backend
  if (typeof given === 'object' && given !== null) {
    const missing = members.find((member) => typeof backend[member] !== 'function')
    if (missing === undefined) return backend
  }
  throw new InvalidArgumentError(
    'backend',
    'backend must be a crypto backend, such as nodeBackend or the nobleBackend of waxseal/noble',
  )
}
