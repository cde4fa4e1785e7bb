import { Param, Placeholder, SQL, StringChunk, is } from 'drizzle-orm'

/** The parts of an SQL expression, without those that print nothing. */
export function chunksOf(expression: SQL): unknown[] {
  return expression.queryChunks.filter(
    (chunk: unknown) => chunk !== undefined && textOf(chunk) !== '',
  )
}

/** The text of a part that is text; `undefined` for all others. */
export function textOf(chunk: unknown): string | undefined {
  return is(chunk, StringChunk) ? chunk.value.join('') : undefined
}

/** The same expression, decoder and all, with other parts. */
export function withChunks(expression: SQL, queryChunks: unknown[]): SQL {
  return copyWith(expression, { queryChunks })
}

/** A copy of an object of a class, with some of its properties changed. */
export function copyWith<Value extends object>(value: Value, changes: object): Value {
  const copy = Object.create(Object.getPrototypeOf(value) as object) as Value
  return Object.assign(copy, value, changes)
}

/** The literal value of a parameter; `undefined` if it is none or unknown yet. */
export function literal(chunk: unknown): { readonly value: unknown } | undefined {
  if (!is(chunk, Param)) return undefined
  const value: unknown = chunk.value
  const isExpression = is(value, SQL) || is(value, Placeholder)
  return isExpression || value === undefined ? undefined : { value }
}

// Text in which an operator binds less than AND, or which could hide one.
const disjunction = /\b(?:or|xor)\b|\|\||--|\/\*|#|;/i

/**
 * Whether an expression stays one operand when ` and ` is put beside it. Drizzle does not put operands in parentheses,
 * so that `and(sql`a or b`, c)` is not what it looks like.
 */
function isOperand(expression: SQL): boolean {
  const chunks = chunksOf(expression)
  if (isGroup(chunks)) return true
  return chunks.every((chunk) => {
    if (is(chunk, SQL)) return isOperand(chunk)
    if (hasNoParentheses(chunk)) return false
    const text = textOf(chunk)
    return text === undefined || !disjunction.test(text)
  })
}

/** Whether Drizzle prints an object's expression as it is; that of all others it puts in parentheses. */
export function hasNoParentheses(chunk: unknown): boolean {
  const omits: unknown =
    typeof chunk === 'object' && chunk !== null
      ? Reflect.get(chunk, 'shouldOmitSQLParens')
      : undefined
  return typeof omits === 'function' && Reflect.apply(omits, chunk, []) === true
}

/** Whether these are operands of AND, each of which must hold: or one alone, or them in parentheses. */
export function isConjunction(chunks: readonly unknown[]): boolean {
  if (isGroup(chunks)) return true
  return chunks.every((chunk, index) =>
    index % 2 === 0
      ? is(chunk, SQL) && (chunks.length === 1 || isOperand(chunk))
      : textOf(chunk) === ' and ',
  )
}

/** What `and` and `or` return: parentheses around one expression. */
function isGroup(chunks: readonly unknown[]): boolean {
  const [open, inner, close] = chunks
  return chunks.length === 3 && textOf(open) === '(' && is(inner, SQL) && textOf(close) === ')'
}
