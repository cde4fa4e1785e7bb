import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import {
  type marshallOptions,
  marshall,
  type unmarshallOptions,
  unmarshall,
} from '@aws-sdk/util-dynamodb'
import { checkObject } from '../../../checks.ts'
import { InvalidArgumentError } from '../../../errors.ts'
import type { Item, ItemDocument } from '../../item.ts'

/** The form in which a caller has items. */
export interface ItemForm {
  /** What the caller's function is given: its own, to change as it likes. */
  given(item: Item): Item | ItemDocument
  /** What it returned. */
  taken(value: Item | ItemDocument): Item
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
  taken: (item) => item,
}

function plainValues({ marshallOptions, unmarshallOptions }: TranslateConfig): ItemForm {
  return {
    given: (item) =>
      unmarshall(structuredClone(item), { ...unmarshallOptions, convertWithoutMapWrapper: false }),
    taken: (value) => marshall(value, { ...marshallOptions, convertTopLevelContainer: false }),
  }
}

function isKeyAttributeValue(value: unknown): value is AttributeValue {
  if (typeof value !== 'object' || value === null) return false
  return ['S', 'N', 'B'].some((type) => Object.hasOwn(value, type))
}

function translateConfigOf(config: object): TranslateConfig {
  return (config as { translateConfig?: TranslateConfig }).translateConfig ?? {}
}
