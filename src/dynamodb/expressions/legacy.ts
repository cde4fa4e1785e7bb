import { refusal } from './refusal.ts'
import type { ExpressionInput, TableRequest } from './request.ts'

/** DynamoDB's parameters from before expressions, of all operations, and what replaced each. */
const legacyParameters = {
  AttributesToGet: 'ProjectionExpression',
  AttributeUpdates: 'UpdateExpression',
  ConditionalOperator: 'AND and OR in an expression',
  Expected: 'ConditionExpression',
  KeyConditions: 'KeyConditionExpression',
  QueryFilter: 'FilterExpression',
  ScanFilter: 'FilterExpression',
} as const

/**
 * Refuses DynamoDB's legacy parameters (ddb-sdk-integration.md, "General Modification Behavior"). An empty
 * one says nothing, and passes.
 */
export function refuseLegacyParameters(request: TableRequest, input: ExpressionInput): void {
  const given = new Map<string, unknown>(Object.entries(input))
  for (const [parameter, replacement] of Object.entries(legacyParameters)) {
    if (isEmpty(given.get(parameter))) continue
    throw refusal(request, {
      reason: `${parameter} is a legacy parameter, which is not supported on encrypted tables`,
      wayOut: `Use ${replacement} instead`,
    })
  }
}

function isEmpty(value: unknown): boolean {
  if (value == null) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
