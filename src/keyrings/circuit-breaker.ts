import { checkInteger } from '../checks.ts'
import { tellFailoverChange } from '../diagnostics.ts'
import type { UnwrapAttempt } from '../errors.ts'
import type { EncryptedDataKey } from '../format/encrypted-data-key.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import type { EncryptionMaterials } from '../materials/encryption-materials.ts'
import type { Keyring } from './keyring.ts'
import { isOutage } from './outages.ts'

const defaultCooldownMs = 30_000
const longestCooldownMs = 24 * 60 * 60 * 1000

export function checkCooldown(cooldownMs: number = defaultCooldownMs): number {
  return checkInteger(cooldownMs, 'cooldownMs', 1, longestCooldownMs)
}

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
  #isBeingTried = false

  constructor(name: string, keyring: Keyring, cooldownMs: number) {
    this.name = name
    this.keyring = keyring
    this.#cooldownMs = cooldownMs
  }

  /** Whether to leave it alone. */
  get isOff(): boolean {
    if (this.#offUntilMs === undefined) return false
    return this.#isBeingTried || performance.now() < this.#offUntilMs
  }

  /** Asks the keyring to encrypt, and notes whether it answers. */
  async encrypt(given: EncryptionMaterials): Promise<EncryptionMaterials> {
    return this.#watch(given.signal, () => this.keyring.onEncrypt(given))
  }

  /** Asks the keyring to decrypt, and notes whether it answers: outages are among the attempts. */
  async decrypt(
    given: DecryptionMaterials,
    encryptedDataKeys: readonly EncryptedDataKey[],
  ): Promise<DecryptionMaterials> {
    return this.#watch(
      given.signal,
      () => this.keyring.onDecrypt(given, encryptedDataKeys),
      (materials) => outageAmong(newAttempts(given, materials)),
    )
  }

  async #watch<T>(
    signal: AbortSignal | undefined,
    call: () => Promise<T>,
    outageIn: (result: T) => unknown = () => undefined,
  ): Promise<T> {
    this.#isBeingTried = this.#offUntilMs !== undefined
    try {
      const result = await call()
      this.#note(outageIn(result))
      return result
    } catch (error) {
      // An abort says nothing about the keyring.
      if (signal?.aborted) this.#isBeingTried = false
      else this.#note(isOutage(error) ? error : undefined)
      throw error
    }
  }

  #note(outage: unknown): void {
    const wasOn = this.#offUntilMs === undefined
    this.#isBeingTried = false
    this.#offUntilMs = outage === undefined ? undefined : performance.now() + this.#cooldownMs
    if (wasOn === (outage === undefined)) return
    const keyring = this.name
    tellFailoverChange(wasOn ? { keyring, state: 'off', cause: outage } : { keyring, state: 'on' })
  }
}

/** What a keyring has added to the attempts of the materials that it was given. */
export function newAttempts(
  given: DecryptionMaterials,
  returned: DecryptionMaterials,
): readonly UnwrapAttempt[] {
  return returned.attempts.slice(given.attempts.length)
}

/** The error of the first attempt that came to nothing because of an outage. */
export function outageAmong(attempts: readonly UnwrapAttempt[]): unknown {
  return attempts.find(({ cause }) => isOutage(cause))?.cause
}

/** Those that may be asked, and behind them those that are off, for when nobody else can help. */
export function availableFirst(keyrings: readonly GuardedKeyring[]): GuardedKeyring[] {
  const off = new Set(keyrings.filter((keyring) => keyring.isOff))
  return [...keyrings.filter((keyring) => !off.has(keyring)), ...off]
}
