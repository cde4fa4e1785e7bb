import type { Clock } from '../clock.ts'
import { KmsError } from '../kms-error.ts'

interface Bucket {
  tokens: number
  filledAt: number
}

/**
 * A quota of requests a second, for each region: a bucket that holds one second's worth, and fills
 * as fast as it may be emptied. KMS has several quotas, by operation and kind of key; here all
 * requests of a region share one.
 */
export class Quota {
  readonly #perSecond: number
  readonly #clock: Clock
  readonly #buckets = new Map<string, Bucket>()

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond
    this.#clock = clock
  }

  check(region: string): void {
    const now = this.#clock.now()
    const { tokens, filledAt } = this.#buckets.get(region) ?? {
      tokens: this.#perSecond,
      filledAt: now,
    }
    // The system's clock may be set back: then nothing is added, and nothing taken away.
    const added = (Math.max(0, now - filledAt) / 1000) * this.#perSecond
    const filled = Math.min(this.#perSecond, tokens + added)
    const isEmpty = filled < 1
    this.#buckets.set(region, { tokens: isEmpty ? filled : filled - 1, filledAt: now })
    if (!isEmpty) return
    throw new KmsError(
      'ThrottlingException',
      'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
    )
  }
}
