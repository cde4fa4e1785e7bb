import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { convertToAttr, type marshallOptions } from '@aws-sdk/util-dynamodb'
import { types } from 'node:util'
import { isPlainObject } from '../checks.ts'
import type { Place } from './values/place.ts'
import { mostLevels } from './values/type-ids.ts'

/**
 * The attribute value of a plain one, as util-dynamodb makes it, but for what that would lose: it takes a key
 * `__proto__` of a map for the map's prototype, and a set's first number for the kind of all.
 *
 * @param level how deep it is in its attribute, from 1.
 * @throws ItemError if it has none under these options. Not what util-dynamodb throws, whose messages hold the value.
 */
export function toAttribute(
  value: unknown,
  options: marshallOptions | undefined,
  place: Place,
  level: number,
): AttributeValue {
  if (level > mostLevels) {
    place.fail(`is nested deeper than ${mostLevels} levels, which is as deep as DynamoDB stores`)
  }
  if (Array.isArray(value)) return { L: toList(value, options, place, level) }
  if (types.isMap(value)) return { M: toMap(objectOf(value, place), options, place, level) }
  if (isPlainObject(value)) return { M: toMap(value, options, place, level) }
  if (types.isSet(value)) return toSet(value, options, place)
  const converted = toScalar(value, options, place)
  // An instance of a class, under `convertClassInstanceToMap`.
  return converted.M ? { M: toMap(Object(value) as object, options, place, level) } : converted
}

/** With the keys as texts. */
function objectOf(map: ReadonlyMap<unknown, unknown>, place: Place): object {
  const object = Object.fromEntries<unknown>(map as ReadonlyMap<PropertyKey, unknown>)
  if (Object.keys(object).length === map.size) return object
  return place.fail('is a Map that has two keys of the same text, or one that has none')
}

/** What util-dynamodb leaves out of lists and maps. */
function isLeftOut(value: unknown, options: marshallOptions | undefined): boolean {
  if (typeof value === 'function') return true
  return value === undefined && options?.removeUndefinedValues === true
}

function toList(
  list: readonly unknown[],
  options: marshallOptions | undefined,
  place: Place,
  level: number,
): AttributeValue[] {
  const attributes: AttributeValue[] = []
  for (const [i, value] of list.entries()) {
    if (isLeftOut(value, options)) continue
    place.enter(i)
    attributes.push(toAttribute(value, options, place, level + 1))
    place.leave()
  }
  return attributes
}

function toMap(
  map: object,
  options: marshallOptions | undefined,
  place: Place,
  level: number,
): Record<string, AttributeValue> {
  const entries: [string, AttributeValue][] = []
  const keys: string[] = []
  // Those that it inherits, too, as util-dynamodb does it: they would be lost.
  for (const key in map) keys.push(key)
  for (const [i, key] of keys.sort().entries()) {
    const value: unknown = Reflect.get(map, key)
    if (isLeftOut(value, options)) continue
    place.enterEntry(i)
    entries.push([key, toAttribute(value, options, place, level + 1)])
    place.leave()
  }
  return Object.fromEntries(entries)
}

function toSet(
  set: ReadonlySet<unknown>,
  options: marshallOptions | undefined,
  place: Place,
): AttributeValue {
  const NS: string[] = []
  for (const member of set) {
    if (member === undefined && options?.removeUndefinedValues) continue
    place.enter(NS.length)
    const { N } = toScalar(member, options, place)
    place.leave()
    if (N !== undefined) NS.push(N)
    else if (NS.length === 0) break
    else place.fail('is a set of numbers, and of something else')
  }
  return NS.length === 0 ? toScalar(set, options, place) : { NS }
}

function toScalar(
  value: unknown,
  options: marshallOptions | undefined,
  place: Place,
): AttributeValue {
  try {
    return convertToAttr(value, options)
  } catch {
    return place.fail(`has no attribute value: ${whyNone(value)}`)
  }
}

function whyNone(value: unknown): string {
  if (value === undefined) {
    return 'it is undefined, which marshallOptions.removeUndefinedValues leaves out'
  }
  if (typeof value === 'number') {
    return Number.isFinite(value)
      ? 'JavaScript does not hold such large numbers exactly. Use a bigint or a NumberValue of @aws-sdk/lib-dynamodb'
      : 'it is NaN or infinite'
  }
  if (types.isSet(value)) {
    return value.size === 0
      ? 'it is an empty set, which DynamoDB does not have; marshallOptions.convertEmptyValues makes null of it'
      : 'its members are not all texts, all numbers or all bytes'
  }
  return 'it is an instance of a class, which marshallOptions.convertClassInstanceToMap can allow, or a symbol'
}
