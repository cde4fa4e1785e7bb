import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Item } from '../item.ts'
import { type CheckedTableConfig, keyNames } from '../table-config.ts'
import { normalizeNumber } from '../values/normalize-number.ts'

/**
 * The same text for the same primary key, however its numbers are written; `undefined` if the item has no key that
 * DynamoDB would take.
 */
export function primaryKey(config: CheckedTableConfig, item: Item): string | undefined {
  const values = keyNames(config).map((name) =>
    keyText(Object.hasOwn(item, name) ? item[name] : undefined),
  )
  return values.includes(undefined) ? undefined : JSON.stringify(values)
}

/** The keys that items are asked for by. What is no key brings no item. */
export function keysAsked(
  config: CheckedTableConfig,
  keys: readonly (Item | undefined)[],
): ReadonlySet<string> {
  return new Set(keys.flatMap((key) => primaryKey(config, key ?? {}) ?? []))
}

function keyText(value: AttributeValue | undefined): string | undefined {
  if (typeof value?.N === 'string') return numberText(value.N)
  if (value?.B !== undefined) return bytesText(value.B)
  return typeof value?.S === 'string' ? `S${value.S}` : undefined
}

function numberText(text: string): string | undefined {
  try {
    return `N${normalizeNumber(text, noNumber)}`
  } catch {
    return undefined
  }
}

function noNumber(reason: string): never {
  throw new RangeError(reason)
}

/** Keys of bytes are taken by the SDK as any view of them. */
function bytesText(value: unknown): string | undefined {
  if (!ArrayBuffer.isView(value)) return undefined
  return `B${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}`
}
