import type {
  AttributeValue,
  BatchWriteItemCommandInput,
  BatchWriteItemCommandOutput,
  WriteRequest,
} from '@aws-sdk/client-dynamodb'
import { show } from '../../checks.ts'
import type { Item } from '../item.ts'
import type { CheckedTableConfig } from '../table-config.ts'
import { normalizeNumber } from '../values/normalize-number.ts'
import type { Call, Prepare } from './call.ts'
import { inOrder } from './concurrency.ts'
import { type PlacedItem, encryptItems } from './items.ts'
import { unexpectedAnswer } from './place.ts'
import { type NamedTable, tableOfAnswer, tablesOf } from './tables-of.ts'

export const prepareBatchWriteItem: Prepare<
  BatchWriteItemCommandInput,
  BatchWriteItemCommandOutput
> = async (input, call) => {
  const requests = tablesOf(input.RequestItems ?? {}, call)
  if (requests.every(({ table }) => !table)) return undefined
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
 * nothing; the item is told by its primary key, which is never encrypted, and which no batch has twice.
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
      const given = new Map<string, WriteRequest>()
      for (const one of value) {
        if (one.PutRequest?.Item) given.set(primaryKey(table.config, one.PutRequest.Item), one)
      }
      const original = (one: WriteRequest): WriteRequest => {
        if (!one.PutRequest) return one
        const found = given.get(primaryKey(table.config, one.PutRequest.Item ?? {}))
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

/** The same text for the same key, however its numbers are written. */
function primaryKey({ partitionKeyName, sortKeyName }: CheckedTableConfig, item: Item): string {
  const names = sortKeyName === undefined ? [partitionKeyName] : [partitionKeyName, sortKeyName]
  return JSON.stringify(names.map((name) => keyText(item[name])))
}

function keyText(value: AttributeValue | undefined): readonly (string | undefined)[] {
  if (value?.N !== undefined) return ['N', normalizeNumber(value.N, notNumber)]
  if (value?.B !== undefined) return ['B', Buffer.from(value.B).toString('base64')]
  return ['S', value?.S]
}

function notNumber(reason: string): never {
  throw unexpectedAnswer('BatchWriteItem', `has a key that ${reason}`)
}
