import { setImmediate } from 'node:timers/promises'
import { checkNotAborted } from './abort.ts'

/** A large call lets the event loop have a turn every 10 ms; one more piece of work may come on top. */
const turnMs = 5

/** Runs work that yields between its pieces, and lets others run in between. */
export async function runInTurns<T>(
  work: Generator<undefined, T, undefined>,
  signal: AbortSignal | undefined,
): Promise<T> {
  let turnBegan = performance.now()
  for (;;) {
    const step = work.next()
    if (step.done) {
      checkNotAborted(signal)
      return step.value
    }
    if (performance.now() - turnBegan < turnMs) continue
    await setImmediate()
    checkNotAborted(signal)
    turnBegan = performance.now()
  }
}
