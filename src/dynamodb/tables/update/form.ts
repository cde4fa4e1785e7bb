import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { marshallOptions, unmarshallOptions } from '@aws-sdk/util-dynamodb'
import { checkObject } from '../../../checks.ts'
import { InvalidArgumentError } from '../../../errors.ts'
import { toDocument, toItem } from '../../document.ts'
import type { Item, ItemDocument } from '../../item.ts'
import { isSameValue } from './same-value.ts'

/** The form in which a caller has items. */
export interface ItemForm {
  /** What the caller's function is given: its own, to change as it likes. */
  given(item: Item): Item | ItemDocument
  /** What it returned; `before` is the item that it was given, if there was one. */
  taken(value: Item | ItemDocument, before?: Item): Item
}

/** How a DynamoDBDocumentClient was told to convert; other clients have nothing of it. */
interface TranslateConfig {
  readonly marshallOptions?: marshallOptions | undefined
  readonly unmarshallOptions?: unmarshallOptions | undefined
}

/**
 * The form of a key is that of the item: a key attribute is text, a number or bytes, so that an object with
 * `S`, `N` or `B` can only be an attribute value. The client does not say it: DynamoDBDocumentClient.from()
 * writes its options into the configuration of the client that it is made from.
 */
export function formOf(key: unknown, { config }: { readonly config: object }): ItemForm {
  checkObject(key, 'Key')
  const values: unknown[] = Object.values(key)
  if (values.length === 0) throw new InvalidArgumentError('Key', 'Key has no attributes')
  const count = values.filter(isKeyAttributeValue).length
  if (count === values.length) return attributeValues
  if (count === 0) return plainValues(translateConfigOf(config))
  throw new InvalidArgumentError(
    'Key',
    'Key has attributes as DynamoDBClient takes them, such as { S: "a" }, and plain values, such as "a": ' +
      'use one form for all',
  )
}

const attributeValues: ItemForm = {
  given: (item) => structuredClone(item),
  taken: (item) => withoutUndefined(item),
}

function plainValues({ marshallOptions, unmarshallOptions }: TranslateConfig): ItemForm {
  const given = (item: Item) => toDocument(structuredClone(item), unmarshallOptions)
  const taken = (value: ItemDocument) => toItem(value, marshallOptions)
  /** What an attribute becomes that is given and taken back untouched, if it can be written at all. */
  const thereAndBack = (name: string, value: AttributeValue): AttributeValue | undefined => {
    try {
      return taken(given({ [name]: value }))[name]
    } catch {
      return undefined
    }
  }
  return {
    given,
    taken(value, before = {}) {
      // Plain numbers may be rounded, so that only what was changed is written as it came back.
      return Object.fromEntries(
        Object.entries(taken(value)).map(([name, now]): [string, AttributeValue] => {
          const then = Object.hasOwn(before, name) ? before[name] : undefined
          return [name, then && isSameValue(now, thereAndBack(name, then)) ? then : now]
        }),
      )
    },
  }
}

/** As DynamoDBDocumentClient writes an item: an attribute that is `undefined` is one that is not there. */
function withoutUndefined<Value>(item: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined))
}

function isKeyAttributeValue(value: unknown): value is AttributeValue {
  if (typeof value !== 'object' || value === null) return false
  return ['S', 'N', 'B'].some((type) => Object.hasOwn(value, type))
}

function translateConfigOf(config: object): TranslateConfig {
  return (config as { translateConfig?: TranslateConfig }).translateConfig ?? {}
}
