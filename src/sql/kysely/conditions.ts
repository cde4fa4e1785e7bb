import {
  AndNode,
  BinaryOperationNode,
  type OperationNode,
  OperatorNode,
  OrNode,
  ParensNode,
  SelectQueryNode,
  UnaryOperationNode,
  ValueListNode,
  ValueNode,
} from 'kysely'
import { isExact, refuseInexact, refuseUse, refuseWithoutIndex } from '../lookup.ts'
import { RefusedQueryError } from '../../errors.ts'
import { literalOf, literalsOf, referenceOf, sameTable } from './nodes.ts'
import { Placeholder } from './placeholder.ts'
import type { Rewriter } from './rewriter.ts'
import type { Found } from './scope.ts'

/** An equality of an encrypted column, and what it has become. */
export interface Lookup {
  readonly found: Found
  readonly searched: readonly unknown[]
  readonly node: BinaryOperationNode
}

/**
 * A condition on an encrypted column as one on its blind index; `undefined` if it has no rule, so that it is looked
 * into further, which refuses it if there is an encrypted column in it.
 */
export function rewriteCondition(
  rewriter: Rewriter,
  node: BinaryOperationNode,
): BinaryOperationNode | undefined {
  if (isNullTest(rewriter, node)) return node
  const lookup = lookupOf(rewriter, node)
  if (!lookup) return undefined
  const { table, column } = lookup.found
  if (isExact(column)) return lookup.node
  throw refuseInexact(table, column.name, placeOf(rewriter.path))
}

/**
 * The conditions of WHERE that all must hold: `onLookup` is called for each that is an equality of an encrypted column,
 * and says with what it is replaced.
 */
export function rewriteEach(
  rewriter: Rewriter,
  node: OperationNode,
  onLookup: (lookup: Lookup) => OperationNode,
): OperationNode {
  if (AndNode.is(node)) {
    const { left, right } = node
    return AndNode.create(
      rewriteEach(rewriter, left, onLookup),
      rewriteEach(rewriter, right, onLookup),
    )
  }
  if (ParensNode.is(node)) return ParensNode.create(rewriteEach(rewriter, node.node, onLookup))
  const lookup = BinaryOperationNode.is(node) ? lookupOf(rewriter, node) : undefined
  return lookup ? onLookup(lookup) : rewriter.rewrite(node)
}

/** The conditions of WHERE that all must hold, one by one. */
export function conditionsOf(node: OperationNode | undefined): OperationNode[] {
  if (!node) return []
  if (AndNode.is(node)) return [...conditionsOf(node.left), ...conditionsOf(node.right)]
  return ParensNode.is(node) ? conditionsOf(node.node) : [node]
}

function lookupOf(rewriter: Rewriter, node: BinaryOperationNode): Lookup | undefined {
  const found = foundAt(rewriter, node.leftOperand)
  const operator = OperatorNode.is(node.operator) ? node.operator.operator : undefined
  if (!found || !operator || !['=', '==', 'in'].includes(operator)) return undefined
  const searched = searchedBy(node.rightOperand, operator)
  if (!searched) return undefined
  refuseUnindexed(found, searched, operator)
  if (rewriter.definition !== undefined) throw refuseDefinition(found, rewriter.definition)
  const { table, column } = found
  const search = { table, column: column.name, values: searched }
  const values = searched.map((_, position) =>
    ValueNode.create(Placeholder.index(search, position)),
  )
  const [value] = values
  return {
    found,
    searched,
    node: BinaryOperationNode.create(
      sameTable(node.leftOperand, column.index?.column ?? ''),
      node.operator,
      operator === 'in' || !value ? ValueListNode.create(values) : value,
    ),
  }
}

function foundAt(rewriter: Rewriter, node: OperationNode): Found | undefined {
  const reference = referenceOf(node)
  return reference && rewriter.scope.resolve(reference)
}

function searchedBy(node: OperationNode, operator: string): readonly unknown[] | undefined {
  if (operator === 'in') return literalsOf(node)
  const literal = literalOf(node)
  return literal && [literal.value]
}

function refuseUnindexed(found: Found, searched: readonly unknown[], operator: string): void {
  const { table, column } = found
  if (!column.index) throw refuseWithoutIndex(table, column.name)
  // A subquery passes on what it selects; its index is in it.
  if (!found.isDirect) throw refuseOutside(found)
  if (searched.some((value) => value === null || value === undefined)) {
    throw refuseUse(table, column.name, `${operator} with null (say IS NULL)`)
  }
}

function refuseOutside({ table, column }: Found): RefusedQueryError {
  return refuseUse(
    table,
    column.name,
    'a condition outside of the subquery that it comes from (put the condition into it)',
  )
}

function refuseDefinition({ table, column }: Found, what: string): RefusedQueryError {
  return new RefusedQueryError(
    `${what} cannot look for a value of ${table.name}.${column.name}, which is encrypted: the value is a parameter, ` +
      'which no definition has',
    { table: table.name, column: column.name },
  )
}

/** Whether there is a value at all is seen in the ciphertext, too. */
function isNullTest(
  rewriter: Rewriter,
  { leftOperand, operator, rightOperand }: BinaryOperationNode,
) {
  if (!OperatorNode.is(operator) || !['is', 'is not'].includes(operator.operator)) return false
  if (literalOf(rightOperand)?.value !== null) return false
  return foundAt(rewriter, leftOperand) !== undefined
}

/** What it is that a short index would not do for. */
function placeOf(path: readonly OperationNode[]): string {
  for (const node of path.toReversed()) {
    if (OrNode.is(node)) return 'OR'
    if (UnaryOperationNode.is(node)) return 'NOT'
    const place = places[node.kind]
    if (place !== undefined) return place
    if (SelectQueryNode.is(node)) return 'a subquery'
  }
  return 'this condition'
}

const places: Partial<Record<OperationNode['kind'], string>> = {
  OnNode: 'a JOIN condition',
  DeleteQueryNode: 'DELETE',
  UpdateQueryNode: 'UPDATE',
  OnConflictNode: 'ON CONFLICT',
  HavingNode: 'HAVING',
  CaseNode: 'CASE',
  SelectionNode: 'an expression in SELECT',
}
