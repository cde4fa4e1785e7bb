import type {
  BatchGetItemCommandInput,
  BatchGetItemCommandOutput,
  GetItemCommandInput,
  GetItemCommandOutput,
  KeysAndAttributes,
  QueryCommandInput,
  QueryCommandOutput,
  ScanCommandInput,
  ScanCommandOutput,
} from '@aws-sdk/client-dynamodb'
import { show } from '../../checks.ts'
import type { Item } from '../item.ts'
import type { Call, Prepare, Prepared } from './call.ts'
import { inOrder } from '../../concurrency.ts'
import { keysAsked } from './item-key.ts'
import { type ReturnedItem, decryptItems, decryptOne } from './items.ts'
import { checkRead } from './requests.ts'
import type { EncryptedTable } from './table-set.ts'
import { type NamedTable, notAskedFor, tablesOf, tableOfAnswer } from './tables-of.ts'

// The operations that read. What the caller projects is taken out of the items after they were verified.

export const prepareGetItem: Prepare<GetItemCommandInput, GetItemCommandOutput> = async (
  input,
  call,
) => {
  const table = call.tables.find(input.TableName, call.operation)
  if (!table) return undefined
  const { input: whole, projection } = checkRead(table, input, call)
  const keys = keysAsked(table.config, [input.Key])
  return {
    input: { ...whole },
    read: async (output) => {
      const { Item: item } = output
      if (item === undefined) return output
      const place = `Item of table ${show(table.name)}`
      return { ...output, Item: await decryptOne({ table, item, place, projection, keys }, call) }
    },
  }
}

export const prepareQuery: Prepare<QueryCommandInput, QueryCommandOutput> = prepareItems
export const prepareScan: Prepare<ScanCommandInput, ScanCommandOutput> = prepareItems

async function prepareItems<
  Input extends QueryCommandInput | ScanCommandInput,
  Output extends QueryCommandOutput | ScanCommandOutput,
>(input: Input, call: Call): Promise<Prepared<Input, Output> | undefined> {
  const table = call.tables.find(input.TableName, call.operation)
  if (!table) return undefined
  const { input: whole, projection } = checkRead(table, input, call)
  const index = input.IndexName
  return {
    input: { ...whole },
    read: async (output) => {
      const items = output.Items?.map((item, at) => {
        const place = `Items[${at}] of table ${show(table.name)}`
        return { table, item, place, projection, index }
      })
      return items ? { ...output, Items: await decryptItems(items, call) } : output
    },
  }
}

export const prepareBatchGetItem: Prepare<
  BatchGetItemCommandInput,
  BatchGetItemCommandOutput
> = async (input, call) => {
  const requests = tablesOf(input.RequestItems ?? {}, call)
  if (requests.every(({ table }) => !table)) return undefined
  const asked = new Map<EncryptedTable, Asked>()
  const RequestItems = Object.fromEntries(
    requests.map(({ reference, table, value }) => {
      if (!table) return [reference, value]
      const place = `RequestItems[${show(reference)}]`
      const { input: whole, projection } = checkRead(table, value, call, place)
      asked.set(table, { projection, keys: keysAsked(table.config, value.Keys ?? []) })
      return [reference, whole]
    }),
  )
  return {
    input: { ...input, RequestItems },
    read: async (output) => ({
      ...output,
      ...(output.Responses && {
        Responses: await readResponses(output.Responses, asked, call),
      }),
      ...(output.UnprocessedKeys && {
        UnprocessedKeys: asAskedFor(output.UnprocessedKeys, requests, call),
      }),
    }),
  }
}

/** What the caller wants of a table's items. */
type Asked = Pick<ReturnedItem, 'projection' | 'keys'>

/** All items of all tables are decrypted within one bound. */
async function readResponses(
  responses: Record<string, Item[]>,
  asked: ReadonlyMap<EncryptedTable, Asked>,
  call: Call,
): Promise<Record<string, Item[]>> {
  const answers = Object.entries(responses).map(([reference, items]) => {
    const table = call.tables.find(reference, call.operation)
    return { reference, table, items }
  })
  const returned = answers.flatMap(({ reference, table, items }): ReturnedItem[] => {
    if (!table) return []
    const wanted = asked.get(table)
    if (!wanted) throw notAskedFor(reference, call)
    return items.map((item, at) => {
      return { table, item, place: `Responses[${show(reference)}][${at}]`, ...wanted }
    })
  })
  const decrypted = inOrder(await decryptItems(returned, call))
  return Object.fromEntries(
    answers.map(({ reference, table, items }) => [reference, table ? items.map(decrypted) : items]),
  )
}

/** What is left to be read is asked for as the caller did, with the projection that was taken out. */
function asAskedFor(
  unprocessed: Record<string, KeysAndAttributes>,
  requests: readonly NamedTable<KeysAndAttributes>[],
  call: Call,
): Record<string, KeysAndAttributes> {
  return Object.fromEntries(
    Object.entries(unprocessed).map(([reference, rest]) => {
      const request = tableOfAnswer(reference, requests, call)
      return [reference, request ? { ...request.value, Keys: rest.Keys } : rest]
    }),
  )
}
