import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { EnvelopeError } from '../errors.ts'
import { compareUtf8, utf8 } from '../format/bytes.ts'
import type { EncryptionContext } from '../format/encryption-context.ts'
import { attributePrefix, contextKeys, legendCharacters } from './encryption-context.ts'
import type { Item } from './item.ts'
import { keyNames } from './table-config.ts'
import { deserializeAttribute } from './values/attribute-value.ts'
import { typeIds } from './values/type-ids.ts'

/** By the name under which the attributes of version 2 have it, a pair of the context. */
const described = Object.freeze({
  aws_dbe_table_name: contextKeys.tableName,
  aws_dbe_partition_name: contextKeys.partitionKeyName,
  aws_dbe_sort_name: contextKeys.sortKeyName,
})

/**
 * The attributes that are in the encryption context of an item: of version 1 its key; of version 2 all that
 * were put there, and `aws_dbe_table_name`, `aws_dbe_partition_name` and `aws_dbe_sort_name`
 * (ddb-encryption-branch-key-id-supplier.md, "Behavior"). On decryption nothing of it is verified yet.
 *
 * @throws EnvelopeError `ERR_BRANCH_KEY_ID` if the context is not one of an item.
 * @throws ItemError `ERR_MALFORMED_ITEM` if a value in it is none of DynamoDB's.
 */
export function contextAttributes(context: EncryptionContext): Item {
  const partitionKeyName = pair(context, contextKeys.partitionKeyName)
  const sortKeyName = context[contextKeys.sortKeyName]
  const names = keyNames({ partitionKeyName, sortKeyName })
  for (const name of names) pair(context, attributePrefix + name)
  const legend = context[contextKeys.legend]
  // As entries, for an attribute may be named `__proto__`.
  return Object.fromEntries(
    legend === undefined
      ? names.map((name) => [name, fromBase64(name, pair(context, attributePrefix + name))])
      : [...byLegend(context, legend), ...descriptions(context)],
  )
}

function pair(context: EncryptionContext, key: string): string {
  return context[key] ?? fail(`it has no ${JSON.stringify(key)}`)
}

function descriptions(context: EncryptionContext): [string, AttributeValue][] {
  pair(context, contextKeys.tableName)
  return Object.entries(described).flatMap(([name, key]): [string, AttributeValue][] => {
    const text = context[key]
    return text === undefined ? [] : [[name, { S: text }]]
  })
}

function byLegend(context: EncryptionContext, legend: string): [string, AttributeValue][] {
  const names = Object.keys(context)
    .filter((key) => key.startsWith(attributePrefix) && key !== attributePrefix)
    .map((key) => key.slice(attributePrefix.length))
    .sort(compareUtf8)
  if (names.length !== legend.length) {
    fail(`it has ${names.length} attributes, and its legend is of ${legend.length}`)
  }
  return names.map((name, i) => {
    const text = pair(context, attributePrefix + name)
    return [name, attributeOf(name, legend.charAt(i), text)]
  })
}

function attributeOf(name: string, character: string, text: string): AttributeValue {
  switch (character) {
    case legendCharacters.text:
      return { S: text }
    case legendCharacters.number:
      // Its way through the bytes, where it is made sure that it is a number.
      return deserializeAttribute({ typeId: typeIds.N, value: utf8(text) }, name)
    case legendCharacters.literal:
      return literals.get(text) ?? fail(`its ${JSON.stringify(name)} is no literal`)
    case legendCharacters.binary:
      return fromBase64(name, text)
    default:
      return fail(`its legend has the character ${JSON.stringify(character)}`)
  }
}

const literals: ReadonlyMap<string, AttributeValue> = new Map<string, AttributeValue>([
  ['true', { BOOL: true }],
  ['false', { BOOL: false }],
  ['null', { NULL: true }],
])

function fromBase64(name: string, text: string): AttributeValue {
  const bytes = Buffer.from(text, 'base64')
  // Node skips what is not base64.
  if (bytes.length < 2 || bytes.toString('base64') !== text) {
    fail(`its ${JSON.stringify(name)} is not a type and a value in base64`)
  }
  return deserializeAttribute({ typeId: bytes.readUInt16BE(), value: bytes.subarray(2) }, name)
}

function fail(reason: string): never {
  throw new EnvelopeError(
    'ERR_BRANCH_KEY_ID',
    `The encryption context is not that of a DynamoDB item: ${reason}`,
  )
}
