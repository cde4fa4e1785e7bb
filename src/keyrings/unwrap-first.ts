import { EnvelopeError, type UnwrapAttempt } from '../errors.ts'
import type { EncryptedDataKey } from '../format/encrypted-data-key.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import { failed, skipped } from './attempts.ts'
import { checkNoDataKey } from './keyring.ts'
import { isRegionOut } from './outages.ts'
import { otherTurn } from './turns.ts'

/** What came of an encrypted data key. */
export type Unwrapped = { materials: DecryptionMaterials } | { attempt: UnwrapAttempt }

/**
 * The materials with what an encrypted data key was unwrapped to. Of an item that can be a key under which it has
 * no data key, since not every keyring binds the encryption context: then the next one is to be tried.
 */
export function unwrappedTo(
  given: DecryptionMaterials,
  key: EncryptedDataKey,
  bytes: Uint8Array,
): Unwrapped {
  try {
    return { materials: given.withDataKey(bytes) }
  } catch (cause) {
    const attempt = EnvelopeError.is(cause) ? cause.attempts?.[0] : undefined
    if (!attempt) throw cause
    const { reason, hint } = attempt
    return { attempt: failed(key, reason, hint === undefined ? {} : { hint }) }
  }
}

/**
 * The "OnDecrypt" of the keyrings that try one encrypted data key after another, until one opens.
 *
 * @param choose says how to try a key, or why not to. All keys are looked at before the first try:
 * "The set of encrypted data keys MUST first be filtered to match this keyring's configuration."
 */
export async function unwrapFirst<How>(
  given: DecryptionMaterials,
  encryptedDataKeys: readonly EncryptedDataKey[],
  choose: (key: EncryptedDataKey) => { how: How } | { attempt: UnwrapAttempt },
  unwrap: (key: EncryptedDataKey, how: How) => Promise<Unwrapped>,
): Promise<DecryptionMaterials> {
  checkNoDataKey(given)
  const choices: { key: EncryptedDataKey; choice: ReturnType<typeof choose> }[] = []
  for (const key of encryptedDataKeys) {
    if (choices.length % 64 === 63) await otherTurn(given.signal)
    choices.push({ key, choice: choose(key) })
  }
  const attempts: UnwrapAttempt[] = []
  let tries = 0
  let isOut = false
  for (const { key, choice } of choices) {
    if ('attempt' in choice) {
      attempts.push(choice.attempt)
    } else if (isOut) {
      attempts.push(notTried(key))
    } else {
      if (tries > 0) await otherTurn(given.signal)
      tries += 1
      const result = await unwrap(key, choice.how)
      if ('materials' in result) return result.materials
      attempts.push(result.attempt)
      isOut = isRegionOut(result.attempt.cause)
    }
  }
  return given.withAttempts(attempts)
}

/**
 * The note for a data key behind one for which nobody answered. Each call would take the client's time
 * limits again, and whoever wrote the message chose how many there are.
 */
function notTried(key: EncryptedDataKey): UnwrapAttempt {
  return skipped(key, 'nobody answered for another encrypted data key, so this one was not tried')
}
