import type { CacheCharge, CacheRequest, CacheUse, CacheableMaterials } from './cache.ts'
import type { Clock } from './clock.ts'

/**
 * Materials in a cache with what has been taken of their limits (framework/cryptographic-materials-cache.md,
 * "Cache Entry").
 *
 * Its limits are the tightest of all that it has served: a key that has encrypted something for one user is
 * not used beyond that user's limits for another.
 */
export class CacheEntry {
  readonly id: string
  readonly use: CacheUse
  readonly partitionId: string
  readonly materials: CacheableMaterials
  /** The age at which it is overwritten. */
  lifeMs: number
  /** The age from which the next request has it renewed in the background; infinite for never. */
  renewAtAgeMs = Number.POSITIVE_INFINITY
  /** Whether its keys are overwritten. */
  isGone = false
  readonly #arrivedWallMs: number
  readonly #arrivedMonotonicMs: number
  #messages = 0
  #bytes = 0
  #maxMessages = Number.POSITIVE_INFINITY
  #maxBytes = Number.POSITIVE_INFINITY

  /** An entry whose materials have arrived at what the clock has read last. */
  constructor(request: CacheRequest<unknown>, materials: CacheableMaterials, clock: Clock) {
    this.id = request.id
    this.use = request.use
    this.partitionId = request.partitionId
    this.materials = materials
    this.lifeMs = request.maxAgeMs
    this.#arrivedWallMs = clock.wallMs
    this.#arrivedMonotonicMs = clock.monotonicMs
    if (request.charge) {
      this.#maxMessages = request.charge.maxMessages
      this.#maxBytes = request.charge.maxBytes
    }
  }

  /** How old it is by the clock that makes it older. */
  ageMs(clock: Clock): number {
    const wallMs = clock.wallMs - this.#arrivedWallMs
    const monotonicMs = clock.monotonicMs - this.#arrivedMonotonicMs
    return wallMs > monotonicMs ? wallMs : monotonicMs
  }

  /** Takes what the request needs of the limits; `false` if there is not enough. */
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

  /** What is left of its limits, or nothing if there are none. */
  get remaining(): { remainingMessages: number; remainingBytes: number } | undefined {
    if (this.#maxMessages === Number.POSITIVE_INFINITY) return undefined
    return {
      remainingMessages: this.#maxMessages - this.#messages,
      remainingBytes: this.#maxBytes - this.#bytes,
    }
  }

  destroy(): void {
    this.isGone = true
    this.materials.destroy()
  }
}
