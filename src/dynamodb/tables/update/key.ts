import { show } from '../../../checks.ts'
import { InvalidArgumentError, reasonOf } from '../../../errors.ts'
import type { Item, ItemDocument } from '../../item.ts'
import { type CheckedTableConfig, keyNames } from '../../table-config.ts'
import { deserializeAttribute, serializeAttribute } from '../../values/attribute-value.ts'
import type { ItemForm } from './form.ts'
import { isSameValue } from './same-value.ts'

/** A copy of a key. Refused is one that is not the whole key of an item, or has anything else. */
export function checkedKey(
  config: CheckedTableConfig,
  form: ItemForm,
  given: Item | ItemDocument,
): Item {
  const key = attributesOf(form, given)
  const names = keyNames(config)
  const has = Object.keys(key)
  if (has.length === names.length && names.every((name) => Object.hasOwn(key, name))) return key
  throw new InvalidArgumentError(
    'Key',
    `Key must have just the attributes of the table's key, ${names.map(show).join(' and ')}, ` +
      `and has ${has.map(show).join(', ')}`,
  )
}

function attributesOf(form: ItemForm, given: Item | ItemDocument): Item {
  try {
    return Object.fromEntries(
      Object.entries(form.taken(given)).map(([name, value]) => [
        name,
        deserializeAttribute(serializeAttribute(value, name), name),
      ]),
    )
  } catch (cause) {
    throw new InvalidArgumentError('Key', `Key: ${reasonOf(cause)}`)
  }
}

/** Whether an item has this key. */
export function hasKey(config: CheckedTableConfig, key: Item, item: Item): boolean {
  return differingName(config, key, item) === undefined
}

/** Refuses an item that is not of this key. Another key is another item: this one would stay as it was. */
export function checkSameKey(
  config: CheckedTableConfig,
  key: Item,
  change: { readonly before: Item | undefined; readonly after: Item },
): void {
  const name = differingName(config, key, change.after)
  if (name === undefined) return
  const what = Object.hasOwn(change.after, name) ? 'another value' : 'missing'
  throw new InvalidArgumentError(
    'change',
    `change must return the item with the key that update was given, and ${show(name)} is ${what}. ` +
      (change.before === undefined
        ? 'There is no item with this key, so change was given undefined: return undefined, too, or a whole ' +
          'item to create it'
        : 'To move an item, write it under its new key and delete the old one'),
  )
}

/** The attribute of the key in which an item differs from it. */
function differingName(config: CheckedTableConfig, key: Item, item: Item): string | undefined {
  return keyNames(config).find(
    (name) => !isSameValue(key[name], Object.hasOwn(item, name) ? item[name] : undefined),
  )
}
