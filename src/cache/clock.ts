/** A time by two clocks. */
export interface Moment {
  readonly wallMs: number
  readonly monotonicMs: number
}

/**
 * The time as it was at the last reading. Ages count by the clock that makes them longer: the wall clock goes
 * on while a frozen machine sleeps, and the monotonic one is not set back.
 */
export class Clock implements Moment {
  wallMs = 0
  monotonicMs = 0

  read(): void {
    this.wallMs = Date.now()
    this.monotonicMs = performance.now()
  }
}
