import type { CryptoBackend, HashName } from '../crypto/backend.ts'
import { concat, copyBytes, utf8 } from '../format/bytes.ts'
import { type AlgorithmSuite, commitmentLength } from '../suites/suites.ts'

/** The keys of one message, derived from its data key. */
export interface MessageKeys {
  /** Encrypts the frames. A copy of its own, to be overwritten by whoever asked for it. */
  readonly encryptionKey: Uint8Array
  /** What a committing suite stores in the header; `undefined` for the others. */
  readonly commitment: Uint8Array | undefined
}

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
  // Once more, since nothing would show that a message was encrypted under too short a key.
  if (dataKey.length !== suite.keyLength) throw new TypeError('The data key has the wrong length')
  const hash = suite.kdfHash
  if (hash === undefined) return { encryptionKey: copyBytes(dataKey), commitment: undefined }
  // No salt means a salt of zeros; an HMAC key is padded with zeros anyway, so any number of them.
  const extracted = backend.hmac(hash, suite.commitment ? messageId : noSalt, dataKey)
  const label = suite.commitment ? deriveKeyLabel : messageId
  const info = concat(Uint8Array.of(suite.id >>> 8, suite.id), label, firstBlock)
  const encryptionKey = expand(backend, hash, extracted, info, suite.keyLength)
  const commitment = suite.commitment
    ? expand(backend, hash, extracted, commitKeyInfo, commitmentLength)
    : undefined
  extracted.fill(0)
  return { encryptionKey, commitment }
}

const deriveKeyLabel = utf8('DERIVEKEY')
const noSalt = new Uint8Array(64)
/** The number of the block, behind the info of each expand. */
const firstBlock = Uint8Array.of(1)
const commitKeyInfo = concat(utf8('COMMITKEY'), firstBlock)

// RFC 5869, 2.3. Every key here is at most as long as its hash, so T(1) is all of it.
function expand(
  backend: CryptoBackend,
  hash: HashName,
  extracted: Uint8Array,
  infoAndBlock: Uint8Array,
  length: number,
): Uint8Array {
  return backend.hmac(hash, extracted, infoAndBlock).subarray(0, length)
}
