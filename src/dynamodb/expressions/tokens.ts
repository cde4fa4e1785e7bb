import { ExpressionSyntaxError } from './syntax.ts'

/** A piece of an expression that cannot be divided. */
export interface Token {
  /** `name`, a placeholder of one; `value`, a placeholder of one; a symbol stands for itself. */
  readonly kind: 'word' | 'number' | 'name' | 'value' | 'symbol' | 'end'
  readonly text: string
  readonly start: number
  readonly end: number
}

/** DynamoDB's own limit is 4 KB; all that can be in an expression is one byte a character. */
export const maxExpressionLength = 4096

/** DynamoDB takes 300 operators. Without a limit, a text of parentheses would overflow the stack. */
const maxDepth = 300

const whitespace = /[ \t\r\n]*/y
const patterns = [
  ['number', /\d+(?!\w)/y],
  ['word', /\w+/y],
  ['name', /#\w+/y],
  ['value', /:\w+/y],
  ['symbol', /<=|>=|<>|[=<>()[\].,+-]/y],
] as const

/** The tokens of an expression. */
function tokenize(expression: string): Token[] {
  if (expression.length > maxExpressionLength) {
    throw new ExpressionSyntaxError(
      `it is longer than ${maxExpressionLength} characters, which DynamoDB does not take either`,
    )
  }
  const tokens: Token[] = []
  let position = skipWhitespace(expression, 0)
  while (position < expression.length) {
    const token = tokenAt(expression, position)
    tokens.push(token)
    position = skipWhitespace(expression, token.end)
  }
  return tokens
}

function skipWhitespace(expression: string, position: number): number {
  whitespace.lastIndex = position
  whitespace.test(expression)
  return whitespace.lastIndex
}

function tokenAt(expression: string, start: number): Token {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = start
    const text = pattern.exec(expression)?.[0]
    if (text !== undefined) return { kind, text, start, end: start + text.length }
  }
  throw new ExpressionSyntaxError(
    `it has a character at position ${start + 1} that no expression can have`,
  )
}

/** The placeholders of names that an expression has. */
export function namePlaceholders(expression: string): string[] {
  return tokenize(expression)
    .filter(({ kind }) => kind === 'name')
    .map(({ text }) => text)
}

/** Goes through the tokens of an expression, once. */
export class TokenReader {
  readonly #tokens: readonly Token[]
  readonly #end: Token
  #position = 0
  #depth = 0

  constructor(expression: string) {
    this.#tokens = tokenize(expression)
    this.#end = { kind: 'end', text: '', start: expression.length, end: expression.length }
  }

  /** The token that comes `ahead` tokens after the next one. */
  peek(ahead = 0): Token {
    return this.#tokens[this.#position + ahead] ?? this.#end
  }

  next(): Token {
    const token = this.peek()
    this.#position += 1
    return token
  }

  /** Where the token ends that was read last. */
  get position(): number {
    return this.#tokens[this.#position - 1]?.end ?? 0
  }

  /** Whether the next token is this symbol or, in whatever case, this word. */
  isNext(text: string): boolean {
    return this.peek().text.toUpperCase() === text
  }

  /** Reads the next token if it is this symbol or word. */
  take(text: string): boolean {
    const isNext = this.isNext(text)
    if (isNext) this.next()
    return isNext
  }

  expect(text: string): void {
    if (!this.take(text)) this.fail(text)
  }

  expectEnd(): void {
    if (this.peek().kind !== 'end') this.fail('its end')
  }

  /** Reads something that may hold more of its kind. */
  nested<Result>(read: () => Result): Result {
    this.#depth += 1
    if (this.#depth > maxDepth) {
      throw new ExpressionSyntaxError(`it is nested more than ${maxDepth} deep`)
    }
    const result = read()
    this.#depth -= 1
    return result
  }

  /** What should be here is not. */
  fail(expected: string): never {
    throw new ExpressionSyntaxError(
      `at position ${this.peek().start + 1}, ${expected} was expected`,
    )
  }
}
