import { setTimeout as delay } from 'node:timers/promises'
import { AbortedError } from '../../../errors.ts'

const firstDelayMs = 50
const longestDelayMs = 1000

/**
 * Waits before another attempt: for a random time up to a bound that doubles ("full jitter"), so that those
 * who got into each other's way do not meet again.
 */
export async function waitAfter(attempts: number, signal: AbortSignal | undefined): Promise<void> {
  const bound = Math.min(longestDelayMs, firstDelayMs * 2 ** (attempts - 1))
  try {
    await delay(Math.random() * bound, undefined, signal ? { signal } : {})
  } catch {
    throw new AbortedError(signal?.reason)
  }
}
