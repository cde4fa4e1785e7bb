import {
  EnvelopeError,
  InvalidArgumentError,
  ItemError,
  RefusedRequestError,
  TamperedMessageError,
  UnwrapError,
  reasonOf,
} from '../../errors.ts'

/**
 * A failure with the place in the request or the answer where it happened. It is a new error, since one failure
 * of a keyring may be that of several items.
 *
 * @param otherwise the code of what an application's CMM threw that is no error of this library.
 */
export function placed(
  failure: unknown,
  place: string,
  otherwise: 'ERR_WRAP_FAILED' | 'ERR_UNWRAP_FAILED' = 'ERR_UNWRAP_FAILED',
  cause = failure,
): EnvelopeError {
  const message = `${place}: ${reasonOf(failure)}`
  if (!EnvelopeError.is(failure)) return new EnvelopeError(otherwise, message, { cause })
  const { code, attempts } = failure
  switch (code) {
    case 'ERR_ABORTED':
      return failure
    case 'ERR_INVALID_ARGUMENT':
      return new InvalidArgumentError(memberOf(failure, 'field') ?? place, message, cause)
    case 'ERR_ITEM':
    case 'ERR_MALFORMED_ITEM':
    case 'ERR_PLAINTEXT_ITEM':
    case 'ERR_LEGACY_ITEM':
      return new ItemError(code, message, memberOf(failure, 'attribute'), cause)
    case 'ERR_AUTHENTICATION':
    case 'ERR_COMMITMENT':
    case 'ERR_SIGNATURE':
      return new TamperedMessageError(code, message, cause)
    case 'ERR_UNWRAP_FAILED':
      if (attempts) return new UnwrapError(attempts, undefined, { message, cause })
      return new EnvelopeError(code, message, { cause })
    default:
      return new EnvelopeError(code, message, { cause, ...(attempts && { attempts }) })
  }
}

/** What an error says besides its message. It may come from another copy of the library. */
function memberOf(failure: EnvelopeError, name: 'field' | 'attribute'): string | undefined {
  const value: unknown = Reflect.get(failure, name)
  return typeof value === 'string' ? value : undefined
}

/** An answer of DynamoDB's that does not fit its request, so that an item in it cannot be told. */
export function unexpectedAnswer(operation: string, what: string, cause?: unknown): ItemError {
  const message = `The answer to ${operation} ${what}`
  return new ItemError('ERR_MALFORMED_ITEM', message, undefined, cause)
}

/** What could not be looked at, so that whatever it holds must not be sent. */
export function malformedRequest(operation: string, cause: unknown): RefusedRequestError {
  return new RefusedRequestError(
    `The input of ${operation} is not of the shape that the types of the AWS SDK have for it, and was not sent`,
    { operation, cause },
  )
}
