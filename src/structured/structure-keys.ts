import type { CryptoBackend } from '../crypto/backend.ts'
import { concat, utf8 } from '../format/bytes.ts'
import { nonceLength } from '../suites/suites.ts'

/** The two keys of one item. */
export interface StructureKeys {
  /** Makes the header's commitment. */
  readonly commitKey: Uint8Array
  /** From it come the keys of all fields. */
  readonly fieldRootKey: Uint8Array
}

const noSalt = new Uint8Array(64)
const deriveKeyLabel = utf8('AWS_DBE_DERIVE_KEY')
const commitKeyLabel = utf8('AWS_DBE_COMMIT_KEY')
/** The number of the only block of each HKDF-Expand, which stands behind its info. */
const firstBlock = Uint8Array.of(1)

/**
 * Derives the keys of an item for `use` (header.md, "Commit Key"; encrypt-path-structure.md, "Calculate
 * Cipherkey and Nonce"), and overwrites them and the data key: HKDF with SHA-512 and no salt. One extract serves
 * both keys, and each is shorter than a block, so that each expand is one HMAC.
 */
export function withStructureKeys<T>(
  backend: CryptoBackend,
  dataKey: Uint8Array,
  messageId: Uint8Array,
  use: (keys: StructureKeys) => T,
): T {
  const secrets = [dataKey]
  const hmac = (key: Uint8Array, message: Uint8Array): Uint8Array => {
    const made = backend.hmac('sha512', key, message)
    secrets.push(made)
    return made
  }
  try {
    const extracted = hmac(noSalt, dataKey)
    const expand = (label: Uint8Array): Uint8Array =>
      hmac(extracted, concat(label, messageId, firstBlock)).subarray(0, keyLength)
    return use({ commitKey: expand(commitKeyLabel), fieldRootKey: expand(deriveKeyLabel) })
  } finally {
    for (const secret of secrets) secret.fill(0)
  }
}

const keyLength = 32
/**
 * A field key has 44 bytes, and the counter of the next one is three blocks of 16 on. So one key stream has
 * them all, with four bytes between two that nobody uses.
 */
const stride = 48
/** `AwsDbeField`, the length of a field key and the number of the first block ("FieldKeyNonce"). */
const firstCounter = concat(utf8('AwsDbeField'), Uint8Array.of(keyLength + nonceLength, 0, 0, 0, 0))

/** The keys and nonces of the encrypted fields of one item, by their place among them. */
export class FieldKeys {
  readonly #stream: Uint8Array

  constructor(backend: CryptoBackend, fieldRootKey: Uint8Array, count: number) {
    this.#stream = backend.keystream(fieldRootKey, firstCounter, count * stride)
  }

  key(ordinal: number): Uint8Array {
    return this.#stream.subarray(ordinal * stride, ordinal * stride + keyLength)
  }

  nonce(ordinal: number): Uint8Array {
    const start = ordinal * stride + keyLength
    return this.#stream.subarray(start, start + nonceLength)
  }

  /** Overwrites all of them. */
  destroy(): void {
    this.#stream.fill(0)
  }
}
