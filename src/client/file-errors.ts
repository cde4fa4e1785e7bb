import { EnvelopeError } from '../errors.ts'

export function fileError(message: string, cause?: unknown): EnvelopeError {
  return new EnvelopeError('ERR_FILE', message, cause === undefined ? {} : { cause })
}

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}

/** A path as an error shows it: in quotes, with control characters escaped. */
export function quote(path: string): string {
  return JSON.stringify(path)
}
