import { setTimeout as delay } from 'node:timers/promises'
import {
  CreateTableCommand,
  DescribeTableCommand,
  type TableDescription,
} from '@aws-sdk/client-dynamodb'
import { type EnvelopeError, errorName } from '../../../errors.ts'
import { type Table, isInvalid, storageFailure, unfitTable } from './dynamodb-failures.ts'
import { schemaProblem, tableInput } from './dynamodb-schema.ts'

/** A new table takes some seconds; one that has none of its states after this long is stuck. */
const readyTimeoutMs = 120_000
const pollIntervalMs = 500

/** The table as `createTable` found or made it. */
export interface EnsuredTable {
  readonly tableArn: string
  /** Whether this call has created it; otherwise it was there. */
  readonly created: boolean
}

/**
 * Creates the table, unless it is there, and waits until it can be used (framework/branch-key-store.md,
 * "CreateKeyStore"). One that is being deleted is created anew when it is gone.
 *
 * Not by the SDK's waiter, which takes a refusal, such as a missing permission, for a reason to go on
 * waiting. A new table that DescribeTable does not know yet is one.
 *
 * @throws EnvelopeError ERR_KEY_STORAGE.
 */
export async function ensureTable(table: Table): Promise<EnsuredTable> {
  let created = false
  for (let waitedMs = 0; ; waitedMs += pollIntervalMs) {
    let found = await describeTable(table)
    if (!found && !created) {
      created = await createTable(table)
      found = await describeTable(table)
    }
    if (found && isUsable(table, found)) return { tableArn: found.TableArn ?? '', created }
    if (waitedMs >= readyTimeoutMs) {
      const state = found?.TableStatus ?? 'not there'
      const waited = `${readyTimeoutMs / 1000} s of waiting`
      throw unfitTable(table, `is ${state} and not ACTIVE after ${waited}`)
    }
    await delay(pollIntervalMs)
  }
}

/**
 * The error for a failed call. One that DynamoDB finds invalid is mostly for a table of something else,
 * of which its own message says little; so it is asked what table that is.
 */
export async function explainFailure(
  table: Table,
  operation: string,
  cause: unknown,
): Promise<EnvelopeError> {
  if (isInvalid(cause)) {
    // Who may not describe the table hears of the first failure alone.
    const description = await describeTable(table).catch(() => undefined)
    const problem = description && schemaProblem(description)
    if (problem !== undefined) return unfitTable(table, problem, cause)
  }
  return storageFailure(table, operation, cause)
}

/** Returns false if somebody else is creating it at this moment, or it is not quite gone yet. */
async function createTable(table: Table): Promise<boolean> {
  try {
    await table.client.send(new CreateTableCommand(tableInput(table.tableName)))
    return true
  } catch (cause) {
    if (errorName(cause) === 'ResourceInUseException') return false
    throw await storageFailure(table, 'CreateTable', cause)
  }
}

async function describeTable(table: Table): Promise<TableDescription | undefined> {
  try {
    const { client, tableName } = table
    const { Table: description } = await client.send(
      new DescribeTableCommand({ TableName: tableName }),
    )
    return description
  } catch (cause) {
    if (errorName(cause) === 'ResourceNotFoundException') return undefined
    throw await storageFailure(table, 'DescribeTable', cause)
  }
}

/** States that no waiting ends, and what does. */
const deadEnds: Readonly<Record<string, string>> = {
  ARCHIVED:
    'its KMS key could not be used for too long. Restore it from the backup that was made then',
  ARCHIVING:
    'its KMS key could not be used for too long. Restore it from the backup that is being made',
  INACCESSIBLE_ENCRYPTION_CREDENTIALS:
    'DynamoDB cannot use the KMS key that encrypts the table. Enable that key, and allow DynamoDB to use it',
  REPLICATION_NOT_AUTHORIZED:
    'its replication is not authorized. Restore the permissions of the service-linked role for replication',
}

/**
 * Whether a table can be used now; if not, it may be later. One that is being updated, for example with an
 * index, works as before.
 *
 * @throws EnvelopeError ERR_KEY_STORAGE if it never can.
 */
function isUsable(table: Table, found: TableDescription): boolean {
  const { TableStatus: status = '' } = found
  // Whatever it was for, it is as good as gone.
  if (status === 'DELETING') return false
  const problem = schemaProblem(found)
  if (problem !== undefined) throw unfitTable(table, problem)
  const end = Object.hasOwn(deadEnds, status) ? deadEnds[status] : undefined
  if (end !== undefined) throw unfitTable(table, `is ${status}: ${end}`)
  return status === 'ACTIVE' || status === 'UPDATING'
}
