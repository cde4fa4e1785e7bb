import { TamperedMessageError } from '../errors.ts'

/** The error for a tag that does not match. */
export function tampered(what: string, note?: string): TamperedMessageError {
  const message =
    `${what}: the message was changed, or is not one that was encrypted for these keys and this ` +
    'encryption context'
  return new TamperedMessageError('ERR_AUTHENTICATION', note ? `${message}. ${note}` : message)
}
