import type { CryptoBackend, HashName } from '../crypto/backend.ts'
import { concat, copyBytes, utf8, writeUint16 } from '../format/bytes.ts'
import { type AlgorithmSuite, commitmentLength } from '../suites/suites.ts'

/** The keys of one message, derived from its data key. */
export interface MessageKeys {
  /** Encrypts the frames. A copy of its own, to be overwritten by whoever asked for it. */
  readonly encryptionKey: Uint8Array
  /** What a committing suite stores in the header; `undefined` for the others. */
  readonly commitment: Uint8Array | undefined
}

const deriveKeyLabel = utf8('DERIVEKEY')
const commitKeyLabel = utf8('COMMITKEY')

/**
 * framework/transitive-requirements.md, "HKDF Encryption Key" and "HKDF Commit Key". One extract
 * serves both keys, as the specification recommends; it and each expand are one HMAC.
 */
export function deriveMessageKeys(
  backend: CryptoBackend,
  suite: AlgorithmSuite,
  dataKey: Uint8Array,
  messageId: Uint8Array,
): MessageKeys {
  const hash = suite.kdfHash
  if (hash === undefined) {
    return { encryptionKey: copyBytes(dataKey), commitment: undefined }
  }
  const suiteId = new Uint8Array(2)
  writeUint16(suiteId, 0, suite.id)
  if (!suite.commitment) {
    // No salt: HKDF then uses zeros, and an HMAC key is padded with zeros anyway.
    const extracted = backend.hmac(hash, noSalt, dataKey)
    const info = concat(suiteId, messageId)
    const encryptionKey = expand(backend, hash, extracted, info, suite.keyLength)
    extracted.fill(0)
    return { encryptionKey, commitment: undefined }
  }
  const extracted = backend.hmac(hash, messageId, dataKey)
  const info = concat(suiteId, deriveKeyLabel)
  const encryptionKey = expand(backend, hash, extracted, info, suite.keyLength)
  const commitment = expand(backend, hash, extracted, commitKeyLabel, commitmentLength)
  extracted.fill(0)
  return { encryptionKey, commitment }
}

const noSalt = new Uint8Array(64)
const firstBlock = Uint8Array.of(1)

// RFC 5869, 2.3. Every key here is at most as long as its hash, so T(1) is all of it.
function expand(
  backend: CryptoBackend,
  hash: HashName,
  extracted: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const block = backend.hmac(hash, extracted, concat(info, firstBlock))
  const key = copyBytes(block.subarray(0, length))
  block.fill(0)
  return key
}
