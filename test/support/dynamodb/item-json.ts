import type { AttributeValue } from '@aws-sdk/client-dynamodb'

/** A value as the JSON of DynamoDB's API: what is binary is base64. */
export type JsonValue =
  | { S: string }
  | { N: string }
  | { B: string }
  | { BOOL: boolean }
  | { NULL: boolean }
  | { SS: string[] }
  | { NS: string[] }
  | { BS: string[] }
  | { L: JsonValue[] }
  | { M: JsonItem }

/** An item, or the inside of a map. */
export interface JsonItem {
  [name: string]: JsonValue
}

export function itemToJson(item: Readonly<Record<string, AttributeValue>>): JsonItem {
  return mapValues(item, valueToJson)
}

export function itemFromJson(item: Readonly<JsonItem>): Record<string, AttributeValue> {
  return mapValues(item, valueFromJson)
}

function valueToJson(value: AttributeValue): JsonValue {
  if (value.B !== undefined) return { B: base64(value.B) }
  if (value.BS !== undefined) return { BS: value.BS.map(base64) }
  if (value.L !== undefined) return { L: value.L.map(valueToJson) }
  if (value.M !== undefined) return { M: itemToJson(value.M) }
  if (value.$unknown !== undefined) throw new Error(`No value of type ${value.$unknown[0]}`)
  return value
}

function valueFromJson(value: JsonValue): AttributeValue {
  if ('B' in value) return { B: Buffer.from(value.B, 'base64') }
  if ('BS' in value) return { BS: value.BS.map((member) => Buffer.from(member, 'base64')) }
  if ('L' in value) return { L: value.L.map(valueFromJson) }
  if ('M' in value) return { M: itemFromJson(value.M) }
  return value
}

/** By pairs, since an attribute may be named `__proto__`. */
function mapValues<T, U>(values: Readonly<Record<string, T>>, change: (value: T) => U) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]))
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
