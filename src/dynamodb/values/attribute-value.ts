import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Terminal } from '../../structured/structure.ts'

/**
 * An attribute value in bytes (dynamodb-encryption-client/ddb-attribute-serialization.md).
 *
 * @param attribute names it in errors.
 * @throws ItemError `ERR_ITEM` if it is no attribute value, or one that DynamoDB would not take.
 */
export function serializeAttribute(value: AttributeValue, attribute: string): Terminal {
  throw new Error(`not built yet: ${attribute} ${typeof value}`)
}

/**
 * The attribute value in verified bytes.
 *
 * @throws ItemError `ERR_MALFORMED_ITEM` if they are not what an encryption writes.
 */
export function deserializeAttribute(terminal: Terminal, attribute: string): AttributeValue {
  throw new Error(`not built yet: ${attribute} ${terminal.typeId}`)
}
