import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import {
  convertToAttr,
  convertToNative,
  type marshallOptions,
  type unmarshallOptions,
} from '@aws-sdk/util-dynamodb'
import { show } from '../checks.ts'
import { ItemError } from '../errors.ts'
import type { Item, ItemDocument } from './item.ts'
import { normalizeNumber } from './values/normalize-number.ts'

// Items with plain values, as DynamoDBDocumentClient has them, to and from attribute values. What util-dynamodb
// throws is not passed on: its messages hold the value, which may be a secret.

/** The attribute values of a document that is to be encrypted. */
export function toItem(document: ItemDocument, options: marshallOptions | undefined): Item {
  const entries: [string, AttributeValue][] = []
  for (const [name, value] of Object.entries(document) as [string, unknown][]) {
    if (typeof value === 'function' || (value === undefined && options?.removeUndefinedValues)) {
      continue // as marshall does
    }
    entries.push([name, toAttribute(name, value, options)])
  }
  return Object.fromEntries(entries)
}

/** The attribute values of an encrypted document. */
export function toStoredItem(document: ItemDocument, options: marshallOptions | undefined): Item {
  // An empty text was signed as one.
  return toItem(document, { ...options, convertEmptyValues: false })
}

function toAttribute(
  name: string,
  value: unknown,
  options: marshallOptions | undefined,
): AttributeValue {
  try {
    return convertToAttr(value, options)
  } catch {
    throw new ItemError(
      'ERR_ITEM',
      `The attribute ${show(name)} has no attribute value: it is or holds undefined, an empty set, an ` +
        'instance of a class, or a number that is not finite or not exact. marshallOptions can allow some ' +
        'of these; large numbers have to be a bigint or a NumberValue of @aws-sdk/lib-dynamodb',
      name,
    )
  }
}

/** The plain values of an item that was decrypted. */
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
  const { L: list, M: map } = value
  if (list) return list.map((each) => toNative(each, options))
  if (map) return mapAttributes(map, (each) => toNative(each, options))
  return convertToNative(value, options)
}

function exactNumber(text: string): unknown {
  const number = Number(text)
  const same = normalized(text)
  if (same !== undefined && normalized(String(number)) === same) return number
  return convertToNative({ N: text }, { wrapNumbers: true })
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
