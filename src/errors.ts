/**
 * Every failure of this library is an {@link EnvelopeError} with one of these codes. The union is
 * closed, so a `switch` over it can be exhaustive; `docs/errors.md` says for each one what happened
 * and what to do.
 */
export type ErrorCode =
  | 'ERR_INVALID_ARGUMENT'
  | 'ERR_ENCRYPTION_CONTEXT'
  | 'ERR_ENCRYPTION_CONTEXT_MISMATCH'
  | 'ERR_UNKNOWN_ALGORITHM_SUITE'
  | 'ERR_COMMITMENT_POLICY'
  | 'ERR_NO_DATA_KEY'
  | 'ERR_WRAP_FAILED'
  | 'ERR_UNWRAP_FAILED'
  | 'ERR_TOO_MANY_DATA_KEYS'
  | 'ERR_PLAINTEXT_TOO_LONG'
  | 'ERR_MALFORMED_MESSAGE'
  | 'ERR_BASE64_MESSAGE'
  | 'ERR_TRUNCATED_MESSAGE'
  | 'ERR_TRAILING_BYTES'
  | 'ERR_AUTHENTICATION'
  | 'ERR_COMMITMENT'
  | 'ERR_SIGNATURE'
  | 'ERR_SIGNED_MESSAGE_REFUSED'
  | 'ERR_NON_FRAMED_MESSAGE'
  | 'ERR_ABORTED'
  | 'ERR_FILE'
  | 'ERR_FILE_EXISTS'
  | 'ERR_SOURCE'
  | 'ERR_READER_CLOSED'
  | 'ERR_CACHE_TIMEOUT'
  | 'ERR_BRANCH_KEY_ID'
  | 'ERR_BRANCH_KEY_NOT_FOUND'
  | 'ERR_BRANCH_KEY_CONFLICT'
  | 'ERR_BRANCH_KEY_RECORD'
  | 'ERR_BRANCH_KEY_KMS'
  | 'ERR_KEY_STORAGE'
  | 'ERR_LOCAL_KMS'
  | 'ERR_ITEM'
  | 'ERR_MALFORMED_ITEM'
  | 'ERR_PLAINTEXT_ITEM'
  | 'ERR_LEGACY_ITEM'
  | 'ERR_REFUSED_REQUEST'
  | 'ERR_UPDATE_CONFLICT'
  | 'ERR_FIELD'
  | 'ERR_REFUSED_QUERY'
  | 'ERR_BACKFILL'

/** What one keyring did with one encrypted data key while a message was being decrypted. */
export interface UnwrapAttempt {
  /** The key provider id in the message, for example `aws-kms` or a raw keyring's namespace. */
  readonly provider: string
  /** The key that the message names: a KMS key ARN, or a raw keyring's key name. */
  readonly key: string
  /** For a key of AWS KMS: the region that was asked, or of a skipped key the one that its ARN names. */
  readonly region?: string
  /** `skipped`: this keyring holds another key. `failed`: it tried and could not unwrap. */
  readonly outcome: 'skipped' | 'failed'
  /** Why, in one sentence. Never holds key material. */
  readonly reason: string
  /** What to do about it, where there is something to do. */
  readonly hint?: string
  /** The error underneath, such as the one that KMS returned. */
  readonly cause?: unknown
}

/** A keyring that has not wrapped the data key of a message, which was written all the same. */
export interface WrapFailure {
  /** Which one of the multi-keyring: `generator`, or for example `children[0]`. */
  readonly keyring: string
  /** Why, in one sentence. Never holds key material. */
  readonly reason: string
  /** The error underneath; none if it was not asked, because it had failed shortly before. */
  readonly cause?: unknown
}

/**
 * The base of every error that this library throws. Recognise it by {@link EnvelopeError.is} or by
 * `code`, never by `instanceof` alone: an application can hold an ESM and a CommonJS copy at once.
 *
 * @example
 * ```ts
 * try {
 *   await client.decrypt(message)
 * } catch (error) {
 *   if (EnvelopeError.is(error) && error.code === 'ERR_UNWRAP_FAILED') console.error(error.attempts)
 *   else throw error
 * }
 * ```
 */
export class EnvelopeError extends Error {
  override name = 'EnvelopeError'
  /** Which failure this is. */
  readonly code: ErrorCode
  /** For `ERR_UNWRAP_FAILED`, unless a keyring or CMM threw: what became of each encrypted data key. */
  declare readonly attempts?: readonly UnwrapAttempt[]

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; attempts?: readonly UnwrapAttempt[] } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    if (options.attempts) this.attempts = options.attempts
  }

  /** Whether `value` is an error of this library, whichever copy of the library made it. */
  static is(value: unknown): value is EnvelopeError {
    return typeof value === 'object' && value !== null && brand in value
  }
}

const brand = Symbol.for('waxseal.EnvelopeError')
Object.defineProperty(EnvelopeError.prototype, brand, { value: true })

/** An argument or option is not what it should be. The message names the field. */
export class InvalidArgumentError extends EnvelopeError {
  override name = 'InvalidArgumentError'
  /** The argument or option at fault, as the caller wrote it, for example `frameLength`. */
  readonly field: string

  constructor(field: string, message: string, cause?: unknown) {
    super('ERR_INVALID_ARGUMENT', message, cause === undefined ? {} : { cause })
    this.field = field
  }
}

/** No keyring could unwrap any of the message's encrypted data keys; `attempts` says why for each. */
export class UnwrapError extends EnvelopeError {
  override name = 'UnwrapError'
  declare readonly attempts: readonly UnwrapAttempt[]

  /** @param instead the message and the cause of an error that says where this one happened. */
  constructor(
    attempts: readonly UnwrapAttempt[],
    note?: string,
    instead?: { message: string; cause: unknown },
  ) {
    const message = describeAttempts(attempts)
    const first = attempts.find((attempt) => attempt.cause !== undefined)
    const { cause } = instead ?? first ?? {}
    super(
      'ERR_UNWRAP_FAILED',
      instead?.message ?? (note === undefined ? message : `${message}\n${note}`),
      { attempts, ...(cause === undefined ? {} : { cause }) },
    )
  }
}

/**
 * Bytes are not what was encrypted: an authentication tag, the key commitment or the signature does
 * not match. Treat whatever the message was for as an attack or as corruption; retrying can't help.
 */
export class TamperedMessageError extends EnvelopeError {
  override name = 'TamperedMessageError'
  constructor(
    code: 'ERR_AUTHENTICATION' | 'ERR_COMMITMENT' | 'ERR_SIGNATURE',
    message: string,
    cause?: unknown,
  ) {
    super(code, message, cause === undefined ? {} : { cause })
  }
}

/** The bytes given are not a message of this format, or not a whole one. */
export class MalformedMessageError extends EnvelopeError {
  override name = 'MalformedMessageError'
  /** How many bytes from the start of the message the reading stopped. */
  readonly offset: number

  constructor(
    code:
      | 'ERR_MALFORMED_MESSAGE'
      | 'ERR_BASE64_MESSAGE'
      | 'ERR_TRUNCATED_MESSAGE'
      | 'ERR_TRAILING_BYTES',
    message: string,
    offset: number,
  ) {
    super(code, message)
    this.offset = offset
  }
}

/**
 * A database item cannot be encrypted or decrypted as it stands: `ERR_ITEM`, an attribute that cannot be
 * written; `ERR_MALFORMED_ITEM`, an encrypted item that is not well-formed; `ERR_PLAINTEXT_ITEM`, one that
 * is not encrypted; `ERR_LEGACY_ITEM`, one of the old DynamoDB Encryption Client.
 */
export class ItemError extends EnvelopeError {
  override name = 'ItemError'
  /**
   * The attribute at fault, if it is one; a part of it as `address{1}[2]`: of the second entry of a map, in the
   * order of its keys, which are not told, the third entry.
   */
  readonly attribute: string | undefined

  constructor(
    code: 'ERR_ITEM' | 'ERR_MALFORMED_ITEM' | 'ERR_PLAINTEXT_ITEM' | 'ERR_LEGACY_ITEM',
    message: string,
    attribute?: string,
    cause?: unknown,
  ) {
    super(code, message, cause === undefined ? {} : { cause })
    this.attribute = attribute
  }
}

/** A request on an encrypted table that could not do what it says. It was not sent. */
export class RefusedRequestError extends EnvelopeError {
  override name = 'RefusedRequestError'
  /** The operation of DynamoDB, for example `UpdateItem`. */
  readonly operation: string
  readonly tableName: string | undefined
  /** The attribute that it cannot be done with, if it is one. */
  readonly attribute: string | undefined

  constructor(
    message: string,
    request: {
      operation: string
      tableName?: string | undefined
      attribute?: string | undefined
      cause?: unknown
    },
  ) {
    super('ERR_REFUSED_REQUEST', message, 'cause' in request ? { cause: request.cause } : {})
    this.operation = request.operation
    this.tableName = request.tableName
    this.attribute = request.attribute
  }
}

/**
 * The value of one column could not be encrypted or decrypted. `code` is that of the failure underneath, for
 * example `ERR_AUTHENTICATION` of a value that was moved or changed; `ERR_FIELD` if the value is not of the column's
 * type, is not stored as it should be, or its row lacks the primary key.
 */
export class FieldError extends EnvelopeError {
  override name = 'FieldError'
  /** The table, as it was defined. */
  readonly table: string
  /** The column, or the part of the primary key, that is at fault. */
  readonly column: string

  constructor(
    code: ErrorCode,
    message: string,
    place: { table: string; column: string },
    cause?: unknown,
  ) {
    const attempts = EnvelopeError.is(cause) ? cause.attempts : undefined
    super(code, message, {
      ...(cause === undefined ? {} : { cause }),
      ...(attempts === undefined ? {} : { attempts }),
    })
    this.table = place.table
    this.column = place.column
  }
}

/** A query on an encrypted table that could not do what it says. It was not sent. */
export class RefusedQueryError extends EnvelopeError {
  override name = 'RefusedQueryError'
  /** The table, as it was defined. */
  readonly table: string | undefined
  /** The column that it cannot be done with, if it is one. */
  readonly column: string | undefined

  constructor(message: string, place: { table?: string | undefined; column?: string | undefined }) {
    super('ERR_REFUSED_QUERY', message)
    this.table = place.table
    this.column = place.column
  }
}

/** The operation was given up through its `AbortSignal`; the signal's reason is the `cause`. */
export class AbortedError extends EnvelopeError {
  override name = 'AbortError' // the name by which the web platform and Node know an abort

  constructor(reason: unknown) {
    super('ERR_ABORTED', 'The operation was aborted through its signal', { cause: reason })
  }
}

/** Throws if the signal has been raised. */
export function checkNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AbortedError(signal.reason)
}

/** The name of an error, such as AWS's services give theirs; none of what is no error. */
export function errorName(cause: unknown): string {
  return cause instanceof Error ? cause.name : ''
}

/** Why something failed, from what was thrown, which may be anything. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'it threw something that is not an error'
}

/** An error's text stays readable; `attempts` has them all. */
const mostShown = 20

function describeAttempts(attempts: readonly UnwrapAttempt[]): string {
  if (attempts.length === 0) {
    return 'None of the encrypted data keys could be unwrapped: no keyring recognised any of them'
  }
  const lines = attempts
    .slice(0, mostShown)
    .map(
      ({ provider, key, outcome, reason, hint }) =>
        `\n  ${JSON.stringify(provider)} ${JSON.stringify(key)}: ${outcome}: ${reason}${hint ? ` (${hint})` : ''}`,
    )
  if (attempts.length > mostShown) lines.push(`\n  and ${attempts.length - mostShown} more`)
  return `None of the encrypted data keys could be unwrapped:${lines.join('')}`
}
