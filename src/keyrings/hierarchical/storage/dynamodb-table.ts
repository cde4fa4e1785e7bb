import { setTimeout as delay } from 'node:timers/promises'
import {
  CreateTableCommand,
  DescribeTableCommand,
  type TableDescription,
} from '@aws-sdk/client-dynamodb'
import type { EnvelopeError } from '../../../errors.ts'
import {
  type Table,
  errorName,
  isInvalid,
  storageFailure,
  unfitTable,
} from './dynamodb-failures.ts'
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
 * "CreateKeyStore").
 *
 * @throws EnvelopeError ERR_KEY_STORAGE.
 */
export async function ensureTable(table: Table): Promise<EnsuredTable> {
  const existing = await describeTable(table)
  if (existing) checkSchema(table, existing)
  const created = existing === undefined && (await createTable(table))
  const ready = existing && isUsable(existing) ? existing : await waitUntilUsable(table)
  checkSchema(table, ready)
  return { tableArn: ready.TableArn ?? '', created }
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

/** Returns false if somebody else is creating it at this moment. */
async function createTable(table: Table): Promise<boolean> {
  try {
    await table.client.send(new CreateTableCommand(tableInput(table.tableName)))
    return true
  } catch (cause) {
    if (errorName(cause) === 'ResourceInUseException') return false
    throw await storageFailure(table, 'CreateTable', cause)
  }
}

// Not by the SDK's waiter, which takes a refusal, such as a missing permission, for a reason to go on
// waiting. A new table that DescribeTable does not know yet is one.
async function waitUntilUsable(table: Table): Promise<TableDescription> {
  for (let waitedMs = 0; ; waitedMs += pollIntervalMs) {
    const description = await describeTable(table)
    if (description && isUsable(description)) return description
    if (waitedMs >= readyTimeoutMs) {
      const state = description?.TableStatus ?? 'not there'
      throw unfitTable(
        table,
        `is ${state} and not ACTIVE after ${readyTimeoutMs / 1000} s of waiting`,
      )
    }
    await delay(pollIntervalMs)
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

function checkSchema(table: Table, description: TableDescription): void {
  const problem = schemaProblem(description)
  if (problem !== undefined) throw unfitTable(table, problem)
}

/** A table that is being updated, for example with an index, works as before. */
function isUsable({ TableStatus: status }: TableDescription): boolean {
  return status === 'ACTIVE' || status === 'UPDATING'
}
