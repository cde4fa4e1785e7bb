import { AbortedError } from '../errors.ts'

/**
 * What `promise` comes to, or an {@link AbortedError} as soon as the signal is raised, even if the
 * promise never settles. A result that comes too late is handed to `discard`.
 */
export function untilAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  discard: (late: T) => void,
): Promise<T> {
  return signal ? raceAgainst(signal, promise, discard) : promise
}

async function raceAgainst<T>(
  signal: AbortSignal,
  promise: Promise<T>,
  discard: (late: T) => void,
): Promise<T> {
  let stop = (): void => undefined
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(new AbortedError(signal.reason))
    }
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
  })
  let settled = false
  try {
    const result = await Promise.race([promise, aborted])
    settled = true
    return result
  } finally {
    signal.removeEventListener('abort', stop)
    // Whatever comes now is nobody's: not even an error of `discard` may surface.
    if (!settled) promise.then(discard).catch(() => undefined)
  }
}
