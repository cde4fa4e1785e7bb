import { otherTurn } from '../keyrings/turns.ts'

/** Local keys wait for nothing, so a large call gives the event loop a turn about this often. */
const turnMs = 5

/** The time that a call has had since others had their turn. */
export class Turns {
  #sinceMs = performance.now()

  /** Whether it is time for {@link Turns.give}: asked for each value, which must not wait for a promise. */
  get isDue(): boolean {
    return performance.now() - this.#sinceMs >= turnMs
  }

  /** @throws AbortedError if the signal was raised meanwhile. */
  async give(signal: AbortSignal | undefined): Promise<void> {
    await otherTurn(signal)
    this.#sinceMs = performance.now()
  }
}
