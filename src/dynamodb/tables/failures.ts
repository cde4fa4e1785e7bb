import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { show } from '../../checks.ts'
import type { Item } from '../item.ts'
import type { Call } from './call.ts'
import { type ReturnedItem, decryptItems, decryptOne } from './items.ts'
import type { EncryptedTable } from './table-set.ts'

// `ReturnValuesOnConditionCheckFailure: 'ALL_OLD'` has DynamoDB put items into its errors. They are decrypted
// in the error itself, which is the SDK's of this one request, so that it stays of its class.

/** What an error, or one of the reasons of a cancelled transaction, may have. */
interface ItemHolder {
  Item?: Record<string, AttributeValue> | undefined
}

/** Decrypts the item in the error of a condition that did not hold. */
export function failedConditionReader(
  table: EncryptedTable,
  call: Call,
): (failure: Error) => Promise<void> {
  return async (failure) => {
    if (failure.name !== 'ConditionalCheckFailedException' || !holdsItem(failure)) return
    const place = `Item of the ConditionalCheckFailedException of table ${show(table.name)}`
    failure.Item = await decryptOne({ table, item: failure.Item, place }, call)
  }
}

/**
 * Decrypts the items in the error of a transaction that was cancelled.
 *
 * @param tables of the actions, in their order; `undefined` where the table is not encrypted.
 */
export function cancellationReader(
  tables: readonly (EncryptedTable | undefined)[],
  call: Call,
): (failure: Error) => Promise<void> {
  return async (failure) => {
    if (failure.name !== 'TransactionCanceledException') return
    const reasons: unknown = Reflect.get(failure, 'CancellationReasons')
    if (!Array.isArray(reasons)) return
    const holders: { Item: Item }[] = []
    const items: ReturnedItem[] = []
    for (const [index, reason] of reasons.entries()) {
      const table = tables[index]
      if (!table || !holdsItem(reason)) continue
      holders.push(reason)
      const place = `CancellationReasons[${index}].Item of table ${show(table.name)}`
      items.push({ table, item: reason.Item, place })
    }
    const decrypted = await decryptItems(items, call)
    for (const [index, holder] of holders.entries()) holder.Item = decrypted[index] ?? {}
  }
}

function holdsItem(value: unknown): value is { Item: Item } {
  return typeof value === 'object' && value !== null && (value as ItemHolder).Item !== undefined
}
