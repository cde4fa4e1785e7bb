import { show } from '../../../checks.ts'
import { RefusedRequestError } from '../../../errors.ts'
import type { Item } from '../../item.ts'

/** Of the attributes by which AWS's libraries search: the beacons, and the version of all of them. */
const beaconPrefixes = ['aws_dbe_b_', 'aws_dbe_v_']

/**
 * Refuses an item that can be searched by beacons (searchable-encryption/beacons.md). This version cannot
 * compute those of the new item, and without them it would be found no more.
 */
export function checkNoBeacons(tableName: string, stored: Item): void {
  const name = Object.keys(stored).find((each) =>
    beaconPrefixes.some((prefix) => each.startsWith(prefix)),
  )
  if (name === undefined) return
  throw new RefusedRequestError(
    `update of the encrypted table ${show(tableName)} wrote nothing: the item has ${show(name)}, a beacon of ` +
      "AWS's searchable encryption, which this version cannot compute, so that searches would no longer find " +
      "the item. Change it by AWS's library; or, if nobody searches by beacons any more, write the whole item " +
      'by PutItem, which leaves them out',
    { operation: 'update', tableName, attribute: name },
  )
}
