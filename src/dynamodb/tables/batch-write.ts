import type {
  BatchWriteItemCommandInput,
  BatchWriteItemCommandOutput,
  WriteRequest,
} from '@aws-sdk/client-dynamodb'
import { show } from '../../checks.ts'
import { RefusedRequestError } from '../../errors.ts'
import type { Item } from '../item.ts'
import { keyNames } from '../table-config.ts'
import type { Call, Prepare } from './call.ts'
import { inOrder } from '../../concurrency.ts'
import { primaryKey } from './item-key.ts'
import { type PlacedItem, encryptItems } from './items.ts'
import { unexpectedAnswer } from './place.ts'
import type { EncryptedTable } from './table-set.ts'
import { type NamedTable, tableOfAnswer, tablesOf } from './tables-of.ts'

const kinds = ['PutRequest', 'DeleteRequest']

export const prepareBatchWriteItem: Prepare<
  BatchWriteItemCommandInput,
  BatchWriteItemCommandOutput
> = async (input, call) => {
  const requests = tablesOf(input.RequestItems ?? {}, call)
  if (requests.every(({ table }) => !table)) return undefined
  for (const { reference, table, value } of requests) {
    if (table) checkRequests(reference, table, value, call)
  }
  const encrypted = inOrder(await encryptItems(requests.flatMap(putsOf), call))
  const RequestItems = Object.fromEntries(
    requests.map(({ reference, table, value }) => [
      reference,
      table ? value.map((request) => withItem(request, encrypted)) : value,
    ]),
  )
  return {
    input: { ...input, RequestItems },
    read: async (output) =>
      output.UnprocessedItems
        ? { ...output, UnprocessedItems: asGiven(output.UnprocessedItems, requests, call) }
        : output,
  }
}

/**
 * Refuses what is of no kind that is known, since it might write an item, and two requests on one item, since what
 * is left unprocessed is told by its key.
 */
function checkRequests(
  reference: string,
  { name: tableName, config }: EncryptedTable,
  requests: readonly WriteRequest[],
  { operation }: Call,
): void {
  const places = new Map<string, string>()
  for (const [index, request] of requests.entries()) {
    const place = `RequestItems[${show(reference)}][${index}]`
    const set = Object.entries(request).flatMap(([kind, value]) =>
      value === undefined ? [] : [kind],
    )
    if (set.length !== 1 || !kinds.includes(set[0] ?? '')) {
      throw new RefusedRequestError(
        `${place} has to be one of ${kinds.join(', ')}, and is ${set.map(show).join(', ') || 'none'}`,
        { operation, tableName },
      )
    }
    const key = primaryKey(config, request.PutRequest?.Item ?? request.DeleteRequest?.Key ?? {})
    // What has no key is refused by the encryption or by DynamoDB.
    if (key === undefined) continue
    const other = places.get(key)
    if (other !== undefined) {
      throw new RefusedRequestError(
        `${other} and ${place} have the same key (${keyNames(config).map(show).join(', ')}), which DynamoDB does ` +
          'not take in one batch. If the table has a sort key, name it as sortKeyName in the configuration',
        { operation, tableName },
      )
    }
    places.set(key, place)
  }
}

/** The items to encrypt of a table's part of the batch. */
function putsOf({ reference, table, value }: NamedTable<WriteRequest[]>): readonly PlacedItem[] {
  if (!table) return []
  return value.flatMap(({ PutRequest: put }, index) => {
    const place = `RequestItems[${show(reference)}][${index}].PutRequest.Item`
    return put ? [{ table, item: put.Item ?? {}, place }] : []
  })
}

function withItem(request: WriteRequest, encrypted: () => Item): WriteRequest {
  const { PutRequest: put } = request
  return put ? { ...request, PutRequest: { ...put, Item: encrypted() } } : request
}

/**
 * What DynamoDB has not written goes back to the caller as it came, so that it can be sent again. Its order says
 * nothing; the item is told by its primary key, which is never encrypted, and which the batch does not have twice.
 */
function asGiven(
  unprocessed: Record<string, WriteRequest[]>,
  requests: readonly NamedTable<WriteRequest[]>[],
  call: Call,
): Record<string, WriteRequest[]> {
  return Object.fromEntries(
    Object.entries(unprocessed).map(([reference, rest]) => {
      const request = tableOfAnswer(reference, requests, call)
      if (!request) return [reference, rest]
      const { table, value } = request
      const puts = value.flatMap((one) => {
        const key = primaryKey(table.config, one.PutRequest?.Item ?? {})
        return key === undefined ? [] : [[key, one] as const]
      })
      const given = new Map(puts)
      const original = (one: WriteRequest): WriteRequest => {
        if (!one.PutRequest) return one
        const key = primaryKey(table.config, one.PutRequest.Item ?? {})
        const found = key === undefined ? undefined : given.get(key)
        if (found) return found
        throw unexpectedAnswer(
          call.operation,
          `has an item in UnprocessedItems[${show(reference)}] whose key none of the request has. What was ` +
            'written and what was not cannot be told: send the whole batch again',
        )
      }
      return [reference, rest.map(original)]
    }),
  )
}
