/** Where a piece stands in its expression: from `start` up to, and not including, `end`. */
interface Span {
  readonly start: number
  readonly end: number
}

/** A name in a document path as it is written: `card`, or a placeholder, `#card`. */
export interface PathName extends Span {
  readonly kind: 'name'
  readonly text: string
}

/** An element of a list in a document path: `[0]`. */
export interface PathIndex extends Span {
  readonly kind: 'index'
  readonly index: number
}

/** A document path: `card`, `#card.number`, `lines[2].price`. */
export interface Path extends Span {
  readonly kind: 'path'
  /** The attribute. */
  readonly attribute: PathName
  /** What of it, from the outside in; none for all of it. */
  readonly members: readonly (PathName | PathIndex)[]
}

/** A placeholder of a value: `:limit`. */
interface ValuePlaceholder extends Span {
  readonly kind: 'value'
  readonly text: string
}

export type Comparator = '=' | '<>' | '<' | '<=' | '>' | '>='
type Keyword = 'AND' | 'OR' | 'NOT' | 'IN' | 'BETWEEN'
export type UpdateKeyword = 'SET' | 'REMOVE' | 'ADD' | 'DELETE'
type ConditionFunction = (typeof conditionFunctions)[number]
type UpdateFunction = (typeof updateFunctions)[number]
export type Operator = Comparator | Keyword | ConditionFunction | UpdateFunction | '+' | '-'

/** An operator or a function and what it is applied to, in the order of the text. */
interface Operation extends Span {
  readonly kind: 'operation'
  readonly operator: Operator
  /** Of `AND` and `OR`, all that are in a row; of `IN` and `BETWEEN`, what is tested comes first. */
  readonly operands: readonly Node[]
}

/** A piece of a condition, or of a value in an update. */
export type Node = Path | ValuePlaceholder | Operation

/** One change of an UpdateExpression: `SET path = value`, `REMOVE path`, `ADD path :value`. */
export interface UpdateAction extends Span {
  readonly keyword: UpdateKeyword
  readonly path: Path
  /** None of `REMOVE`. */
  readonly value: Node | undefined
}

/** The functions of conditions, filters and key conditions; DynamoDB knows them in lower case alone. */
export const conditionFunctions = [
  'attribute_exists',
  'attribute_not_exists',
  'attribute_type',
  'begins_with',
  'contains',
  'size',
] as const

/** The functions of updates. */
export const updateFunctions = ['if_not_exists', 'list_append'] as const

/**
 * An expression is none that this library can read. The message has no text of the expression, since
 * somebody may have put a value where its placeholder should be.
 */
export class ExpressionSyntaxError extends Error {
  override name = 'ExpressionSyntaxError'
}
