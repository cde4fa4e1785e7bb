import { EnvelopeError } from '../errors.ts'

/*
 * Which errors mean that a region, or whatever a keyring asks, does not answer at present. Everything
 * else is an answer: another region would give the same, or would hide a mistake in the configuration.
 * The guide to surviving an outage has the same table.
 */

/** Names of errors that services give themselves when they cannot answer. */
const outageNames: ReadonlySet<string> = new Set([
  'DependencyTimeoutException',
  'KMSInternalException',
  'KeyUnavailableException',
  'RequestTimeout',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'ThrottlingException', // after the SDK's own retries
  'TimeoutError', // the SDK's, for a connection or an answer that did not come
  'TooManyRequestsException',
])

/** Codes of errors of the network, as Node gives them. */
const outageCodes: ReadonlySet<unknown> = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
])

const deepest = 5

/** Whether an error, or what caused it, means that nobody answered. */
export function isOutage(error: unknown): boolean {
  let cause = error
  for (let depth = 0; depth < deepest && typeof cause === 'object' && cause !== null; depth++) {
    // The caller's own time limit is an abort, and has the name TimeoutError for its cause.
    if (EnvelopeError.is(cause) && cause.code === 'ERR_ABORTED') return false
    if (isOutageItself(cause)) return true
    cause = 'cause' in cause ? cause.cause : undefined
  }
  return false
}

function isOutageItself(error: object): boolean {
  if ('name' in error && typeof error.name === 'string' && outageNames.has(error.name)) return true
  if ('code' in error && outageCodes.has(error.code)) return true
  return statusOf(error) >= 500
}

/** The HTTP status of an error of the AWS SDK. */
function statusOf(error: object): number {
  const metadata = '$metadata' in error ? error.$metadata : undefined
  if (typeof metadata !== 'object' || metadata === null) return 0
  return 'httpStatusCode' in metadata ? Number(metadata.httpStatusCode) || 0 : 0
}
