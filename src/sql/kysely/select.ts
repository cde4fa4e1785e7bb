import {
  AliasNode,
  type OperationNode,
  type SelectModifierNode,
  type SelectQueryNode,
  type SelectionNode,
  SelectQueryNode as SelectQuery,
} from 'kysely'
import { isExact, refuseInexact, refuseUse } from '../lookup.ts'
import { type Lookup, rewriteEach } from './conditions.ts'
import { literalOf, referenceOf, starOf, withParts, without } from './nodes.ts'
import { Outputs, type Use, refuseAsValue } from './outputs.ts'
import type { Filter } from './results.ts'
import type { Rewriter } from './rewriter.ts'
import { placeOf } from './scope.ts'
import { addJoins, addSource, openScope } from './sources.ts'

/** A query as it is sent, and what it returns. */
export interface Rewritten<Node> {
  readonly node: Node
  readonly outputs: Outputs | undefined
  readonly filters: readonly Filter[]
}

export function rewriteSelect(
  rewriter: Rewriter,
  node: SelectQueryNode,
  use: Use,
): Rewritten<SelectQueryNode> {
  const { scope, with: withNode } = openScope(rewriter, node.with)
  return rewriter.within(scope, () => {
    const from = node.from && {
      ...node.from,
      froms: node.from.froms.map((one) => addSource(rewriter, one)),
    }
    const joins = addJoins(rewriter, node.joins)

    const outputs = use === 'exists' ? undefined : new Outputs(rewriter, node.selections ?? [])
    const lookups: Lookup[] = []
    const where = node.where && {
      ...node.where,
      where: rewriteEach(rewriter, node.where.where, (lookup) => {
        refuseUnfiltered(node, use, lookup)
        lookups.push(lookup)
        return lookup.node
      }),
    }
    const filters = canFilter(node, use) && outputs ? filtersOf(outputs, lookups) : []
    const set = node.setOperations?.map((one) => ({
      ...one,
      expression: rewriter.within(scope.beside(), () => rewriter.rewrite(one.expression)),
    }))

    if (outputs) {
      if (use === 'value') refuseAsValue(outputs)
      refuseTogether(node, outputs)
      scope.results = new Map([...outputs.cells].map(([name, { found }]) => [name, found]))
    }
    const rest = rewriter.rest.select(
      without(node, 'with', 'from', 'joins', 'selections', 'where', 'setOperations'),
    )
    return {
      node: withParts<SelectQueryNode>(rest, {
        with: withNode,
        from,
        joins,
        selections: outputs?.selections ?? withoutOutputs(rewriter, node.selections),
        where,
        setOperations: set,
      }),
      outputs,
      filters,
    }
  })
}

/** EXISTS does not look at what is selected, but expressions in it run all the same. */
function withoutOutputs(
  rewriter: Rewriter,
  selections: readonly SelectionNode[] | undefined,
): readonly SelectionNode[] | undefined {
  return selections?.map((one) => (isSimple(one) ? one : rewriter.rewrite(one)))
}

/** With a short index rows have to be filtered when they are decrypted; then nothing may have counted them before. */
function refuseUnfiltered(node: SelectQueryNode, use: Use, { found }: Lookup): void {
  const { table, column } = found
  if (isExact(column)) return
  const reason = use === 'result' ? counts(node) : 'a subquery'
  if (reason !== undefined) throw refuseInexact(table, column.name, reason)
}

/** Also with an exact index, where it can be: who can write to the database can edit the index. */
function canFilter(node: SelectQueryNode, use: Use): boolean {
  if (use !== 'result' || node.explain) return false
  const what = counts(node)
  return what === undefined || ['LIMIT', 'OFFSET', 'FETCH', 'TOP'].includes(what)
}

function filtersOf(outputs: Outputs, lookups: readonly Lookup[]): Filter[] {
  return lookups.map(({ found, searched }) => ({ cell: outputs.cell(found), searched }))
}

/** What a query does with the number of its rows, or may do. */
function counts(node: SelectQueryNode): string | undefined {
  if (isDistinct(node) || node.distinctOn) return 'DISTINCT'
  if (node.groupBy) return 'GROUP BY'
  if (node.having) return 'HAVING'
  if (node.setOperations) return 'a set operation'
  if (!(node.selections ?? []).every(isColumn)) return 'a function or an expression in SELECT'
  if (node.limit) return 'LIMIT'
  if (node.offset) return 'OFFSET'
  if (node.fetch) return 'FETCH'
  return node.top ? 'TOP' : undefined
}

/** What the keys that are added would change the meaning of. */
function refuseTogether(node: SelectQueryNode, outputs: Outputs): void {
  const [first] = outputs.cells.values()
  if (!first) return
  const { column } = placeOf(first.found)
  const reason = isDistinct(node)
    ? 'DISTINCT'
    : node.groupBy
      ? 'GROUP BY'
      : node.setOperations
        ? 'a set operation'
        : undefined
  if (reason !== undefined) throw refuseUse(first.found.table, column, reason)
}

/** A selection that is sure to be one value a row. */
function isColumn(selection: SelectionNode): boolean {
  return isSimple(selection) || SelectQuery.is(selectedBy(selection))
}

/** A selection that has nothing in it that runs. */
function isSimple(selection: SelectionNode): boolean {
  const node = selectedBy(selection)
  return (
    referenceOf(node) !== undefined || starOf(node) !== undefined || literalOf(node) !== undefined
  )
}

function selectedBy({ selection }: SelectionNode): OperationNode {
  return AliasNode.is(selection) ? selection.node : selection
}

function isDistinct({ frontModifiers = [] }: SelectQueryNode): boolean {
  // A modifier in raw SQL may be anything.
  return frontModifiers.some(
    ({ modifier, rawModifier }: SelectModifierNode) => modifier === 'Distinct' || rawModifier,
  )
}
