import { setImmediate } from 'node:timers/promises'
import { checkNotAborted } from './abort.ts'

/** A large call lets the event loop have a turn at least every 10 ms; a piece of work takes under 2. */
const turnMs = 8

/** Runs work that yields between its pieces, and lets others run in between. */
export async function runInTurns<T>(
  work: Generator<undefined, T, undefined>,
  signal: AbortSignal | undefined,
): Promise<T> {
  let turnBegan = performance.now()
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
    if (performance.now() - turnBegan < turnMs) continue
    await setImmediate()
    checkNotAborted(signal)
    turnBegan = performance.now()
  }
}
