import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import {
  convertToNative,
  type marshallOptions,
  type unmarshallOptions,
} from '@aws-sdk/util-dynamodb'
import { show } from '../checks.ts'
import { ItemError } from '../errors.ts'
import type { Item, ItemDocument } from './item.ts'
import { toAttribute } from './plain-value.ts'
import { normalizeNumber } from './values/normalize-number.ts'
import { type ItemCode, Place } from './values/place.ts'

// Items with plain values, as DynamoDBDocumentClient has them, to and from attribute values. What util-dynamodb
// throws is not passed on: its messages hold the value, which may be a secret.

/**
 * The attribute values of a document. Attributes that are `undefined` or functions are left out, as by the `put` of
 * DynamoDBDocumentClient.
 *
 * @throws ItemError `ERR_ITEM` if a value has none under these options, without the value.
 */
export function toItem(document: ItemDocument, options: marshallOptions | undefined): Item {
  return attributesOf(document, options, 'ERR_ITEM')
}

/** The attribute values of an encrypted document. */
export function toStoredItem(document: ItemDocument, options: marshallOptions | undefined): Item {
  // An empty text was signed as one.
  return attributesOf(document, { ...options, convertEmptyValues: false }, 'ERR_MALFORMED_ITEM')
}

function attributesOf(
  document: ItemDocument,
  options: marshallOptions | undefined,
  code: ItemCode,
): Item {
  const entries: [string, AttributeValue][] = []
  for (const [name, value] of Object.entries(document) as [string, unknown][]) {
    if (value === undefined || typeof value === 'function') continue
    entries.push([name, toAttribute(value, options, new Place(name, code), 1)])
  }
  return Object.fromEntries(entries)
}

/**
 * The plain values of an item that was decrypted.
 *
 * @throws ItemError `ERR_ITEM` if a value has none under these options, without the value.
 */
export function toDocument(item: Item, options: unmarshallOptions | undefined): ItemDocument {
  return mapAttributes(item, (value, name) => {
    try {
      return toNative(value, options)
    } catch {
      throw new ItemError(
        'ERR_ITEM',
        `The attribute ${show(name)} has no plain value: it holds a number beyond those of JavaScript. ` +
          'unmarshallOptions.wrapNumbers says what to make of such numbers',
        name,
      )
    }
  })
}

/**
 * The plain values of an item that was encrypted: its numbers become the same ones again when they are stored,
 * or the item would not verify.
 */
export function toStoredDocument(item: Item): ItemDocument {
  return mapAttributes(item, (value) => toNative(value, { wrapNumbers: exactNumber }))
}

function mapAttributes(
  item: Item,
  convert: (value: AttributeValue, name: string) => unknown,
): ItemDocument {
  return Object.fromEntries(
    Object.entries(item).map(([name, value]): [string, unknown] => [name, convert(value, name)]),
  )
}

/** convertToNative, which would take a key `__proto__` of a map for the map's prototype. */
function toNative(value: AttributeValue, options: unmarshallOptions | undefined): unknown {
  const { L: list, M: map, NS: numbers } = value
  if (list) return list.map((each) => toNative(each, options))
  if (map) return mapAttributes(map, (each) => toNative(each, options))
  // A set of numbers is all of one kind, or the SDK takes all for what the first is.
  if (numbers && options?.wrapNumbers === exactNumber && !numbers.every(isExact)) {
    return convertToNative(value, { wrapNumbers: true })
  }
  return convertToNative(value, options)
}

function exactNumber(text: string): unknown {
  return isExact(text) ? Number(text) : convertToNative({ N: text }, { wrapNumbers: true })
}

/** Whether the SDK makes the same number again of what JavaScript makes of this one. */
function isExact(text: string): boolean {
  const number = Number(text)
  // It refuses larger ones, of which other numbers may have the same text.
  if (Math.abs(number) > Number.MAX_SAFE_INTEGER) return false
  const same = normalized(text)
  return same !== undefined && normalized(String(number)) === same
}

function normalized(text: string): string | undefined {
  try {
    return normalizeNumber(text, () => {
      throw new Error()
    })
  } catch {
    return undefined
  }
}
