import { compareUtf8, fromUtf8 } from '../format/bytes.ts'
import type { EncryptionContext } from '../format/encryption-context.ts'
import { contextKeys } from '../format/item-context.ts'
import type { Field, StructureVersion, Terminal } from '../structured/structure.ts'
import { keyNames } from './table-config.ts'
import { type ItemCode, failAt } from './values/place.ts'
import { typeIds } from './values/type-ids.ts'

export { contextKeys }

/** Before the name of an attribute (encrypt-path-structure.md, "Encryption Context Naming"). */
export const attributePrefix = 'aws-crypto-attr.'

/** The characters of the legend ("Create New Encryption Context and CMM"). */
export const legendCharacters = Object.freeze({ text: 'S', number: 'N', literal: 'L', binary: 'B' })

/** The most bytes that a value in an encryption context has room for. */
const longestValue = 0xffff

/** Which of the signed attributes are the key of the item, and in which table it is. */
export interface ItemLocation {
  readonly logicalTableName: string
  readonly partitionKeyName: string
  readonly sortKeyName?: string | undefined
}

/**
 * What an item is bound to: its table, the names of its key, and in version 1 the key's value, in version 2
 * all attributes whose action is `SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT`, of which the key is one.
 *
 * All its keys are required ones: no pair is stored with the item, each is computed again to decrypt it.
 *
 * @param fields all signed attributes. On decryption their actions are those of the header's legend.
 * @param code of the error.
 * @throws ItemError if the item lacks its key, or an attribute has no place in the context.
 */
export function itemEncryptionContext(
  location: ItemLocation,
  version: StructureVersion,
  fields: readonly Field[],
  code: ItemCode,
): EncryptionContext {
  const { logicalTableName, partitionKeyName, sortKeyName } = location
  const context = new Map<string, string>([
    [contextKeys.tableName, logicalTableName],
    [contextKeys.partitionKeyName, partitionKeyName],
  ])
  if (sortKeyName !== undefined) context.set(contextKeys.sortKeyName, sortKeyName)
  const keyFields = findKey(location, fields, code)
  if (version === 1) {
    for (const field of keyFields) addAttribute(context, field, typedBase64(field), code)
  } else {
    let legend = ''
    for (const field of included(fields)) {
      const { character, text } = inVersion2(field, code)
      addAttribute(context, field, text, code)
      legend += character
    }
    context.set(contextKeys.legend, legend)
  }
  return Object.freeze(Object.fromEntries(context))
}

function findKey(location: ItemLocation, fields: readonly Field[], code: ItemCode): Field[] {
  return keyNames(location).map(
    (name) =>
      fields.find((field) => field.name === name) ??
      failAt(name, code, 'is missing: it is of the key, to which the item is bound'),
  )
}

/** In the order of the legend, which is that of their keys in UTF-8. */
function included(fields: readonly Field[]): Field[] {
  return fields
    .filter(({ action }) => action === 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT')
    .sort((a, b) => compareUtf8(a.name, b.name))
}

function addAttribute(
  context: Map<string, string>,
  { name }: Field,
  text: string,
  code: ItemCode,
): void {
  const key = attributePrefix + name
  if (context.has(key)) failAt(name, code, 'is twice in the encryption context')
  if (Buffer.byteLength(text) > longestValue) {
    failAt(
      name,
      code,
      `is too large for the encryption context, which has room for ${longestValue} bytes of each value`,
    )
  }
  context.set(key, text)
}

/** "Base Context Value Version 2" */
function inVersion2(field: Field, code: ItemCode): { character: string; text: string } {
  const { name, typeId, value } = field
  switch (typeId) {
    case typeIds.S:
    case typeIds.N: {
      const text = fromUtf8(value) ?? failAt(name, code, 'is not UTF-8')
      const { text: ofText, number } = legendCharacters
      return { character: typeId === typeIds.S ? ofText : number, text }
    }
    case typeIds.NULL:
      return { character: legendCharacters.literal, text: 'null' }
    case typeIds.BOOL:
      return { character: legendCharacters.literal, text: String(value[0] === 1) }
    default:
      return { character: legendCharacters.binary, text: typedBase64(field) }
  }
}

/** "Base Context Value Version 1" */
function typedBase64({ typeId, value }: Terminal): string {
  return Buffer.concat([Uint8Array.of(typeId >>> 8, typeId), value]).toString('base64')
}
