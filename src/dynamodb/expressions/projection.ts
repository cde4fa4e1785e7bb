import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { ExpressionInput, TableRequest } from './request.ts'

/** The document paths that a ProjectionExpression names, without placeholders. */
export type Projection = readonly (readonly (string | number)[])[]

/**
 * Takes the projection out of a reading request. A part of an item cannot be verified, so whole items are
 * fetched and {@link projectItem} gives out, after decryption, what the caller asked for. DynamoDB prices
 * a read by the size of the items that it reads, with a projection or without.
 *
 * @returns the input to send, without `ProjectionExpression`, without the placeholders that only the
 *   projection used (DynamoDB refuses unused ones) and without `Select: 'SPECIFIC_ATTRIBUTES'`; and the
 *   projection, `undefined` if there is none. The same input object if there is none.
 * @throws RefusedRequestError if the projection cannot be read, names an attribute of this library, or has
 *   paths of which one is in another, which DynamoDB does not take either.
 */
export function takeProjection<Input extends ExpressionInput>(
  request: TableRequest,
  input: Input,
): { input: Input; projection: Projection | undefined } {
  throw new Error(`not built yet: ${request.operation} ${typeof input}`)
}

/**
 * The part of a decrypted item that a projection asks for, as DynamoDB would give it: maps with the members
 * named, lists with the elements named, closed up. What the item does not have is left out.
 */
export function projectItem(
  item: Readonly<Record<string, AttributeValue>>,
  projection: Projection,
): Record<string, AttributeValue> {
  throw new Error(`not built yet: ${typeof item} ${projection.length}`)
}
