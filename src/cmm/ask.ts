import { AbortedError } from '../errors.ts'
import { isDecryptionMaterials } from '../materials/decryption-materials.ts'
import { isEncryptionMaterials } from '../materials/encryption-materials.ts'
import { asEnvelopeError } from './cmm.ts'

/** Asks a CMM, which may be the application's own: it may throw anything, at once, late or never. */
export async function askCmm<T>(
  code: 'ERR_WRAP_FAILED' | 'ERR_UNWRAP_FAILED',
  signal: AbortSignal | undefined,
  question: () => Promise<T>,
): Promise<T> {
  try {
    return await untilAborted(question(), signal, destroyMaterials)
  } catch (cause) {
    throw asEnvelopeError(code, 'CMM', cause)
  }
}

/** Overwrites the keys of what a CMM returned, if that is materials at all. */
export function destroyMaterials(materials: unknown): void {
  if (isEncryptionMaterials(materials) || isDecryptionMaterials(materials)) materials.destroy()
}

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
    // Whatever comes now is nobody's: not even an error of `discard` may surface. First of all, since a signal
    // that is not node's may throw.
    if (!settled) promise.then(discard).catch(() => undefined)
    signal.removeEventListener('abort', stop)
  }
}
