/** The time of one LocalKms: real time, and ahead of it by as much as a test has asked for. */
export class Clock {
  #offsetMs = 0

  /** Whole milliseconds since the epoch: a store file takes no others. */
  now(): number {
    return Math.floor(Date.now() + this.#offsetMs)
  }

  /** By 0 or more. Real time may still go back: what has expired by then is gone all the same. */
  advance(durationMs: number): void {
    this.#offsetMs += durationMs
  }
}
