/** The time of one LocalKms: real time, and ahead of it by as much as a test has asked for. */
export class Clock {
  #offsetMs = 0

  /** Milliseconds since the epoch. */
  now(): number {
    return Date.now() + this.#offsetMs
  }

  /** It never goes back: what has expired stays expired. */
  advance(durationMs: number): void {
    this.#offsetMs += durationMs
  }
}
