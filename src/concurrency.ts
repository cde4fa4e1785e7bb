import { setMaxListeners } from 'node:events'

/**
 * `work` on each of the values, on at most `limit` of them at the same time. What it returns is in the order of
 * the values. The first failure is thrown; it raises the signal that the others were given, and no more begin.
 */
export async function mapWithin<Value, Result>(
  limit: number,
  values: readonly Value[],
  signal: AbortSignal | undefined,
  work: (value: Value, index: number, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const failed = new AbortController()
  const either = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal
  // One signal for all, and whatever waits for KMS listens to it. Node would take more than ten for a leak.
  setMaxListeners(0, either)
  const results: Result[] = []
  const entries = values.entries()
  const worker = async (): Promise<void> => {
    // All workers draw on one iterator.
    for (const [index, value] of entries) {
      results[index] = await work(value, index, either)
      if (failed.signal.aborted) return
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(limit, values.length) }, worker))
  } catch (failure) {
    failed.abort(failure)
    throw failure
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
