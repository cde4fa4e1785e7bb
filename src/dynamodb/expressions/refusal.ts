import { show } from '../../checks.ts'
import { RefusedRequestError } from '../../errors.ts'
import type { TableRequest } from './request.ts'
import { ExpressionSyntaxError } from './syntax.ts'

/** The error of a request that cannot do what it says. */
export function refusal(
  request: Pick<TableRequest, 'operation' | 'tableName' | 'place'>,
  problem: { reason: string; wayOut: string; attribute?: string | undefined },
): RefusedRequestError {
  const { operation, tableName, place } = request
  const where = place === undefined ? operation : `${operation}, ${place},`
  return new RefusedRequestError(
    `${where} on the encrypted table ${show(tableName)} was not sent: ${problem.reason}. ${problem.wayOut}`,
    { operation, tableName, attribute: problem.attribute },
  )
}

/**
 * What `read` makes of an expression. One that cannot be read is refused: nobody could say what it does
 * with encrypted attributes.
 *
 * @param name of the expression in the request, for example `FilterExpression`.
 */
export function readExpression<Result>(
  request: TableRequest,
  name: string,
  expression: unknown,
  read: (expression: string) => Result,
): Result {
  try {
    if (typeof expression !== 'string') throw new ExpressionSyntaxError('it is not a string')
    return read(expression)
  } catch (cause) {
    if (!(cause instanceof ExpressionSyntaxError)) throw cause
    throw refusal(request, {
      reason: `its ${name} cannot be read: ${cause.message}`,
      wayOut: 'Write it as DynamoDB has it, with placeholders for all values',
    })
  }
}
