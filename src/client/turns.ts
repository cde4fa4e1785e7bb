import { checkNotAborted } from '../errors.ts'
import { otherTurn } from '../keyrings/turns.ts'

/** A large call lets the event loop have a turn every 5 ms; one more piece of work may come on top. */
const turnMs = 5

type Work<T> = Generator<undefined, T, undefined>

/**
 * Runs work that yields between its pieces, and lets others run in between. Little work waits for nothing;
 * `beforeOthers` is called once, before the first wait.
 */
export function runInTurns<T>(
  work: Work<T>,
  signal: AbortSignal | undefined,
  beforeOthers?: () => void,
): T | Promise<T> {
  const step = runOneTurn(work)
  if (!step.done) {
    beforeOthers?.()
    return runTheRest(work, signal)
  }
  checkNotAborted(signal)
  return step.value
}

async function runTheRest<T>(work: Work<T>, signal: AbortSignal | undefined): Promise<T> {
  for (;;) {
    await otherTurn(signal)
    const step = runOneTurn(work)
    if (step.done) {
      checkNotAborted(signal)
      return step.value
    }
  }
}

function runOneTurn<T>(work: Work<T>): IteratorResult<undefined, T> {
  const began = performance.now()
  for (;;) {
    const step = work.next()
    if (step.done || performance.now() - began >= turnMs) return step
  }
}
