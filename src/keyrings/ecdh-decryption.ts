import type { CryptoBackend } from '../crypto/backend.ts'
import { type EcdhPublicKey, ecdhPublicKey } from '../crypto/ecdh.ts'
import type { UnwrapAttempt } from '../errors.ts'
import { equalBytes } from '../format/bytes.ts'
import type { EncryptedDataKey } from '../format/encrypted-data-key.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import { failed, skipped } from './attempts.ts'
import { type EcdhParties, beginning, isEcdh, readProviderInfo } from './ecdh-provider-info.ts'
import { ecdhCiphertextLength, unwrapByEcdh } from './ecdh-wrapping.ts'
import { otherTurn } from './turns.ts'
import { unwrapFirst, unwrappedTo } from './unwrap-first.ts'

/** One side of the agreements that a keyring can take part in. */
export interface EcdhSide {
  /** Whose private key is at hand. */
  readonly own: EcdhPublicKey
  /** The only other side; `undefined` in discovery, where any sender may write to `own`. */
  readonly other: EcdhPublicKey | undefined
  /** The shared secret with the other side, which the caller overwrites; rejects with why there is none. */
  agree(other: EcdhPublicKey): Promise<Uint8Array>
  /** The note for an agreement that was rejected. Throws for an abort. */
  disagreement(key: EncryptedDataKey, cause: unknown): UnwrapAttempt | Promise<UnwrapAttempt>
}

/** raw-ecdh-keyring.md and aws-kms-ecdh-keyring.md, "OnDecrypt"; they differ in how to agree alone. */
export async function decryptByEcdh(
  backend: CryptoBackend,
  materials: DecryptionMaterials,
  encryptedDataKeys: readonly EncryptedDataKey[],
  side: EcdhSide,
): Promise<DecryptionMaterials> {
  return unwrapFirst(
    materials,
    encryptedDataKeys,
    (key) => {
      const parties = isEcdh(key) ? readProviderInfo(key.providerInfo) : undefined
      if (!parties) return { attempt: notEcdh(key) }
      const mismatch = mismatchOf(side, parties)
      return mismatch === undefined ? { how: parties } : { attempt: skipped(key, mismatch) }
    },
    (key, parties) => unwrap(backend, materials, side, parties, key),
  )
}

/**
 * The note for an encrypted data key of another kind, or one whose provider info is not well-formed. AWS's
 * libraries stop at the latter, so that whoever puts one in front keeps them from the next.
 */
export function notEcdh(key: EncryptedDataKey): UnwrapAttempt {
  return isEcdh(key)
    ? failed(key, 'its key provider info does not name two compressed points on one curve')
    : skipped(key, 'it was not wrapped by ECDH, and this is an ECDH keyring')
}

/** The materials with a note for each key, for a keyring that can try none of them. */
export async function noteAll(
  materials: DecryptionMaterials,
  encryptedDataKeys: readonly EncryptedDataKey[],
  note: (key: EncryptedDataKey) => UnwrapAttempt | Promise<UnwrapAttempt>,
): Promise<DecryptionMaterials> {
  const attempts: UnwrapAttempt[] = []
  for (const key of encryptedDataKeys) {
    if (attempts.length % 64 === 63) await otherTurn(materials.signal)
    attempts.push(await note(key))
  }
  return materials.withAttempts(attempts)
}

/** Why the parties are not those of this keyring, if so. */
function mismatchOf({ own, other }: EcdhSide, parties: EcdhParties): string | undefined {
  const { sender, recipient } = parties
  if (!other) {
    return equalBytes(own.point, recipient)
      ? undefined
      : `this ECDH keyring opens what was sent to the recipient ${beginning(own.point)}`
  }
  // Both directions: the text has "match the public keys configured", and AWS's libraries let each side
  // of a static pair read what the other wrote.
  const isOurs =
    (equalBytes(own.point, sender) && equalBytes(other.point, recipient)) ||
    (equalBytes(own.point, recipient) && equalBytes(other.point, sender))
  if (isOurs) return undefined
  return `this ECDH keyring is for the keys ${beginning(own.point)} and ${beginning(other.point)}`
}

async function unwrap(
  backend: CryptoBackend,
  materials: DecryptionMaterials,
  side: EcdhSide,
  parties: EcdhParties,
  key: EncryptedDataKey,
): Promise<{ materials: DecryptionMaterials } | { attempt: UnwrapAttempt }> {
  const { suite, encryptionContext } = materials
  // Before the point is solved for and, with KMS, a call is made.
  if (key.ciphertext.length !== ecdhCiphertextLength(suite.keyLength)) {
    const reason = `its length does not fit a data key of ${suite.name}`
    return { attempt: failed(key, reason) }
  }
  const other = side.other ?? ecdhPublicKey({ curve: parties.curve, point: parties.sender })
  if (!other) {
    return { attempt: failed(key, `the sender's public key is not a point on ${parties.curve}`) }
  }
  let sharedSecret: Uint8Array
  try {
    sharedSecret = await side.agree(other)
  } catch (cause) {
    return { attempt: await side.disagreement(key, cause) }
  }
  try {
    const { ciphertext } = key
    const result = unwrapByEcdh(backend, encryptionContext, parties, sharedSecret, ciphertext)
    if ('problem' in result) {
      const hint = 'the encryption context is another one, or it was changed'
      return { attempt: failed(key, result.problem, { hint }) }
    }
    const unwrapped = unwrappedTo(materials, key, result.dataKey)
    result.dataKey.fill(0)
    return unwrapped
  } finally {
    sharedSecret.fill(0)
  }
}
