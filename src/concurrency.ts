import { setMaxListeners } from 'node:events'

/**
 * `work` on each of the values, on at most `limit` of them at the same time; a value is drawn when its turn comes.
 * What it returns is in the order of the values. The first failure, be it of the values themselves, is thrown; it
 * raises the signal that the others were given, and no more begin.
 */
export async function mapWithin<Value, Result>(
  limit: number,
  values: Iterable<Value>,
  signal: AbortSignal | undefined,
  work: (value: Value, index: number, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const stop = new AbortController()
  // One signal for all, and whatever waits for KMS listens to it. Node would take more than ten for a leak.
  setMaxListeners(0, stop.signal)
  // Not AbortSignal.any: it takes no signal but Node's own, and the caller's keeps 45 bytes of each call for ever.
  const abort = (): void => {
    stop.abort(signal?.reason)
  }
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort, { once: true })
  const results: Result[] = []
  const rest = values[Symbol.iterator]()
  const progress = { drawn: 0, ended: false, failed: false }
  const worker = async (): Promise<void> => {
    while (!progress.failed) {
      const next = rest.next()
      if (next.done) {
        progress.ended = true
        return
      }
      const index = progress.drawn++
      results[index] = await work(next.value, index, stop.signal)
    }
  }
  try {
    const workers: Promise<void>[] = []
    while (workers.length < limit && !progress.ended) workers.push(worker())
    await Promise.all(workers)
  } catch (failure) {
    progress.failed = true
    stop.abort(failure)
    throw failure
  } finally {
    signal?.removeEventListener('abort', abort)
  }
  return results
}

/** Hands out the values one after the other, to those who stand in the same order. */
export function inOrder<Value>(values: readonly Value[]): () => Value {
  const rest = values.values()
  return () => {
    const { done, value } = rest.next()
    if (done) throw new RangeError('More values were taken than there are')
    return value
  }
}
