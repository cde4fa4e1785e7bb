import type { CryptoBackend } from '../crypto/backend.ts'
import { TamperedMessageError } from '../errors.ts'
import { notStoredNote } from '../format/encryption-context.ts'
import type { ParsedHeader } from '../format/header.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import { isHeaderAuthentic } from './header.ts'
import { deriveMessageKeys } from './message-keys.ts'

/**
 * Derives the key of a message whose header has been parsed, destroys the materials' data key, and verifies the
 * header. Who asks has to overwrite the key.
 *
 * @throws TamperedMessageError if the commitment or the header's tag does not match.
 */
export function verifiedMessageKey(
  header: ParsedHeader,
  materials: DecryptionMaterials,
  backend: CryptoBackend,
): Uint8Array {
  const { suite, fields } = header
  const keys = deriveMessageKeys(backend, suite, materials.dataKey, fields.messageId)
  materials.destroy()
  const key = keys.encryptionKey
  try {
    checkCommitment(backend, header, keys.commitment)
    if (isHeaderAuthentic(backend, header, materials, key)) return key
    throw tampered(
      "The header's authentication tag does not match",
      notStoredNote(materials.requiredContextKeys),
    )
  } catch (error) {
    key.fill(0)
    throw error
  }
}

// In constant time (transitive-requirements.md, "HKDF Commit Key"), and before the header's tag
// (client-apis/decrypt.md, "Get the decryption materials" comes before "Verify the header").
function checkCommitment(
  backend: CryptoBackend,
  { commitment }: ParsedHeader,
  derived: Uint8Array | undefined,
): void {
  if (derived === undefined && commitment === undefined) return
  if (derived && commitment && backend.equalInConstantTime(derived, commitment)) return
  throw new TamperedMessageError(
    'ERR_COMMITMENT',
    "The message's key commitment does not match its data key: the message was changed, or its data " +
      'key was unwrapped to another one than it was encrypted with',
  )
}

/** The error for a tag that does not match. */
export function tampered(what: string, note?: string): TamperedMessageError {
  const message =
    `${what}: the message was changed, or is not one that was encrypted for these keys and this ` +
    'encryption context'
  return new TamperedMessageError('ERR_AUTHENTICATION', note ? `${message}. ${note}` : message)
}
