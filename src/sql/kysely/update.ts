import {
  BinaryOperationNode,
  type ColumnUpdateNode,
  type DeleteQueryNode,
  ListNode,
  OperatorNode,
  type OperationNode,
  type UpdateQueryNode,
} from 'kysely'
import { RefusedQueryError } from '../../errors.ts'
import { ownNames, refuseWithoutKey } from '../lookup.ts'
import type { PendingRow } from '../pending.ts'
import { wholeKey } from '../row-key.ts'
import type { AnyTable } from '../table.ts'
import { conditionsOf } from './conditions.ts'
import { literalOf, referenceOf, withParts, without } from './nodes.ts'
import { type Use, returned } from './outputs.ts'
import { refuseTable } from './refusals.ts'
import type { Rewriter } from './rewriter.ts'
import type { Scope, Source } from './scope.ts'
import type { Rewritten } from './select.ts'
import { addJoins, addSource, addTarget, openScope } from './sources.ts'
import { rewriteUpdates, setPending } from './writes.ts'

export function rewriteUpdate(
  rewriter: Rewriter,
  node: UpdateQueryNode,
  use: Use,
): Rewritten<UpdateQueryNode> {
  const { scope, with: withNode } = openScope(rewriter, node.with)
  return rewriter.within(scope, () => {
    const table = node.table && addTarget(rewriter, node.table)
    refuseSeveral(scope, node.table)
    const target = scope.sources[0]
    if (target?.table && node.output) throw refuseTable(target.table, 'OUTPUT')
    const from = node.from && {
      ...node.from,
      froms: node.from.froms.map((one) => addSource(rewriter, one)),
    }
    const joins = addJoins(rewriter, node.joins)
    const updates = node.updates && updatesOf(rewriter, node, target, node.updates)
    const { outputs, returning } = returned(rewriter, node.returning, use)
    const rest = rewriter.rest.update(
      without(node, 'with', 'table', 'from', 'joins', 'updates', 'returning'),
    )
    return {
      node: withParts<UpdateQueryNode>(rest, {
        with: withNode,
        table,
        from,
        joins,
        updates,
        returning,
      }),
      outputs,
      filters: [],
    }
  })
}

export function rewriteDelete(
  rewriter: Rewriter,
  node: DeleteQueryNode,
  use: Use,
): Rewritten<DeleteQueryNode> {
  const { scope, with: withNode } = openScope(rewriter, node.with)
  return rewriter.within(scope, () => {
    const from = { ...node.from, froms: node.from.froms.map((one) => addTarget(rewriter, one)) }
    const table = scope.sources.find((source) => source.table)?.table
    if (table && node.output) throw refuseTable(table, 'OUTPUT')
    const using = node.using && {
      ...node.using,
      tables: node.using.tables.map((one) => addSource(rewriter, one)),
    }
    const joins = addJoins(rewriter, node.joins)
    const { outputs, returning } = returned(rewriter, node.returning, use)
    const rest = rewriter.rest.delete({
      ...without(node, 'with', 'using', 'joins', 'returning'),
      from: { ...node.from, froms: [] },
    })
    return {
      node: withParts<DeleteQueryNode>(rest, {
        with: withNode,
        from,
        using,
        joins,
        returning,
      }),
      outputs,
      filters: [],
    }
  })
}

function updatesOf(
  rewriter: Rewriter,
  node: UpdateQueryNode,
  target: Source | undefined,
  updates: readonly ColumnUpdateNode[],
): readonly ColumnUpdateNode[] {
  refuseJoined(rewriter.scope, target, updates)
  const table = target?.table
  if (!table) return rewriter.rewriteAll(updates)
  const key = keyIn(rewriter.scope, target, table, node.where?.where)
  const pending: PendingRow | undefined = key && { table, values: key }
  return rewriteUpdates(rewriter, updates, table, 'UPDATE', (column, update) => {
    const literal = literalOf(update.value)
    if (!literal) return undefined
    if (!pending) throw refuseWithoutKey(table, column.name, 'UPDATE')
    return setPending(column, update, pending, literal.value)
  })
}

/** The primary key of the one row that WHERE leaves, if it does. */
function keyIn(
  scope: Scope,
  target: Source,
  table: AnyTable,
  where: OperationNode | undefined,
): Record<string, unknown> | undefined {
  const fixed = new Map<string, unknown>()
  for (const node of conditionsOf(where)) {
    if (!BinaryOperationNode.is(node) || !OperatorNode.is(node.operator)) continue
    if (node.operator.operator !== '=') continue
    const reference = referenceOf(node.leftOperand)
    const value = literalOf(node.rightOperand)?.value
    if (!reference || value === null || value === undefined) continue
    // With several tables, one without a table may be of another.
    const source = reference.table
      ? scope.named(reference.table)
      : scope.sources.length === 1
        ? target
        : undefined
    if (source === target) fixed.set(reference.name, value)
  }
  return wholeKey(table, (name) => fixed.get(name))
}

/** MySQL can update several tables at once. */
function refuseSeveral(scope: Scope, node: OperationNode | undefined): void {
  if (!node || !ListNode.is(node)) return
  const table = scope.sources.find((source) => source.table)?.table
  if (table) throw refuseTable(table, 'an UPDATE of several tables')
}

/** MySQL can set columns of joined tables, also without a word of which table they are of. */
function refuseJoined(
  scope: Scope,
  target: Source | undefined,
  updates: readonly ColumnUpdateNode[],
): void {
  for (const { table, alias } of scope.sources.filter((source) => source !== target)) {
    if (!table) continue
    for (const { column } of updates) {
      const reference = referenceOf(column)
      const isOfTarget = reference?.table && scope.named(reference.table) === target
      if (!reference || isOfTarget) continue
      if (!reference.table && !ownNames(table).includes(reference.name)) continue
      if (reference.table && reference.table.identifier.name !== alias) continue
      throw new RefusedQueryError(
        `UPDATE sets ${reference.name} through a join, which ${table.name} has: update ${table.name} itself, or ` +
          'write before the column the table that is updated',
        { table: table.name, column: reference.name },
      )
    }
  }
}
