import {
  type AttributeValue,
  PutItemCommand,
  type ReturnValuesOnConditionCheckFailure,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { RefusedRequestError } from '../../../errors.ts'
import { footerName, headerName } from '../../../structured/structure.ts'
import { maxExpressionLength } from '../../expressions/tokens.ts'
import type { Item } from '../../item.ts'
import { type CheckedTableConfig, isReserved, isSigned, keyNames } from '../../table-config.ts'
import { rawRequest } from '../raw-request.ts'
import { isSameValue } from './same-value.ts'

/** An item as it is in the table, if it is there, and as it is to be. */
export interface ItemChange {
  readonly tableName: string
  readonly config: CheckedTableConfig
  readonly stored: Item | undefined
  readonly encrypted: Item
}

type Attribute = readonly [name: string, value: AttributeValue]

/** What an encryption adds. */
const envelope: readonly string[] = [headerName, footerName]

/** DynamoDB's limit on the operators of one expression. */
const maxOperators = 300

/**
 * The write that succeeds only if the item still is what was read. An item is changed by `UpdateItem`, which
 * leaves alone what it does not name: an unsigned attribute that somebody adds between the read and the
 * write may have any name, so no condition could see it, and a `PutItem` would lose it.
 *
 * @throws RefusedRequestError if the item has more attributes than DynamoDB takes in an expression.
 */
export function conditionalWrite(change: ItemChange): PutItemCommand | UpdateItemCommand {
  const { tableName: TableName, config, stored, encrypted } = change
  const placeholders = new Placeholders()
  // What is there when the write fails tells our own write, repeated by the SDK, from somebody else's.
  const ReturnValuesOnConditionCheckFailure: ReturnValuesOnConditionCheckFailure = 'ALL_OLD'
  if (stored === undefined) {
    const input = {
      TableName,
      Item: encrypted,
      ConditionExpression: `attribute_not_exists(${placeholders.name(config.partitionKeyName)})`,
      ReturnValuesOnConditionCheckFailure,
      ...placeholders.parameters(),
    }
    return new PutItemCommand(rawRequest(input))
  }
  const { set, remove } = difference(change, stored)
  const ConditionExpression = unchanged(change, stored, set, placeholders)
  const UpdateExpression = updateExpression(set, remove, placeholders)
  for (const expression of [ConditionExpression, UpdateExpression]) {
    if (expression.length > maxExpressionLength) throw tooManyAttributes(change, stored)
  }
  const input = {
    TableName,
    Key: keyOf(config, stored),
    ConditionExpression,
    ...(UpdateExpression === '' ? {} : { UpdateExpression }),
    ReturnValuesOnConditionCheckFailure,
    ...placeholders.parameters(),
  }
  return new UpdateItemCommand(rawRequest(input))
}

/**
 * Which attributes are written and which are removed. All that are signed are written, changed or not:
 * after the write they are those under the new signature, whatever has become of the old ones meanwhile.
 */
function difference(
  { config, encrypted }: ItemChange,
  stored: Item,
): { set: readonly Attribute[]; remove: readonly string[] } {
  const isUntouched = ([name, value]: Attribute) =>
    isUnsigned(config, name) && isSameValue(valueOf(stored, name), value)
  return {
    set: Object.entries(encrypted).filter(
      (attribute) => !isKey(config, attribute[0]) && !isUntouched(attribute),
    ),
    remove: Object.keys(stored).filter((name) => valueOf(encrypted, name) === undefined),
  }
}

/**
 * That the item is what was read. The header of an encrypted item has a random message id, and the footer
 * signs all that is signed, so those two stand for all of it. Nothing stands for the attributes that are
 * not signed, nor for those of a plaintext item: each is compared. What was absent and is now written, or
 * would be under the new signature, must still be absent.
 */
function unchanged(
  change: ItemChange,
  stored: Item,
  set: readonly Attribute[],
  placeholders: Placeholders,
): string {
  const { config } = change
  const isEncrypted = headerOf(stored) !== undefined
  const isCompared = (name: string) =>
    !isKey(config, name) && (!isEncrypted || isUnsigned(config, name) || envelope.includes(name))
  const signed = [...config.actions.keys()].filter((name) => isSigned(config, name))
  const absent = new Set([...set.map(([name]) => name), ...signed, ...envelope])
  const terms = [
    // That something is absent also holds of an item that was deleted.
    ...(isEncrypted ? [] : [`attribute_exists(${placeholders.name(config.partitionKeyName)})`]),
    ...Object.entries(stored)
      .filter(([name]) => isCompared(name))
      .map((attribute) => placeholders.equal(attribute)),
    ...[...absent]
      .filter((name) => valueOf(stored, name) === undefined && isCompared(name))
      .map((name) => `attribute_not_exists(${placeholders.name(name)})`),
  ]
  if (2 * terms.length - 1 > maxOperators) throw tooManyAttributes(change, stored)
  return terms.join(' AND ')
}

function updateExpression(
  set: readonly Attribute[],
  remove: readonly string[],
  placeholders: Placeholders,
): string {
  const assignments = set.map((attribute) => placeholders.equal(attribute))
  const removals = remove.map((name) => placeholders.name(name))
  return [
    ...(assignments.length === 0 ? [] : [`SET ${assignments.join(',')}`]),
    ...(removals.length === 0 ? [] : [`REMOVE ${removals.join(',')}`]),
  ].join(' ')
}

/** The header of an encrypted item, in which no two encryptions are alike; none of a plaintext item. */
export function headerOf(item: Item): Uint8Array | undefined {
  return valueOf(item, headerName)?.B
}

function keyOf(config: CheckedTableConfig, item: Item): Item {
  return Object.fromEntries(Object.entries(item).filter(([name]) => isKey(config, name)))
}

function isKey(config: CheckedTableConfig, name: string): boolean {
  return keyNames(config).includes(name)
}

/** Whether anybody may change the attribute without the library. */
function isUnsigned(config: CheckedTableConfig, name: string): boolean {
  return !isSigned(config, name) && !isReserved(name)
}

function valueOf(item: Item, name: string): AttributeValue | undefined {
  return Object.hasOwn(item, name) ? item[name] : undefined
}

function tooManyAttributes({ tableName, config }: ItemChange, stored: Item): RefusedRequestError {
  const count = Object.keys(stored).length
  const named = headerOf(stored)
    ? ''
    : ` in plaintext, and ${config.actions.size} in the configuration`
  return new RefusedRequestError(
    `The item of table ${JSON.stringify(tableName)} has too many attributes (${count}${named}) for a conditional ` +
      'UpdateItem of DynamoDB, whose expressions are limited to 4 KB and 300 operators. Put what belongs ' +
      'together into one attribute, a map, or replace the item by PutItem',
    { operation: 'UpdateItem', tableName },
  )
}

/** What stands in an expression for names and values, as short as it can be. */
class Placeholders {
  readonly #names = new Map<string, string>()
  readonly #values: [placeholder: string, value: AttributeValue][] = []

  name(attribute: string): string {
    const placeholder = this.#names.get(attribute) ?? `#${this.#names.size.toString(36)}`
    this.#names.set(attribute, placeholder)
    return placeholder
  }

  /** A comparison in a condition, an assignment in an update. */
  equal([attribute, value]: Attribute): string {
    const placeholder = `:${this.#values.length.toString(36)}`
    this.#values.push([placeholder, value])
    return `${this.name(attribute)}=${placeholder}`
  }

  parameters(): Pick<
    UpdateItemCommandInput,
    'ExpressionAttributeNames' | 'ExpressionAttributeValues'
  > {
    const names = [...this.#names].map(([attribute, placeholder]) => [placeholder, attribute])
    return {
      ExpressionAttributeNames: Object.fromEntries(names) as Record<string, string>,
      // DynamoDB refuses an empty one.
      ...(this.#values.length === 0
        ? {}
        : { ExpressionAttributeValues: Object.fromEntries(this.#values) }),
    }
  }
}
