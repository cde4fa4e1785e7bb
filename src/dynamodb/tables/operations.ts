import { EnvelopeError, RefusedRequestError } from '../../errors.ts'
import { prepareBatchWriteItem } from './batch-write.ts'
import type { Call, Prepare, Prepared } from './call.ts'
import {
  prepareBatchExecuteStatement,
  prepareExecuteStatement,
  prepareExecuteTransaction,
} from './partiql.ts'
import { isPassedThrough } from './passed-through.ts'
import { malformedRequest } from './place.ts'
import { prepareBatchGetItem, prepareGetItem, prepareQuery, prepareScan } from './read.ts'
import { snapshot } from './snapshot.ts'
import { prepareTransactGetItems, prepareTransactWriteItems } from './transact.ts'
import { prepareDeleteItem, preparePutItem, prepareUpdateItem } from './write.ts'

/** What is done about each operation that has items or statements (ddb-sdk-integration.md, "API modification"). */
const operations = new Map<string, unknown>(
  Object.entries({
    BatchExecuteStatement: prepareBatchExecuteStatement,
    BatchGetItem: prepareBatchGetItem,
    BatchWriteItem: prepareBatchWriteItem,
    DeleteItem: prepareDeleteItem,
    ExecuteStatement: prepareExecuteStatement,
    ExecuteTransaction: prepareExecuteTransaction,
    GetItem: prepareGetItem,
    PutItem: preparePutItem,
    Query: prepareQuery,
    Scan: prepareScan,
    TransactGetItems: prepareTransactGetItems,
    TransactWriteItems: prepareTransactWriteItems,
    UpdateItem: prepareUpdateItem,
  }),
)

/**
 * Checks a request and encrypts the items in it. What is sent instead is a copy even if nothing in it is on an
 * encrypted table, so that what was checked is sent. `undefined` if the operation carries no items.
 *
 * @throws RefusedRequestError if it could not do what it says, or the operation is not known.
 */
export async function prepare<Input extends object, Output extends object>(
  given: Input,
  call: Call,
): Promise<Prepared<Input, Output> | undefined> {
  const { operation } = call
  if (isPassedThrough(operation)) return undefined
  // The operation's name says what its input and output are; to the types it is just one of all.
  const prepareOperation = operations.get(operation) as Prepare<Input, Output> | undefined
  if (!prepareOperation) {
    throw new RefusedRequestError(
      `This version does not know what ${operation} does to encrypted tables. Send it with a client that has ` +
        'none, if it writes and reads no items of them',
      { operation },
    )
  }
  try {
    const input = snapshot(given)
    return (await prepareOperation(input, call)) ?? { input }
  } catch (failure) {
    // A caller without types may have left out or misplaced anything.
    throw EnvelopeError.is(failure) ? failure : malformedRequest(operation, failure)
  }
}
