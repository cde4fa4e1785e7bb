import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { describe, expectTypeOf, it } from 'vitest'
import type { EncryptedTables, Item, ItemDocument, ItemUpdateResult } from '../../src/dynamodb.ts'

declare const tables: EncryptedTables
declare const client: DynamoDBClient
declare const documents: DynamoDBDocumentClient
const TableName = 'orders'

describe('update', () => {
  it('has attribute values for a key of attribute values', () => {
    const result = tables.update(client, {
      TableName,
      Key: { id: { S: '1' } },
      change(item) {
        expectTypeOf(item).toEqualTypeOf<Item | undefined>()
        return { ...item, card: { S: '4111' } }
      },
    })
    expectTypeOf(result).resolves.toEqualTypeOf<ItemUpdateResult<Item>>()
  })

  it('has plain values for a key of plain values', () => {
    const result = tables.update(documents, {
      TableName,
      Key: { id: '1', at: 2 },
      change(item) {
        expectTypeOf(item).toEqualTypeOf<ItemDocument | undefined>()
        return item && { ...item, card: '4111' }
      },
    })
    expectTypeOf(result).resolves.toEqualTypeOf<ItemUpdateResult<ItemDocument>>()
  })

  it('takes a change that is asynchronous, and one that may leave the item as it is', () => {
    const Key = { id: { S: '1' } }
    void tables.update(client, { TableName, Key, change: async (item) => item })
    void tables.update(client, { TableName, Key, change: () => undefined })
  })

  it('has an item for sure where it was changed', () => {
    const result = {} as ItemUpdateResult<Item>
    if (result.changed) expectTypeOf(result.item).toEqualTypeOf<Item>()
    else expectTypeOf(result.item).toEqualTypeOf<Item | undefined>()
  })
})
