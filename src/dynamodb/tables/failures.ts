import { show } from '../../checks.ts'
import type { Item } from '../item.ts'
import type { Call } from './call.ts'
import { type ReturnedItem, decryptItems } from './items.ts'
import { placed } from './place.ts'
import type { EncryptedTable } from './table-set.ts'

// `ReturnValuesOnConditionCheckFailure: 'ALL_OLD'` has DynamoDB put items into its errors. They are decrypted
// in the error itself, which is the SDK's of this one request, so that it stays of its class.

/** What an error, or one of the reasons of a cancelled transaction, may have. */
interface ItemHolder {
  Item?: Item | undefined
}

/** Decrypts the item in the error of a condition that did not hold. */
export function failedConditionReader(
  table: EncryptedTable,
  call: Call,
): (failure: Error) => Promise<void> {
  return async (failure) => {
    if (!holdsItem(failure)) return
    const place = `Item of the ${failure.name} of table ${show(table.name)}`
    await decryptHeld([failure], [{ table, item: failure.Item, place }], failure, call)
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
    const reasons: unknown = Reflect.get(failure, 'CancellationReasons')
    if (!Array.isArray(reasons)) return
    const holders: ItemHolder[] = []
    const items: ReturnedItem[] = []
    for (const [index, reason] of reasons.entries()) {
      const table = tables[index]
      if (!table || !holdsItem(reason)) continue
      holders.push(reason)
      const place = `CancellationReasons[${index}].Item of table ${show(table.name)}`
      items.push({ table, item: reason.Item, place })
    }
    await decryptHeld(holders, items, failure, call)
  }
}

/**
 * Puts the decrypted items where the encrypted ones are. If one cannot be decrypted, all are taken out, and the
 * failure of the decryption is thrown, beside which the caller finds that of DynamoDB: which action failed, and why.
 */
async function decryptHeld(
  holders: readonly ItemHolder[],
  items: readonly ReturnedItem[],
  failure: Error,
  call: Call,
): Promise<void> {
  try {
    const decrypted = await decryptItems(items, call)
    for (const [index, holder] of holders.entries()) holder.Item = decrypted[index]
  } catch (unreadable) {
    for (const holder of holders) delete holder.Item
    const both = new AggregateError([failure, unreadable], failure.message)
    throw placed(unreadable, 'Nothing was written', 'ERR_UNWRAP_FAILED', both)
  }
}

function holdsItem(value: unknown): value is { Item: Item } {
  return typeof value === 'object' && value !== null && (value as ItemHolder).Item !== undefined
}
