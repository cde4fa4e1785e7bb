import { checkInteger, checkOptions } from '../checks.ts'
import { tellPartialWrap } from '../diagnostics.ts'
import {
  EnvelopeError,
  InvalidArgumentError,
  type UnwrapAttempt,
  type WrapFailure,
  checkNotAborted,
  reasonOf,
} from '../errors.ts'
import type { EncryptedDataKey } from '../format/encrypted-data-key.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import {
  type EncryptionMaterials,
  isEncryptionMaterials,
} from '../materials/encryption-materials.ts'
import { askOneOfSeveral } from './attempts.ts'
import { GuardedKeyring, availableFirst, checkCooldown } from './circuit-breaker.ts'
import { type Keyring, checkKeyring, checkNoDataKey } from './keyring.ts'
import { isOutage } from './outages.ts'

/** Options of {@link MultiKeyring}; at least one of `generator` and `children`. */
export interface MultiKeyringOptions {
  /** Generates the data key, and wraps it. */
  generator?: Keyring
  /** Each wraps the data key once more. */
  children?: readonly Keyring[]
  /**
   * How many of the keyrings, generator included, have to wrap the data key; the others may fail, if
   * they do by an outage. Default: all. With fewer, any of them may have to generate the data key, and
   * any to wrap one that there is.
   */
  minimumWrapped?: number
  /**
   * With `minimumWrapped`: how long a keyring that did not answer is left alone, in milliseconds.
   * Default: 30,000.
   */
  cooldownMs?: number
}

/**
 * Wraps one data key under several keyrings, any of which can then decrypt
 * (framework/multi-keyring.md): two regions, or KMS and a key for emergencies.
 *
 * Encryption fails if any keyring does, unless `minimumWrapped` lets some be missing: then the result's
 * `wrapFailures` and the diagnostics channel `waxseal:partial-wrap` tell which. Only an outage lets a
 * keyring be missing; a refusal, such as access denied, always fails (see `FailoverKeyring`).
 *
 * Decryption asks the generator and then the children in order, until one succeeds; with
 * `minimumWrapped`, those that did not answer just now come last. Without a generator it can decrypt, but
 * encrypts only inside another keyring.
 *
 * @throws InvalidArgumentError if it is given neither a generator nor a child, or an option is not as
 * described.
 *
 * @example
 * ```ts
 * const keyring = new MultiKeyring({ generator: kmsKeyring, children: [emergencyKeyring] })
 * ```
 */
export class MultiKeyring implements Keyring {
  /** The generator, if there is one, and the children. */
  readonly #keyrings: readonly GuardedKeyring[]
  readonly #hasGenerator: boolean
  readonly #minimumWrapped: number

  constructor(options: MultiKeyringOptions) {
    checkOptions(options, ['generator', 'children', 'minimumWrapped', 'cooldownMs'])
    const { generator, children = [], minimumWrapped } = options
    const given: unknown = children
    if (!Array.isArray(given)) {
      throw new InvalidArgumentError('children', 'children must be an array of keyrings')
    }
    const cooldownMs = checkCooldown(options.cooldownMs)
    const guarded = (keyring: Keyring, name: string): GuardedKeyring => {
      checkKeyring(keyring, name)
      return new GuardedKeyring(name, keyring, cooldownMs)
    }
    this.#keyrings = [
      ...(generator === undefined ? [] : [guarded(generator, 'generator')]),
      ...children.map((child, index) => guarded(child, `children[${index}]`)),
    ]
    this.#hasGenerator = generator !== undefined
    const count = this.#keyrings.length
    if (count === 0) {
      throw new InvalidArgumentError('generator', 'A multi-keyring needs a generator or children')
    }
    this.#minimumWrapped =
      minimumWrapped === undefined
        ? count
        : checkInteger(minimumWrapped, 'minimumWrapped', 1, count)
  }

  // framework/multi-keyring.md, "OnEncrypt"
  async onEncrypt(given: EncryptionMaterials): Promise<EncryptionMaterials> {
    if (this.#hasGenerator && given.hasDataKey) {
      throw wrapFailed('its generator was given materials with a data key')
    }
    if (!this.#hasGenerator && !given.hasDataKey) {
      throw wrapFailed('it has no generator to produce a data key')
    }
    return this.#allMustWrap ? this.#wrapByAll(given) : this.#wrapByThoseThatAnswer(given)
  }

  get #allMustWrap(): boolean {
    return this.#minimumWrapped === this.#keyrings.length
  }

  async #wrapByAll(given: EncryptionMaterials): Promise<EncryptionMaterials> {
    let materials = given
    for (const { name, keyring } of this.#keyrings) {
      const wrapped = await keyring.onEncrypt(materials)
      checkWrapped(materials, wrapped, name)
      materials = wrapped
    }
    return materials
  }

  async #wrapByThoseThatAnswer(given: EncryptionMaterials): Promise<EncryptionMaterials> {
    let materials = given
    let wrapped = 0
    const failures: WrapFailure[] = []
    for (const guarded of availableFirst(this.#keyrings)) {
      const { name: keyring } = guarded
      if (guarded.isOff && wrapped >= this.#minimumWrapped) {
        failures.push({ keyring, reason: 'it did not answer shortly before, so it was not asked' })
        continue
      }
      try {
        const next = await guarded.encrypt(materials)
        checkWrapped(materials, next, keyring)
        materials = next
        wrapped += 1
      } catch (cause) {
        checkNotAborted(given.signal)
        if (!isOutage(cause)) throw cause
        failures.push({ keyring, reason: reasonOf(cause), cause })
      }
    }
    if (failures.length === 0) return materials
    if (wrapped < this.#minimumWrapped) throw tooFew(wrapped, this.#minimumWrapped, failures)
    tellPartialWrap({ wrapped, keyrings: this.#keyrings.length, failures })
    return materials.withWrapFailures(failures)
  }

  // framework/multi-keyring.md, "OnDecrypt"
  async onDecrypt(
    given: DecryptionMaterials,
    encryptedDataKeys: readonly EncryptedDataKey[],
  ): Promise<DecryptionMaterials> {
    checkNoDataKey(given)
    const attempts: UnwrapAttempt[] = []
    const keyrings = this.#allMustWrap ? this.#keyrings : availableFirst(this.#keyrings)
    for (const guarded of keyrings) {
      const asked = await askOneOfSeveral(given, () =>
        this.#allMustWrap
          ? guarded.keyring.onDecrypt(given, encryptedDataKeys)
          : guarded.decrypt(given, encryptedDataKeys),
      )
      if ('materials' in asked) return asked.materials
      for (const attempt of asked.attempts) attempts.push(attempt)
    }
    return given.withAttempts(attempts)
  }
}

/** A keyring that has not wrapped the data key, or wrapped another one, would be counted as if it had. */
function checkWrapped(
  given: EncryptionMaterials,
  next: EncryptionMaterials,
  keyring: string,
): void {
  if (!isEncryptionMaterials(next) || !next.continues(given)) {
    throw wrapFailed(`its ${keyring} did not return what it was given, with its own additions`)
  }
  if (!next.hasDataKey) throw wrapFailed(`its ${keyring} produced no data key`)
  if (next.encryptedDataKeys.length === given.encryptedDataKeys.length) {
    throw wrapFailed(`its ${keyring} has not wrapped the data key`)
  }
}

function wrapFailed(why: string, cause?: unknown): EnvelopeError {
  const options = cause === undefined ? {} : { cause }
  return new EnvelopeError('ERR_WRAP_FAILED', `The multi-keyring cannot encrypt: ${why}`, options)
}

function tooFew(wrapped: number, minimum: number, failures: readonly WrapFailure[]): EnvelopeError {
  const reasons = failures.map(({ keyring, reason }) => `${keyring}: ${reason}`).join('; ')
  const why = `${wrapped} of its keyrings wrapped the data key, and minimumWrapped is ${minimum}: ${reasons}`
  return wrapFailed(why, failures[0]?.cause)
}
