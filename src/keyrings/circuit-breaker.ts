import { checkInteger } from '../checks.ts'
import { tellFailoverChange } from '../diagnostics.ts'
import { EnvelopeError, type UnwrapAttempt } from '../errors.ts'
import type { EncryptedDataKey } from '../format/encrypted-data-key.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import type { EncryptionMaterials } from '../materials/encryption-materials.ts'
import { newAttempts } from './attempts.ts'
import type { Keyring } from './keyring.ts'
import { isOutage, isRegionOut } from './outages.ts'

const defaultCooldownMs = 30_000
const longestCooldownMs = 24 * 60 * 60 * 1000

export function checkCooldown(cooldownMs: number = defaultCooldownMs): number {
  return checkInteger(cooldownMs, 'cooldownMs', 1, longestCooldownMs)
}

/**
 * An abort after this long is taken for silence: KMS answers in a fraction of it. Otherwise callers whose
 * patience ends before the client's time limits would be sent to a silent region again and again.
 */
const silenceMs = 1000

/** What a call has shown: that there is an answer, that there is none, or neither. */
type Verdict = 'answer' | { outage: unknown } | undefined

/**
 * One keyring of several, which is left alone for a while after an outage. When that time has passed,
 * one message asks it again while the others go on without it; its answer decides for all.
 */
export class GuardedKeyring {
  /** For errors and diagnostics, for example `candidates[0]`. */
  readonly name: string
  readonly keyring: Keyring
  readonly #cooldownMs: number
  /** By the clock of `performance.now()`, which nobody sets back; `undefined` while all is well. */
  #offUntilMs: number | undefined
  #offSinceMs = Number.NEGATIVE_INFINITY

  constructor(name: string, keyring: Keyring, cooldownMs: number) {
    this.name = name
    this.keyring = keyring
    this.#cooldownMs = cooldownMs
  }

  /** Whether to leave it alone. */
  get isOff(): boolean {
    return this.#offUntilMs !== undefined && performance.now() < this.#offUntilMs
  }

  /** Asks the keyring to encrypt, and notes whether it answers. */
  async encrypt(given: EncryptionMaterials): Promise<EncryptionMaterials> {
    return this.#watch(
      given.signal,
      () => this.keyring.onEncrypt(given),
      () => 'answer',
    )
  }

  /** Asks the keyring to decrypt, and notes whether it answers: outages are among the attempts. */
  async decrypt(
    given: DecryptionMaterials,
    encryptedDataKeys: readonly EncryptedDataKey[],
  ): Promise<DecryptionMaterials> {
    return this.#watch(
      given.signal,
      () => this.keyring.onDecrypt(given, encryptedDataKeys),
      (materials) =>
        materials.hasDataKey ? 'answer' : verdictOfAttempts(newAttempts(given, materials)),
    )
  }

  async #watch<T>(
    signal: AbortSignal | undefined,
    call: () => Promise<T>,
    verdictOf: (result: T) => Verdict,
  ): Promise<T> {
    const beganMs = performance.now()
    const before = this.#offUntilMs
    // Whoever asks it again does so alone, and not for ever: a call that never ends counts as no answer.
    const meanwhile = before === undefined ? undefined : beganMs + this.#cooldownMs
    this.#offUntilMs = meanwhile
    let verdict: Verdict
    try {
      const result = await call()
      verdict = verdictOf(result)
      return result
    } catch (error) {
      const isSilence = performance.now() - beganMs >= silenceMs
      if (!signal?.aborted) verdict = verdictOfError(error)
      else verdict = isSilence ? { outage: error } : undefined
      throw error
    } finally {
      if (typeof verdict === 'object') this.#turnOff(verdict.outage)
      else if (verdict === 'answer') this.#turnOn(beganMs)
      else if (this.#offUntilMs === meanwhile) this.#offUntilMs = before
    }
  }

  #turnOff(cause: unknown): void {
    const nowMs = performance.now()
    if (this.#offUntilMs === undefined) {
      this.#offSinceMs = nowMs
      tellFailoverChange({ keyring: this.name, state: 'off', cause })
    }
    this.#offUntilMs = nowMs + this.#cooldownMs
  }

  /** An answer to a call from before the outage says nothing about now. */
  #turnOn(beganMs: number): void {
    if (this.#offUntilMs === undefined || beganMs < this.#offSinceMs) return
    this.#offUntilMs = undefined
    tellFailoverChange({ keyring: this.name, state: 'on' })
  }
}

/**
 * Whether this library found something out by itself, such as a record that is not there: nobody who was
 * asked said so.
 */
function isOwnError(error: unknown): boolean {
  return EnvelopeError.is(error) && error.cause === undefined && !isOutage(error)
}

function verdictOfError(error: unknown): Verdict {
  if (isOutage(error)) return { outage: error }
  return isOwnError(error) ? undefined : 'answer'
}

/**
 * What attempts in vain show. Those without a cause were made here, and nobody was asked. A key that is
 * out of reach by itself says nothing of the others, and on decryption the message chose it: with one such
 * key its writer could have a healthy region left alone.
 */
function verdictOfAttempts(attempts: readonly UnwrapAttempt[]): Verdict {
  const causes = causesIn(attempts)
  const outage = causes.find(isRegionOut)
  if (outage !== undefined) return { outage }
  return causes.some((cause) => !isOutage(cause)) ? 'answer' : undefined
}

/** Whether whoever was asked has refused, and no outage was in the way. */
export function isRefusal(attempts: readonly UnwrapAttempt[]): boolean {
  const causes = causesIn(attempts)
  return causes.length > 0 && !causes.some(isOutage)
}

/** What attempts met with where somebody was asked. */
function causesIn(attempts: readonly UnwrapAttempt[]): unknown[] {
  return attempts
    .map(({ cause }) => cause)
    .filter((cause) => cause !== undefined && !isOwnError(cause))
}

/** Those that may be asked, and behind them those that are off, for when nobody else can help. */
export function availableFirst(keyrings: readonly GuardedKeyring[]): GuardedKeyring[] {
  const off = new Set(keyrings.filter((keyring) => keyring.isOff))
  return [...keyrings.filter((keyring) => !off.has(keyring)), ...off]
}
