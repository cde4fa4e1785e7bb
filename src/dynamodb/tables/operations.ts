import { RefusedRequestError } from '../../errors.ts'
import { prepareBatchWriteItem } from './batch-write.ts'
import type { Call, Prepare, Prepared } from './call.ts'
import {
  prepareBatchExecuteStatement,
  prepareExecuteStatement,
  prepareExecuteTransaction,
} from './partiql.ts'
import { isPassedThrough } from './passed-through.ts'
import { prepareBatchGetItem, prepareGetItem, prepareQuery, prepareScan } from './read.ts'
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
 * Checks a request and encrypts the items in it; `undefined` if it has nothing to do with encrypted tables.
 *
 * @throws RefusedRequestError if it could not do what it says, or the operation is not known.
 */
export async function prepare<Input extends object, Output extends object>(
  input: Input,
  call: Call,
): Promise<Prepared<Input, Output> | undefined> {
  const { operation } = call
  const prepareOperation = operations.get(operation)
  // The operation's name says what its input and output are; to the types it is just one of all.
  if (prepareOperation) return (prepareOperation as Prepare<Input, Output>)(input, call)
  if (isPassedThrough(operation)) return undefined
  throw new RefusedRequestError(
    `This version does not know what ${operation} does to encrypted tables. Send it with a client that has ` +
      'none, if it writes and reads no items of them',
    { operation },
  )
}
