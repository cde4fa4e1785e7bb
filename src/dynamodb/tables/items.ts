import { isPlainObject, show } from '../../checks.ts'
import { type ErrorCode, EnvelopeError, ItemError, RefusedRequestError } from '../../errors.ts'
import { type Projection, projectItem } from '../expressions/projection.ts'
import type { Item } from '../item.ts'
import { isReserved } from '../table-config.ts'
import type { Call } from './call.ts'
import { mapWithin } from '../../concurrency.ts'
import { checkNoCiphertext } from './index-parts.ts'
import { primaryKey } from './item-key.ts'
import { placed } from './place.ts'
import type { EncryptedTable } from './table-set.ts'

/** An item of a request or of an answer. */
export interface PlacedItem {
  readonly table: EncryptedTable
  readonly item: Item
  /** Where it stands, for example `RequestItems["orders"][3].PutRequest.Item`. */
  readonly place: string
}

/** An item that DynamoDB has returned. */
export interface ReturnedItem extends PlacedItem {
  /** What the caller asked for of it. */
  readonly projection?: Projection | undefined
  /** The index that it was read from. */
  readonly index?: string | undefined
  /** The keys that were asked for, if items were asked for by their keys. */
  readonly keys?: ReadonlySet<string> | undefined
}

/** The items as they are written, in their order. */
export function encryptItems(items: readonly PlacedItem[], call: Call): Promise<Item[]> {
  // All are looked at before KMS is asked for the first.
  for (const item of items) checkWritable(item, call)
  const { maxConcurrency } = call.tables
  return mapWithin(
    maxConcurrency,
    items,
    call.signal,
    async ({ table, item, place }, _, signal) => {
      try {
        // Beacons are to be added here: the signed ones before, the encrypted ones after.
        return (await table.encryptor.encryptItem(item, { signal })).item
      } catch (failure) {
        throw placed(failure, place, 'ERR_WRAP_FAILED')
      }
    },
  )
}

/** The items as the caller gets them, in their order. */
export function decryptItems(items: readonly ReturnedItem[], call: Call): Promise<Item[]> {
  return mapWithin(call.tables.maxConcurrency, items, call.signal, async (returned, _, signal) => {
    try {
      return await decrypt(returned, signal)
    } catch (failure) {
      throw placed(failure, returned.place + indexNote(returned, failure), 'ERR_UNWRAP_FAILED')
    }
  })
}

async function decrypt(returned: ReturnedItem, signal: AbortSignal): Promise<Item> {
  const { table, item, projection, index, keys } = returned
  if (!isPlainObject(item)) throw new ItemError('ERR_MALFORMED_ITEM', 'There is no item')
  const decrypted = await table.encryptor.decryptItem(item, { signal })
  // Of an encrypted item the encryptor has left them out.
  const own = withoutReserved(decrypted.item)
  const isPlaintext = decrypted.header === undefined
  if (isPlaintext && index !== undefined) checkNoCiphertext(table.config, own)
  if (keys && !keys.has(primaryKey(table.config, own) ?? '')) {
    // An item is bound to its own key, and whoever answers could give one item for another.
    throw new ItemError(
      'ERR_MALFORMED_ITEM',
      'It has another key than was asked for. If it is the right item, partitionKeyName and sortKeyName of the ' +
        "configuration are not the table's key",
    )
  }
  return projection ? projectItem(own, projection) : own
}

/** The failures that a part of an item has. */
const failuresOfParts: readonly ErrorCode[] = [
  'ERR_MALFORMED_ITEM',
  'ERR_PLAINTEXT_ITEM',
  'ERR_AUTHENTICATION',
  'ERR_SIGNATURE',
]

function indexNote({ index }: ReturnedItem, failure: unknown): string {
  if (index === undefined) return ''
  const isOfParts = EnvelopeError.is(failure) && failuresOfParts.includes(failure.code)
  return ` of the index ${show(index)}${
    isOfParts
      ? ', which has to project ALL attributes, since a part of an item cannot be verified'
      : ''
  }`
}

/** An item as it stands alone in a request. */
export async function encryptOne(item: PlacedItem, call: Call): Promise<Item> {
  const [encrypted = item.item] = await encryptItems([item], call)
  return encrypted
}

/** An item as it stands alone in an answer. */
export async function decryptOne(item: ReturnedItem, call: Call): Promise<Item> {
  const [decrypted = {}] = await decryptItems([item], call)
  return decrypted
}

/** ddb-support.md, "Writable": what is encrypted already is not encrypted again, and no beacon is forged. */
function checkWritable({ table, item, place }: PlacedItem, { operation }: Call): void {
  // A caller without types may have left it out, and the attributes of a Map would not be seen.
  if (!isPlainObject(item)) {
    throw new ItemError(
      'ERR_ITEM',
      `${place}: there is no item, which is a plain object of attributes`,
    )
  }
  const reserved = Object.keys(item).find(isReserved)
  if (reserved === undefined) return
  throw new RefusedRequestError(
    `${place}: the attribute ${show(reserved)} belongs to the encryption, as all do whose names begin with ` +
      'aws_dbe_. Write the plaintext item; one that is encrypted already is written by a client without ' +
      'encrypted tables',
    { operation, tableName: table.name, attribute: reserved },
  )
}

/** ddb-support.md, "RemoveBeacons". */
function withoutReserved(item: Item): Item {
  return Object.fromEntries(Object.entries(item).filter(([name]) => !isReserved(name)))
}
