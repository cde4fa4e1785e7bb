import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { EnvelopeError, InvalidArgumentError } from '../../../errors.ts'
import { utf8 } from '../../../format/bytes.ts'
import type { BranchKeyRecord, BranchKeyRecordType } from './key-storage.ts'

// Records as items of a table (framework/branch-key-store.md, "Record Format"): bytes are B, the
// hierarchy version is N, everything else is S.

export type Item = Record<string, AttributeValue>

/** The names of the attributes that are not among a record's `attributes`. */
export const idAttribute = 'branch-key-id'
export const typeAttribute = 'type'
export const ciphertextAttribute = 'enc'
const versionAttribute = 'hierarchy-version'

/** What AWS's key store admin keeps among the records of a branch key while it changes them ("ApplyMutation"). */
const mutationTypes: readonly string[] = ['branch:MUTATION_COMMITMENT', 'branch:MUTATION_INDEX']

// What DynamoDB allows, in bytes of UTF-8 ("Quotas in Amazon DynamoDB").
const longestPartitionKey = 2048
const longestSortKey = 1024
const largestItem = 400 * 1024

/**
 * The partition key of all records of a branch key.
 *
 * @throws InvalidArgumentError if DynamoDB has no such key.
 */
export function partitionKey(branchKeyId: string): AttributeValue {
  checkKey(branchKeyId, 'branchKeyId', longestPartitionKey)
  return { S: branchKeyId }
}

/**
 * The primary key of a record.
 *
 * @throws InvalidArgumentError if DynamoDB has no such key.
 */
export function itemKey(branchKeyId: string, type: BranchKeyRecordType): Item {
  checkKey(type, 'type', longestSortKey)
  return { [idAttribute]: partitionKey(branchKeyId), [typeAttribute]: { S: type } }
}

/**
 * A record as it is stored.
 *
 * @throws InvalidArgumentError if its key or all of it is too long for DynamoDB.
 */
export function itemOf(record: BranchKeyRecord): Item {
  const { branchKeyId, type, ciphertext, attributes } = record
  const values = Object.entries(attributes).map(([name, value]): [string, AttributeValue] => [
    name,
    name === versionAttribute ? { N: value } : { S: value },
  ])
  const item: Item = {
    ...Object.fromEntries(values),
    ...itemKey(branchKeyId, type),
    [ciphertextAttribute]: { B: ciphertext },
  }
  const size = sizeOf(item)
  if (size <= largestItem) return item
  throw new InvalidArgumentError(
    'encryptionContext',
    `The record ${JSON.stringify(type)} of the branch key ${JSON.stringify(branchKeyId)} has ${size} bytes, and DynamoDB stores ${largestItem} at most: make its encryption context smaller`,
  )
}

/**
 * The record that an item is, with every attribute it has: the store authenticates them all.
 *
 * @throws EnvelopeError ERR_BRANCH_KEY_RECORD if an attribute is missing or of another type;
 * ERR_BRANCH_KEY_CONFLICT if it is a note of AWS's tool on a change that it has under way.
 */
export function recordOf(item: Item, tableName: string): BranchKeyRecord {
  const fail = (reason: string): never => {
    throw new EnvelopeError(
      'ERR_BRANCH_KEY_RECORD',
      `${describe(item, tableName)} ${reason}. Restore the record from a backup, and find out who can write to the table`,
    )
  }
  const textOf = (name: string, value: AttributeValue | undefined): string =>
    value?.S ?? fail(`has ${found(value)} as the attribute ${JSON.stringify(name)}, not a string`)

  const { [idAttribute]: id, [typeAttribute]: type, [ciphertextAttribute]: enc, ...others } = item
  // Before the attributes, since those of what is no record have types of their own.
  const typeText = textOf(typeAttribute, type)
  if (mutationTypes.includes(typeText)) throw mutationUnderWay(item, tableName)
  const recordType = isRecordType(typeText) ? typeText : fail('is of a type that no record has')
  const attributes = Object.entries(others).map(([name, value]): [string, string] => {
    if (name !== versionAttribute) return [name, textOf(name, value)]
    return [name, value.N ?? fail(`has ${found(value)} as the attribute "${name}", not a number`)]
  })
  return {
    branchKeyId: textOf(idAttribute, id),
    type: recordType,
    ciphertext: enc?.B ?? fail(`has ${found(enc)} as the attribute "enc", not bytes`),
    attributes: Object.fromEntries(attributes),
  }
}

/** Two that move the records of one branch key at once would each work on what the other leaves. */
function mutationUnderWay(item: Item, tableName: string): EnvelopeError {
  return new EnvelopeError(
    'ERR_BRANCH_KEY_CONFLICT',
    `${describe(item, tableName)} says that AWS's key store admin is changing this branch key, or has stopped half-way. Let it finish, which removes this record, and call again`,
  )
}

function describe(item: Item, tableName: string): string {
  const [id, type] = [item[idAttribute]?.S, item[typeAttribute]?.S]
  return `The record ${JSON.stringify(type)} of the branch key ${JSON.stringify(id)} in ${JSON.stringify(tableName)}`
}

function isRecordType(type: string): type is BranchKeyRecordType {
  return type === 'branch:ACTIVE' || type === 'beacon:ACTIVE' || type.startsWith('branch:version:')
}

/** DynamoDB's name for the type of a value, never the value. */
function found(value: AttributeValue | undefined): string {
  return value === undefined ? 'nothing' : `a value of type ${Object.keys(value).join()}`
}

function checkKey(value: string, field: string, longest: number): void {
  const size = utf8(value).length
  // A lone surrogate would become U+FFFD on its way, and so two ids one.
  if (size >= 1 && size <= longest && value.isWellFormed()) return
  const what = value.isWellFormed() ? `has ${size} bytes in UTF-8` : 'has a lone surrogate'
  throw new InvalidArgumentError(
    field,
    `${field} ${what}; DynamoDB takes well-formed text of 1 to ${longest} bytes`,
  )
}

/**
 * The size by DynamoDB's rules, but for the number: how many bytes that has is not told exactly.
 * An item that exceeds the limit by that little DynamoDB refuses itself.
 */
function sizeOf(item: Item): number {
  return Object.entries(item).reduce(
    (sum, [name, { S: text = '', B: bytes }]) =>
      sum + utf8(name).length + utf8(text).length + (bytes?.length ?? 0),
    0,
  )
}
