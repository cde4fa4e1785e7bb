import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { show } from '../../../checks.ts'
import { InvalidArgumentError } from '../../../errors.ts'
import type { Item } from '../../item.ts'
import type { CheckedTableConfig } from '../../table-config.ts'
import { normalizeNumber } from '../../values/normalize-number.ts'

/** Refuses a key that is not the whole key of an item, or has anything else. */
export function checkKey(config: CheckedTableConfig, key: Item): Item {
  const names = keyNames(config)
  const given = Object.keys(key)
  if (given.length === names.length && names.every((name) => Object.hasOwn(key, name))) return key
  throw new InvalidArgumentError(
    'Key',
    `Key must have just the attributes of the table's key, ${names.map(show).join(' and ')}, ` +
      `and has ${given.map(show).join(', ')}`,
  )
}

/** Refuses an item that is not of this key. Another key is another item: this one would stay as it was. */
export function checkSameKey(config: CheckedTableConfig, key: Item, item: Item): void {
  for (const name of keyNames(config)) {
    const value = Object.hasOwn(item, name) ? item[name] : undefined
    if (isSameKeyValue(key[name], value)) continue
    throw new InvalidArgumentError(
      'change',
      `change must return the item with the key that update was given, and ${show(name)} is ` +
        (value === undefined ? 'missing' : 'another value') +
        '. To move an item, write it under its new key and delete the old one',
    )
  }
}

function keyNames({ partitionKeyName, sortKeyName }: CheckedTableConfig): readonly string[] {
  return sortKeyName === undefined ? [partitionKeyName] : [partitionKeyName, sortKeyName]
}

function isSameKeyValue(
  one: AttributeValue | undefined,
  other: AttributeValue | undefined,
): boolean {
  if (one === undefined || other === undefined) return false
  if (one.N !== undefined && other.N !== undefined) return number(one.N) === number(other.N)
  if (one.B !== undefined && other.B !== undefined) return Buffer.compare(one.B, other.B) === 0
  return one.S !== undefined && one.S === other.S
}

function number(text: string): string {
  return normalizeNumber(text, (reason) => {
    throw new InvalidArgumentError('Key', `A number of the key ${reason}`)
  })
}
