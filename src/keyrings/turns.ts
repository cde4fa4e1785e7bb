import { setImmediate } from 'node:timers/promises'
import { AbortedError } from '../errors.ts'

/**
 * Lets others run, and stops if the operation was aborted: between tries to unwrap, because whoever
 * wrote the message chose how many encrypted data keys there are to try.
 */
export async function otherTurn(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate()
  if (signal?.aborted) throw new AbortedError(signal.reason)
}
