import { checkOptions } from '../checks.ts'
import {
  EnvelopeError,
  InvalidArgumentError,
  type UnwrapAttempt,
  checkNotAborted,
  reasonOf,
} from '../errors.ts'
import type { EncryptedDataKey } from '../format/encrypted-data-key.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import type { EncryptionMaterials } from '../materials/encryption-materials.ts'
import { askOneOfSeveral } from './attempts.ts'
import { GuardedKeyring, availableFirst, checkCooldown, isRefusal } from './circuit-breaker.ts'
import { type Keyring, checkKeyring, checkNoDataKey } from './keyring.ts'
import { isOutage } from './outages.ts'

/** Options of {@link FailoverKeyring}. */
export interface FailoverKeyringOptions {
  /** The keyrings to ask, nearest first: for example one `KmsMrkKeyring` a region. */
  candidates: readonly Keyring[]
  /** How long a candidate that did not answer is left alone, in milliseconds. Default: 30,000. */
  cooldownMs?: number
}

/**
 * Survives the outage of a region: encrypts under the first candidate that answers and decrypts at the
 * first that can, and leaves one that does not answer alone for the cooldown. Then one message tries
 * it again, while the others go on without it. If no candidate is left, those that are off are asked
 * all the same.
 *
 * Give the candidates' clients time limits, as those of `kmsClientSupplier` have: an SDK client without
 * waits for a region that does not answer as long as the network does.
 *
 * A message is wrapped under one candidate only. So that every candidate can read it, give replicas of
 * one multi-Region key; or wrap under several keys by a `MultiKeyring` with `minimumWrapped`.
 *
 * Only an outage makes it go on: time-outs, errors of the network, KMS's internal errors, throttling
 * after the SDK's retries. A candidate that refuses (access denied, key not found or disabled,
 * another encryption context) has answered, and its answer stands; on decryption, one that holds none
 * of the message's keys is passed over. Each change is published to the diagnostics channel
 * `waxseal:failover`.
 *
 * @throws InvalidArgumentError if an option is not as described.
 *
 * @example
 * ```ts
 * const keyring = new FailoverKeyring({ candidates: [frankfurtKeyring, irelandKeyring], cooldownMs: 60_000 })
 * ```
 */
export class FailoverKeyring implements Keyring {
  readonly #candidates: readonly GuardedKeyring[]

  constructor(options: FailoverKeyringOptions) {
    checkOptions(options, ['candidates', 'cooldownMs'])
    const { candidates } = options
    const given: unknown = candidates
    if (!Array.isArray(given) || given.length === 0) {
      throw new InvalidArgumentError(
        'candidates',
        'candidates must be an array of keyrings, not empty',
      )
    }
    const cooldownMs = checkCooldown(options.cooldownMs)
    this.#candidates = candidates.map((keyring, index) => {
      const name = `candidates[${index}]`
      checkKeyring(keyring, name)
      return new GuardedKeyring(name, keyring, cooldownMs)
    })
  }

  async onEncrypt(given: EncryptionMaterials): Promise<EncryptionMaterials> {
    const failures: { name: string; cause: unknown }[] = []
    for (const candidate of availableFirst(this.#candidates)) {
      try {
        return await candidate.encrypt(given)
      } catch (cause) {
        checkNotAborted(given.signal)
        if (!isOutage(cause)) throw cause
        failures.push({ name: candidate.name, cause })
      }
    }
    throw new EnvelopeError(
      'ERR_WRAP_FAILED',
      'None of the candidates could be reached: ' +
        failures.map(({ name, cause }) => `${name}: ${reasonOf(cause)}`).join('; '),
      { cause: failures[0]?.cause },
    )
  }

  async onDecrypt(
    given: DecryptionMaterials,
    encryptedDataKeys: readonly EncryptedDataKey[],
  ): Promise<DecryptionMaterials> {
    checkNoDataKey(given)
    const attempts: UnwrapAttempt[] = []
    for (const candidate of availableFirst(this.#candidates)) {
      const asked = await askOneOfSeveral(given, () => candidate.decrypt(given, encryptedDataKeys))
      if ('materials' in asked) return asked.materials
      for (const attempt of asked.attempts) attempts.push(attempt)
      if (isRefusal(asked.attempts)) break
    }
    return given.withAttempts(attempts)
  }
}
