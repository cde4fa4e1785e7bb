import {
  type CancellationReason,
  type DynamoDBClient,
  type TransactionCanceledException,
} from '@aws-sdk/client-dynamodb'
import { EnvelopeError, errorName, reasonOf } from '../../../errors.ts'
import { createTableCommand } from './dynamodb-schema.ts'

/** The table that an error is about. */
export interface Table {
  readonly client: DynamoDBClient
  readonly tableName: string
}

/** What an operation failed with, by what DynamoDB says. */
export async function storageFailure(
  table: Table,
  operation: string,
  cause: unknown,
): Promise<EnvelopeError> {
  if (errorName(cause) === 'ResourceNotFoundException') return missingTable(table, cause)
  const { tableName } = table
  const reasons = isCancelled(cause) ? reasonsOf(cause) : []
  const codes = isCancelled(cause) ? ` [${reasons.map(describeReason).join('; ')}]` : ''
  const names = [errorName(cause), ...reasons.map(({ Code = 'None' }) => Code)]
  const hint = names.map((name) => hintFor(name, operation)).find((found) => found !== undefined)
  const message = `DynamoDB ${operation} on the table ${JSON.stringify(tableName)} failed: ${errorName(cause)}: ${reasonOf(cause)}${codes}`
  return new EnvelopeError('ERR_KEY_STORAGE', hint ? `${message} (${hint})` : message, { cause })
}

/** The table has another schema, or is in no state to be used. */
export function unfitTable({ tableName }: Table, problem: string, cause?: unknown): EnvelopeError {
  return new EnvelopeError(
    'ERR_KEY_STORAGE',
    `The table ${JSON.stringify(tableName)} ${problem}`,
    cause === undefined ? {} : { cause },
  )
}

/**
 * Whether a transaction was cancelled for what others have written, or write at this moment.
 *
 * `ConditionalCheckFailed`: what is stored is not what a change expects. `TransactionConflict`: another
 * transaction has one of these records under way. Whether that one succeeds cannot be known, but nothing
 * of ours was written, and who hears of a conflict reads again and sees how it ended. Which of the two
 * a writer is told that comes second depends on milliseconds, so its caller must not have to tell them
 * apart. Beside a conflict of the second kind, any other reason is the one to report.
 */
export function isConflict(cause: unknown): boolean {
  if (!isCancelled(cause)) return false
  const codes = reasonsOf(cause).flatMap(({ Code = 'None' }) => (Code === 'None' ? [] : [Code]))
  if (codes.includes('ConditionalCheckFailed')) return true
  return codes.length > 0 && codes.every((code) => code === 'TransactionConflict')
}

/** Whether DynamoDB finds the request itself wrong, as one for a table with other keys is. */
export function isInvalid(cause: unknown): boolean {
  if (!isCancelled(cause)) return errorName(cause) === 'ValidationException'
  return reasonsOf(cause).some(({ Code }) => Code === 'ValidationError')
}

/** By its name, since an application can hold several copies of the SDK. */
function isCancelled(cause: unknown): cause is TransactionCanceledException {
  return errorName(cause) === 'TransactionCanceledException'
}

function reasonsOf({ CancellationReasons: reasons }: TransactionCanceledException) {
  return reasons ?? []
}

function describeReason({ Code = 'None', Message }: CancellationReason): string {
  return Message === undefined ? Code : `${Code}: ${Message}`
}

async function missingTable({ client, tableName }: Table, cause: unknown): Promise<EnvelopeError> {
  const region = await regionOf(client)
  const where = region === undefined ? 'the region of the client' : region
  return new EnvelopeError(
    'ERR_KEY_STORAGE',
    `There is no table ${JSON.stringify(tableName)} in ${where}, or it is not ready yet. ` +
      `Check the name and the region, or create it: by createTable() of DynamoDbKeyStorage, or by\n  ${createTableCommand(tableName, region)}`,
    { cause },
  )
}

/** What only sends, as a stand-in for tests may, has no region. */
async function regionOf(client: DynamoDBClient): Promise<string | undefined> {
  try {
    return await client.config.region()
  } catch {
    return undefined
  }
}

/** What to do about an error, by DynamoDB's name for it. */
function hintFor(name: string, operation: string): string | undefined {
  switch (name) {
    case 'AccessDeniedException': {
      // There is no permission for a transaction: the operations in it are what is allowed.
      const action = operation === 'TransactWriteItems' ? 'PutItem' : operation
      return `allow dynamodb:${action} on the table in the caller's IAM policy`
    }
    case 'CredentialsProviderError':
      return 'the DynamoDB client found no AWS credentials'
    case 'ProvisionedThroughputExceededException':
    case 'RequestLimitExceeded':
    case 'ThrottlingException':
      return "the SDK's retries are used up: raise the table's capacity, or allow the client more attempts (maxAttempts)"
    case 'ProvisionedThroughputExceeded':
    case 'ThrottlingError':
      return "nothing was written, and the SDK does not repeat a transaction that was throttled: call again after a while, or raise the table's capacity"
    default:
      return undefined
  }
}
