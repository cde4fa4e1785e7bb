import type { ExpressionInput, TableRequest } from './request.ts'

/**
 * Checks all expressions of one request on an encrypted table, and that it has no legacy parameter such as
 * `AttributesToGet` or `Expected` (ddb-support.md, "TestConditionExpression", "TestUpdateExpression";
 * ddb-sdk-integration.md).
 *
 * @param input of an operation on one table; of a transaction's action (`TransactItems[3].Update`), or of a
 *   table's part of `BatchGetItem` (`RequestItems["orders"]`), just that. It is not changed.
 * @throws RefusedRequestError if an expression could not do what it says.
 */
export function checkExpressions(request: TableRequest, input: ExpressionInput): void {
  throw new Error(`not built yet: ${request.operation} ${typeof input}`)
}
