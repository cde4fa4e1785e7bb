import { EnvelopeError, ItemError, TamperedMessageError, reasonOf } from '../../errors.ts'

/**
 * A failure with the place in the request or the answer where it happened. It is a new error, since one failure
 * of a keyring may be that of several items.
 *
 * @param otherwise the code of what an application's CMM threw that is no error of this library.
 */
export function placed(
  failure: unknown,
  place: string,
  otherwise: 'ERR_WRAP_FAILED' | 'ERR_UNWRAP_FAILED',
): EnvelopeError {
  const message = `${place}: ${reasonOf(failure)}`
  if (!EnvelopeError.is(failure)) return new EnvelopeError(otherwise, message, { cause: failure })
  const { code, attempts } = failure
  switch (code) {
    case 'ERR_ABORTED':
      return failure
    case 'ERR_ITEM':
    case 'ERR_MALFORMED_ITEM':
    case 'ERR_PLAINTEXT_ITEM':
    case 'ERR_LEGACY_ITEM':
      return new ItemError(code, message, attributeOf(failure), failure)
    case 'ERR_AUTHENTICATION':
    case 'ERR_COMMITMENT':
    case 'ERR_SIGNATURE':
      return new TamperedMessageError(code, message, failure)
    default:
      return new EnvelopeError(code, message, { cause: failure, ...(attempts && { attempts }) })
  }
}

function attributeOf(failure: EnvelopeError): string | undefined {
  return 'attribute' in failure && typeof failure.attribute === 'string'
    ? failure.attribute
    : undefined
}

/** An answer of DynamoDB's that does not fit its request, so that an item in it cannot be told. */
export function unexpectedAnswer(operation: string, what: string): ItemError {
  return new ItemError('ERR_MALFORMED_ITEM', `The answer to ${operation} ${what}`)
}
