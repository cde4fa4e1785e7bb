import type { CacheRequest, CacheUse, CacheableMaterials } from './cache.ts'
import type { Clock, Moment } from './clock.ts'
import { KeyUsage } from './key-usage.ts'

/** A smaller difference of the two clocks is that of their rounding, or the wall clock being adjusted. */
const leastSleepMs = 100

/**
 * Materials in a cache with what has been taken of their limits (framework/cryptographic-materials-cache.md,
 * "Cache Entry").
 */
export class CacheEntry {
  readonly id: string
  readonly use: CacheUse
  readonly partitionId: string
  readonly materials: CacheableMaterials
  readonly usage: KeyUsage
  /** The age at which it is overwritten: the least that anybody has allowed whom it served. */
  lifeMs: number
  /** How long before that age it is to be renewed; 0 for never. */
  refreshAheadMs: number
  /** The age from which the next request has it renewed in the background; infinite for never. */
  renewAtAgeMs = Number.POSITIVE_INFINITY
  /** Whether its keys are overwritten. */
  isGone = false
  readonly #bornWallMs: number
  readonly #bornMonotonicMs: number

  /** An entry whose materials were asked for at `called`, and have arrived at what the clock has read last. */
  constructor(
    request: CacheRequest<unknown>,
    materials: CacheableMaterials,
    called: Moment,
    clock: Clock,
  ) {
    this.id = request.id
    this.use = request.use
    this.partitionId = request.partitionId
    this.materials = materials
    this.usage = new KeyUsage(request.charge)
    this.lifeMs = request.maxAgeMs
    this.refreshAheadMs = request.refreshAheadMs ?? 0
    // Where a machine was frozen while the answer was under way, nobody knows when KMS gave it: the sleep,
    // which is what the wall clock has in excess, is taken to have come after it.
    const sleptMs = clock.wallMs - called.wallMs - (clock.monotonicMs - called.monotonicMs)
    this.#bornWallMs = clock.wallMs - (sleptMs > leastSleepMs ? sleptMs : 0)
    this.#bornMonotonicMs = clock.monotonicMs
  }

  /** How old it is by the clock that makes it older. */
  ageMs(clock: Moment): number {
    const wallMs = clock.wallMs - this.#bornWallMs
    const monotonicMs = clock.monotonicMs - this.#bornMonotonicMs
    return wallMs > monotonicMs ? wallMs : monotonicMs
  }

  destroy(): void {
    this.isGone = true
    this.materials.destroy()
  }
}
