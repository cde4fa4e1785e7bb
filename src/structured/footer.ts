import type { CryptoBackend } from '../crypto/backend.ts'
import { EnvelopeError, ItemError, TamperedMessageError } from '../errors.ts'
import { join } from '../format/bytes.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import type { EncryptionMaterials } from '../materials/encryption-materials.ts'
import { signFixedLength, signatureLength } from './fixed-length-signature.ts'
import { footerName } from './structure.ts'

/** An HMAC of SHA-384. */
const tagLength = 48

/** Writes the value of `aws_dbe_foot` (structured-encryption/footer.md) over the canonical hash. */
export function writeFooter(
  backend: CryptoBackend,
  materials: EncryptionMaterials,
  hash: Uint8Array,
): Uint8Array {
  const { suite, signingKey, symmetricSigningKeys, encryptedDataKeys } = materials
  // Whoever holds the one of the data keys that has no tag could not read the item.
  if (symmetricSigningKeys.length !== encryptedDataKeys.length) {
    throw noKey('the HMAC of each encrypted data key')
  }
  const parts: Uint8Array[] = []
  try {
    for (const key of symmetricSigningKeys) parts.push(backend.hmac('sha384', key, hash))
  } finally {
    for (const key of symmetricSigningKeys) key.fill(0)
  }
  if (suite.signature) {
    if (!signingKey) throw noKey('the signature')
    parts.push(signFixedLength(signingKey, suite.signature.hash, hash))
  }
  return join(parts)
}

/**
 * Verifies `aws_dbe_foot` against the canonical hash: the HMAC of the data key that was unwrapped, and the
 * signature if the suite has one.
 *
 * @param dataKeyCount of the header.
 * @throws TamperedMessageError if one does not match. @throws ItemError if it is not well-formed.
 */
export function verifyFooter(
  backend: CryptoBackend,
  materials: DecryptionMaterials,
  footer: Uint8Array,
  dataKeyCount: number,
  hash: Uint8Array,
): void {
  const { suite } = materials
  const tagsEnd = dataKeyCount * tagLength
  const length = tagsEnd + (suite.signature ? signatureLength : 0)
  if (footer.length !== length) {
    throw new ItemError(
      'ERR_MALFORMED_ITEM',
      `The attribute ${footerName} has ${footer.length} bytes, and that of an item with ` +
        `${suite.name} and so many encrypted data keys (${dataKeyCount}) has ${length}`,
      footerName,
    )
  }
  verifyTags(backend, materials, footer.subarray(0, tagsEnd), hash)
  if (suite.signature) verifySignature(backend, materials, footer.subarray(tagsEnd), hash)
}

// "Recipient Tag Verification": nothing says which of them is that of the data key that was unwrapped.
function verifyTags(
  backend: CryptoBackend,
  materials: DecryptionMaterials,
  tags: Uint8Array,
  hash: Uint8Array,
): void {
  const key = materials.symmetricSigningKey
  if (!key) throw noKey('the HMAC')
  let found = false
  try {
    const expected = backend.hmac('sha384', key, hash)
    for (let at = 0; at < tags.length; at += tagLength) {
      if (backend.equalInConstantTime(expected, tags.subarray(at, at + tagLength))) found = true
    }
    expected.fill(0)
  } finally {
    key.fill(0)
  }
  if (found) return
  throw new TamperedMessageError(
    'ERR_AUTHENTICATION',
    'The item is not the one that was encrypted: a signed attribute was changed, added or removed, or it ' +
      'is another attribute now that is not signed',
  )
}

function verifySignature(
  backend: CryptoBackend,
  { suite, verificationKey }: DecryptionMaterials,
  signature: Uint8Array,
  hash: Uint8Array,
): void {
  if (!suite.signature || !verificationKey) throw noKey('the signature')
  const { curve, hash: hashName } = suite.signature
  let verifier
  try {
    verifier = backend.createVerifier(curve, hashName, verificationKey)
  } catch (cause) {
    throw new TamperedMessageError(
      'ERR_SIGNATURE',
      `The item's verification key is not a compressed point on ${curve}`,
      cause,
    )
  }
  verifier.update(hash)
  if (verifier.verify(signature)) return
  throw new TamperedMessageError('ERR_SIGNATURE', "The item's signature does not match")
}

function noKey(of: string): EnvelopeError {
  return new EnvelopeError('ERR_NO_DATA_KEY', `The materials of the item have no key of ${of}`)
}
