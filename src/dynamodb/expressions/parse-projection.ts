import { parsePath } from './parse-operand.ts'
import type { Path } from './syntax.ts'
import { TokenReader } from './tokens.ts'

/**
 * Reads a ProjectionExpression.
 *
 * @throws ExpressionSyntaxError
 */
export function parseProjection(expression: string): readonly Path[] {
  const reader = new TokenReader(expression)
  const paths: Path[] = []
  do paths.push(parsePath(reader))
  while (reader.take(','))
  reader.expectEnd()
  return paths
}
