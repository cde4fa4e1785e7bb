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
  // DynamoDB's for too many calls, after the SDK's own retries.
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  // The same as reasons of a cancelled transaction, which the SDK does not repeat.
  'ProvisionedThroughputExceeded',
  'ThrottlingError',
  'RequestTimeout',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'ThrottlingException', // after the SDK's own retries
  'TimeoutError', // the SDK's, for a connection or an answer that did not come
  'TooManyRequestsException',
])

/** Codes of errors of the network, as Node gives them, and of this library's own waiting. */
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
  'ERR_CACHE_TIMEOUT', // a request has waited for as long as its cache lets it
  'ETIMEDOUT',
  // Of fetch, for keyrings that ask something else than KMS.
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_SOCKET',
])

/** Names of those errors that can be about one key alone, whose own store does not answer. */
const oneKeyNames: ReadonlySet<string> = new Set([
  'DependencyTimeoutException',
  'KeyUnavailableException',
])

/** Causes lie in causes; one that lies in itself has to end somewhere. */
const deepest = 32

/** Whether an error, or what caused it, means that nobody answered. */
export function isOutage(error: unknown): boolean {
  return causesOf(error).some(isOutageItself)
}

/** Whether an error means that nobody answers there at all, rather than for one key. */
export function isRegionOut(error: unknown): boolean {
  return isOutage(error) && !causesOf(error).some((cause) => oneKeyNames.has(nameOf(cause)))
}

/** An error and its causes; none if it is an abort. */
function causesOf(error: unknown): object[] {
  const causes: object[] = []
  let cause = error
  while (typeof cause === 'object' && cause !== null && causes.length < deepest) {
    // The caller's own time limit is an abort, and has the name TimeoutError for its cause.
    if (EnvelopeError.is(cause) && cause.code === 'ERR_ABORTED') return []
    causes.push(cause)
    cause = 'cause' in cause ? cause.cause : undefined
  }
  return causes
}

function isOutageItself(error: object): boolean {
  if (outageNames.has(nameOf(error)) || isCancelledByOutage(error)) return true
  if ('code' in error && outageCodes.has(error.code)) return true
  return statusOf(error) >= 500
}

/**
 * Whether a transaction of DynamoDB was cancelled for nothing but an outage. It has a reason for each of its
 * actions, `None` for those that would have worked; any other among them is an answer.
 */
function isCancelledByOutage(error: object): boolean {
  const reasons: unknown = 'CancellationReasons' in error ? error.CancellationReasons : undefined
  if (!Array.isArray(reasons)) return false
  const codes = reasons.map(reasonCodeOf).filter((code) => code !== 'None')
  return codes.length > 0 && codes.every((code) => outageNames.has(code))
}

function reasonCodeOf(reason: unknown): string {
  if (typeof reason !== 'object' || reason === null || !('Code' in reason)) return 'None'
  return typeof reason.Code === 'string' ? reason.Code : 'None'
}

function nameOf(error: object): string {
  return 'name' in error && typeof error.name === 'string' ? error.name : ''
}

/** The HTTP status of an error of the AWS SDK. */
function statusOf(error: object): number {
  const metadata = '$metadata' in error ? error.$metadata : undefined
  if (typeof metadata !== 'object' || metadata === null) return 0
  return 'httpStatusCode' in metadata ? Number(metadata.httpStatusCode) || 0 : 0
}
