import { EnvelopeError, type UnwrapAttempt, checkNotAborted, reasonOf } from '../errors.ts'
import { fromUtf8, readUint32 } from '../format/bytes.ts'
import type { EncryptedDataKey } from '../format/encrypted-data-key.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import { nonceLength, tagLength } from '../suites/suites.ts'
import { otherTurn } from './turns.ts'
import { describeParties, isEcdh, readProviderInfo } from './ecdh-provider-info.ts'

/** Bytes behind the key name in a raw AES keyring's provider info: tag bits, nonce length, nonce. */
export const rawAesInfoLength = 4 + 4 + nonceLength

/** The provider and the key that an encrypted data key names, as text for an error or a record. */
export function describeKey(key: EncryptedDataKey): { provider: string; key: string } {
  const parties = isEcdh(key) ? readProviderInfo(key.providerInfo) : undefined
  const name = parties ? describeParties(parties) : fromUtf8(nameOf(key.providerInfo))
  return { provider: key.providerId.slice(0, 256), key: (name ?? '(not text)').slice(0, 256) }
}

/** The note for an encrypted data key that is another keyring's. */
export function skipped(key: EncryptedDataKey, reason: string, hint?: string): UnwrapAttempt {
  return {
    ...describeKey(key),
    outcome: 'skipped',
    reason,
    ...(hint === undefined ? {} : { hint }),
  }
}

/** The note for an encrypted data key that a keyring tried in vain. */
export function failed(
  key: EncryptedDataKey,
  reason: string,
  more: { hint?: string; cause?: unknown } = {},
): UnwrapAttempt {
  return { ...describeKey(key), outcome: 'failed', reason, ...more }
}

/** What an error, thrown by a keyring that was asked to decrypt, says of the encrypted data keys. */
function attemptsOf(cause: unknown): readonly UnwrapAttempt[] {
  if (EnvelopeError.is(cause) && cause.code === 'ERR_UNWRAP_FAILED' && cause.attempts) {
    return cause.attempts
  }
  return [{ provider: anyKey, key: anyKey, outcome: 'failed', reason: reasonOf(cause), cause }]
}

/**
 * What came of asking one keyring of several: the materials with the data key, or what it added to the
 * attempts, or made of its error. An abort is thrown: it is not a reason to ask the next one.
 */
export async function askOneOfSeveral(
  given: DecryptionMaterials,
  ask: () => Promise<DecryptionMaterials>,
): Promise<{ materials: DecryptionMaterials } | { attempts: readonly UnwrapAttempt[] }> {
  try {
    const materials = await ask()
    return materials.hasDataKey ? { materials } : { attempts: newAttempts(given, materials) }
  } catch (cause) {
    checkNotAborted(given.signal)
    return { attempts: attemptsOf(cause) }
  }
}

/** What a keyring has added to the attempts of the materials that it was given. */
export function newAttempts(
  given: DecryptionMaterials,
  returned: DecryptionMaterials,
): readonly UnwrapAttempt[] {
  return returned.attempts.slice(given.attempts.length)
}

const anyKey = '(any)'

/**
 * Attempts in the order of the message's encrypted data keys, rather than of the keyrings that made
 * them: all that is to be said of one key stands together. What names no key of the message comes last.
 */
export async function inMessageOrder(
  attempts: readonly UnwrapAttempt[],
  encryptedDataKeys: readonly EncryptedDataKey[],
  signal: AbortSignal | undefined,
): Promise<readonly UnwrapAttempt[]> {
  const textOf = ({ provider, key }: Pick<UnwrapAttempt, 'provider' | 'key'>): string =>
    `${provider}\0${key}`
  const byKey = new Map<string, UnwrapAttempt[]>()
  for (const [index, key] of encryptedDataKeys.entries()) {
    if (index % 64 === 63) await otherTurn(signal)
    byKey.set(textOf(describeKey(key)), [])
  }
  const others: UnwrapAttempt[] = []
  for (const [index, attempt] of attempts.entries()) {
    if (index % 4096 === 4095) await otherTurn(signal)
    const ofKey = byKey.get(textOf(attempt)) ?? others
    ofKey.push(attempt)
  }
  return [...byKey.values(), others].flat()
}

// A raw AES keyring's provider info is the key name and then binary fields, which are left out.
function nameOf(providerInfo: Uint8Array): Uint8Array {
  const at = providerInfo.length - rawAesInfoLength
  const isRawAes =
    at >= 0 &&
    readUint32(providerInfo, at) === tagLength * 8 &&
    readUint32(providerInfo, at + 4) === nonceLength
  return isRawAes ? providerInfo.subarray(0, at) : providerInfo
}
