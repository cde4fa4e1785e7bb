import { show } from '../../checks.ts'
import { ItemError } from '../../errors.ts'
import type { Item } from '../item.ts'
import { type CheckedTableConfig, actionOf } from '../table-config.ts'
import { typeIds } from '../values/type-ids.ts'

/** The type id and the tag of an encrypted attribute, around a value of no bytes. */
const leastBytes = 2 + 16

const knownTypeIds: ReadonlySet<number> = new Set(Object.values(typeIds))

/**
 * Refuses what may be a part of an encrypted item. An index that does not project all attributes gives encrypted
 * items without their header and footer, and where plaintext may be read they would pass for plaintext ones.
 *
 * @param item in plaintext, as it seems, read from an index.
 */
export function checkNoCiphertext(config: CheckedTableConfig, item: Item): void {
  for (const [name, { B: bytes }] of Object.entries(item)) {
    if (!bytes || actionOf(config, name) !== 'ENCRYPT_AND_SIGN' || !isLikeCiphertext(bytes))
      continue
    throw new ItemError(
      'ERR_MALFORMED_ITEM',
      `The attribute ${show(name)} looks like that of an encrypted item, which lacks its header and footer`,
      name,
    )
  }
}

function isLikeCiphertext(bytes: Uint8Array): boolean {
  const [high, low] = bytes
  if (bytes.length < leastBytes || high === undefined || low === undefined) return false
  return knownTypeIds.has(high * 256 + low)
}
