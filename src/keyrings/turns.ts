import { setImmediate } from 'node:timers/promises'
import { checkNotAborted } from '../errors.ts'

/**
 * Lets others run, and stops if the operation was aborted. Keyrings do so between tries to unwrap,
 * because whoever wrote the message chose how many encrypted data keys there are to try.
 */
export async function otherTurn(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate()
  checkNotAborted(signal)
}
