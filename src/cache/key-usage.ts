import type { CacheCharge } from './cache.ts'

/**
 * What has been taken of a data key's limits (framework/caching-cmm.md, "Usage Stats").
 *
 * Its limits are the tightest of all that it has served: a key that has encrypted something for one user is
 * not used beyond that user's limits for another.
 */
export class KeyUsage {
  #messages = 0
  #bytes = 0
  #maxMessages = Number.POSITIVE_INFINITY
  #maxBytes = Number.POSITIVE_INFINITY

  /** Of a key that was fetched within these limits. */
  constructor(charge: CacheCharge | undefined) {
    if (charge === undefined) return
    this.#maxMessages = charge.maxMessages
    this.#maxBytes = charge.maxBytes
  }

  /** Takes what is asked for; `false` if there is not enough. */
  charge(charge: CacheCharge): boolean {
    const maxMessages = Math.min(this.#maxMessages, charge.maxMessages)
    const maxBytes = Math.min(this.#maxBytes, charge.maxBytes)
    const bytes = this.#bytes + charge.bytes
    // Written so that what is no number does not fit.
    if (!(charge.bytes >= 0 && bytes <= maxBytes && this.#messages < maxMessages)) return false
    this.#messages += 1
    this.#bytes = bytes
    this.#maxMessages = maxMessages
    this.#maxBytes = maxBytes
    return true
  }

  /** Whether nothing can be charged any more. */
  get isExhausted(): boolean {
    return this.#messages >= this.#maxMessages || this.#bytes >= this.#maxBytes
  }

  /** What is left of the limits, or nothing if there are none. */
  get remaining(): { remainingMessages: number; remainingBytes: number } | undefined {
    if (this.#maxMessages === Number.POSITIVE_INFINITY) return undefined
    return {
      remainingMessages: this.#maxMessages - this.#messages,
      remainingBytes: this.#maxBytes - this.#bytes,
    }
  }
}
