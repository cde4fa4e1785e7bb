import { setTimeout as sleep } from 'node:timers/promises'
import { NoAnswer } from './outages.ts'

/** How late answers are. */
export class Latency {
  #everywhereMs = 0
  readonly #byRegionMs = new Map<string, number>()

  set(latencyMs: number, region: string | undefined): void {
    if (region !== undefined) {
      this.#byRegionMs.set(region, latencyMs)
    } else {
      this.#byRegionMs.clear()
      this.#everywhereMs = latencyMs
    }
  }

  async wait(region: string, gone: AbortSignal): Promise<void> {
    const latencyMs = this.#byRegionMs.get(region) ?? this.#everywhereMs
    if (latencyMs === 0) return
    await sleep(latencyMs, undefined, { signal: gone }).catch(() => {
      throw new NoAnswer()
    })
  }
}
