import { mapWithin } from '../concurrency.ts'
import { checkNotAborted } from '../errors.ts'
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

/** `mapWithin` that gives others their turn. The signal that `work` gets is there only if the caller gave one. */
export async function mapInTurns<Value, Result>(
  limit: number,
  values: Iterable<Value>,
  signal: AbortSignal | undefined,
  work: (value: Value, signal: AbortSignal | undefined) => Promise<Result>,
): Promise<Result[]> {
  checkNotAborted(signal)
  const turns = new Turns()
  return await mapWithin(limit, values, signal, async (value, _index, stop) => {
    if (turns.isDue) await turns.give(stop)
    // To listen for a signal costs a quarter of the time of a value. After a failure those under way come to their end.
    return await work(value, signal && stop)
  })
}
