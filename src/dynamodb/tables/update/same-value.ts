import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { equalBytes } from '../../../format/bytes.ts'
import { serializeAttribute } from '../../values/attribute-value.ts'

/** Whether DynamoDB takes two values for the same: numbers by value, sets without an order, bytes by content. */
export function isSameValue(
  one: AttributeValue | undefined,
  other: AttributeValue | undefined,
): boolean {
  if (one === undefined || other === undefined) return false
  try {
    const [first, second] = [serializeAttribute(one, ''), serializeAttribute(other, '')]
    return first.typeId === second.typeId && equalBytes(first.value, second.value)
  } catch {
    return false // One of them is no value that is ever stored.
  }
}
