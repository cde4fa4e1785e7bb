import type { Node, Operator, Path, PathIndex, PathName } from './syntax.ts'
import type { TokenReader } from './tokens.ts'

/** Words that are never names; DynamoDB wants a placeholder for an attribute which is called so. */
const keywords = new Set(['AND', 'OR', 'NOT', 'IN', 'BETWEEN'])

/** `card`, `#card.number`, `lines[2].price` */
export function parsePath(reader: TokenReader): Path {
  const attribute = parseName(reader)
  const members: (PathName | PathIndex)[] = []
  for (;;) {
    const { start } = reader.peek()
    if (reader.take('.')) members.push(parseName(reader))
    else if (reader.take('[')) members.push(parseIndex(reader, start))
    else break
  }
  return { kind: 'path', attribute, members, start: attribute.start, end: reader.position }
}

function parseName(reader: TokenReader): PathName {
  const { kind, text, start, end } = reader.peek()
  if (kind !== 'name' && (kind !== 'word' || keywords.has(text.toUpperCase()))) {
    reader.fail('the name of an attribute')
  }
  reader.next()
  return { kind: 'name', text, start, end }
}

function parseIndex(reader: TokenReader, start: number): PathIndex {
  if (reader.peek().kind !== 'number') reader.fail('a number')
  const index = Number(reader.next().text)
  reader.expect(']')
  return { kind: 'index', index, start, end: reader.position }
}

/**
 * An operand: a path, a placeholder of a value, a function of operands, or something in parentheses.
 *
 * @param parseInner reads what may be in parentheses and between the commas of a function.
 */
export function parseOperand(
  reader: TokenReader,
  functions: readonly Operator[],
  parseInner: (reader: TokenReader) => Node,
): Node {
  const { kind, text, start, end } = reader.peek()
  if (kind === 'value') {
    reader.next()
    return { kind: 'value', text, start, end }
  }
  if (reader.take('(')) {
    const inner = reader.nested(() => parseInner(reader))
    reader.expect(')')
    return inner
  }
  if (kind !== 'word' || reader.peek(1).text !== '(') return parsePath(reader)
  const operator = functions.find((name) => name === text)
  if (operator === undefined) reader.fail(`one of the functions ${functions.join(', ')}`)
  reader.next()
  const operands = parseList(reader, parseInner)
  return { kind: 'operation', operator, operands, start, end: reader.position }
}

/** `( operand, operand, … )` */
export function parseList(
  reader: TokenReader,
  parseOne: (reader: TokenReader) => Node,
): readonly Node[] {
  reader.expect('(')
  const nodes: Node[] = []
  do nodes.push(reader.nested(() => parseOne(reader)))
  while (reader.take(','))
  reader.expect(')')
  return nodes
}
