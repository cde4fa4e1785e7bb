import { parseList, parseOperand } from './parse-operand.ts'
import { type Comparator, conditionFunctions, type Node } from './syntax.ts'
import { TokenReader } from './tokens.ts'

const comparators: readonly Comparator[] = ['=', '<>', '<', '<=', '>', '>=']

/**
 * Reads a ConditionExpression, FilterExpression or KeyConditionExpression. It takes more than DynamoDB does
 * (any operand where a condition should be, parentheses without need), and nothing in another meaning.
 *
 * @throws ExpressionSyntaxError
 */
export function parseCondition(expression: string): Node {
  const reader = new TokenReader(expression)
  const root = parseOr(reader)
  reader.expectEnd()
  return root
}

function parseOr(reader: TokenReader): Node {
  return parseChain(reader, 'OR', parseAnd)
}

function parseAnd(reader: TokenReader): Node {
  return parseChain(reader, 'AND', parseNot)
}

/** A chain is one node and not one in another, so that its length is nobody's depth. */
function parseChain(
  reader: TokenReader,
  operator: 'AND' | 'OR',
  parseLink: (reader: TokenReader) => Node,
): Node {
  const { start } = reader.peek()
  const first = parseLink(reader)
  if (!reader.isNext(operator)) return first
  const operands = [first]
  while (reader.take(operator)) operands.push(parseLink(reader))
  return { kind: 'operation', operator, operands, start, end: reader.position }
}

function parseNot(reader: TokenReader): Node {
  const { start } = reader.peek()
  if (!reader.take('NOT')) return parseComparison(reader)
  const operand = reader.nested(() => parseNot(reader))
  return { kind: 'operation', operator: 'NOT', operands: [operand], start, end: reader.position }
}

function parseComparison(reader: TokenReader): Node {
  const { start } = reader.peek()
  const left = parseConditionOperand(reader)
  for (const operator of comparators) {
    if (!reader.take(operator)) continue
    const operands = [left, parseConditionOperand(reader)]
    return { kind: 'operation', operator, operands, start, end: reader.position }
  }
  if (reader.take('IN')) {
    const operands = [left, ...parseList(reader, parseConditionOperand)]
    return { kind: 'operation', operator: 'IN', operands, start, end: reader.position }
  }
  if (reader.take('BETWEEN')) {
    const low = parseConditionOperand(reader)
    reader.expect('AND')
    const operands = [left, low, parseConditionOperand(reader)]
    return { kind: 'operation', operator: 'BETWEEN', operands, start, end: reader.position }
  }
  return left
}

function parseConditionOperand(reader: TokenReader): Node {
  return parseOperand(reader, conditionFunctions, parseOr)
}
