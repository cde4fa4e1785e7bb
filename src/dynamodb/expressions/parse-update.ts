import { parseOperand, parsePath } from './parse-operand.ts'
import { type Node, type UpdateAction, updateFunctions, type UpdateKeyword } from './syntax.ts'
import { TokenReader } from './tokens.ts'

const updateKeywords: readonly UpdateKeyword[] = ['SET', 'REMOVE', 'ADD', 'DELETE']

/**
 * Reads an UpdateExpression. Like {@link parseCondition} it takes more than DynamoDB does.
 *
 * @throws ExpressionSyntaxError
 */
export function parseUpdate(expression: string): readonly UpdateAction[] {
  const reader = new TokenReader(expression)
  const actions: UpdateAction[] = []
  do {
    const keyword = parseKeyword(reader)
    do actions.push(parseAction(reader, keyword))
    while (reader.take(','))
  } while (reader.peek().kind !== 'end')
  return actions
}

function parseKeyword(reader: TokenReader): UpdateKeyword {
  const keyword = updateKeywords.find((word) => reader.take(word))
  return keyword ?? reader.fail('SET, REMOVE, ADD or DELETE')
}

function parseAction(reader: TokenReader, keyword: UpdateKeyword): UpdateAction {
  const path = parsePath(reader)
  if (keyword === 'SET') reader.expect('=')
  const value = keyword === 'REMOVE' ? undefined : parseValue(reader)
  return { keyword, path, value, start: path.start, end: reader.position }
}

/** `operand`, `operand + operand`, `operand - operand`; DynamoDB takes no longer sums. */
function parseValue(reader: TokenReader): Node {
  const { start } = reader.peek()
  const left = parseUpdateOperand(reader)
  const operator = reader.take('+') ? '+' : reader.take('-') ? '-' : undefined
  if (operator === undefined) return left
  const operands = [left, parseUpdateOperand(reader)]
  return { kind: 'operation', operator, operands, start, end: reader.position }
}

function parseUpdateOperand(reader: TokenReader): Node {
  return parseOperand(reader, updateFunctions, parseValue)
}
