import {
  AliasNode,
  type CommonTableExpressionNode,
  DeleteQueryNode,
  IdentifierNode,
  InsertQueryNode,
  type JoinNode,
  ListNode,
  type OperationNode,
  RawNode,
  SelectQueryNode,
  TableNode,
  UpdateQueryNode,
  type WithNode,
} from 'kysely'
import { RefusedQueryError } from '../../errors.ts'
import type { AnyTable } from '../table.ts'
import { rewriteInsert } from './insert.ts'
import { textOf, withParts } from './nodes.ts'
import type { Outputs } from './outputs.ts'
import { refuseTable } from './refusals.ts'
import type { Rewriter } from './rewriter.ts'
import { type Carried, Scope, type Source } from './scope.ts'
import { rewriteSelect } from './select.ts'
import { rewriteDelete, rewriteUpdate } from './update.ts'

/** Opens the names of a statement: what its WITH offers, within those of the statement around it. */
export function openScope(
  rewriter: Rewriter,
  node: WithNode | undefined,
): { scope: Scope; with: WithNode | undefined } {
  const scope = new Scope(rewriter.scope)
  if (!node) return { scope, with: undefined }
  if (node.recursive) {
    // Each is seen by all of them; what it has is known once it was looked into.
    for (const { name } of node.expressions) scope.commonTables.set(nameOf(name), 'later')
  }
  const expressions = node.expressions.map((one) => rewriteCommonTable(rewriter, scope, one, node))
  return { scope, with: withParts(node, { expressions }) }
}

function rewriteCommonTable(
  rewriter: Rewriter,
  scope: Scope,
  node: CommonTableExpressionNode,
  { recursive = false }: WithNode,
): CommonTableExpressionNode {
  const name = nameOf(node.name)
  const inner = new Scope(scope.parent, scope.commonTables)
  // Itself, which has no encrypted columns: it would be a UNION of them, and that is refused.
  if (recursive) {
    inner.commonTables.set(name, { columns: new Map(), hidden: new Set(), mayRepeat: false })
  }
  const { node: expression, outputs } = rewriter.within(inner, () =>
    rewriteRows(rewriter, node.expression),
  )
  const columns = carriedBy(outputs)
  const [carried] = columns.values()
  // The names of its columns go by their places, which `*` does not tell.
  if (carried && node.name.columns) throw refuseTable(carried.table, `a list of columns of ${name}`)
  scope.commonTables.set(name, { columns, ...restOf(outputs) })
  return withParts(node, { expression })
}

/** What stands behind UPDATE, INSERT INTO, DELETE FROM: a table, also where a common table has its name. */
export function addTarget<Node extends OperationNode>(rewriter: Rewriter, node: Node): Node {
  for (const target of ListNode.is(node) ? node.items : [node]) refuseHidden(rewriter, target)
  return addSource(rewriter, node)
}

/** What stands in FROM. */
export function addSource<Node extends OperationNode>(rewriter: Rewriter, node: Node): Node {
  if (ListNode.is(node)) {
    return withParts<ListNode>(node, {
      items: node.items.map((item) => addSource(rewriter, item)),
    }) as OperationNode as Node
  }
  const scope = rewriter.scope
  const { node: rewritten, source } = sourceOf(rewriter, node, scope.beside())
  scope.sources.push(source)
  return rewritten
}

/** What stands in JOINs. Their conditions are rewritten when all sources are known. */
export function addJoins(
  rewriter: Rewriter,
  joins: readonly JoinNode[] | undefined,
): readonly JoinNode[] | undefined {
  const joined = joins?.map((join) => addJoin(rewriter, join))
  return joined?.map((join) => withParts(join, { on: rewriter.rewrite(join.on) }))
}

function addJoin(rewriter: Rewriter, node: JoinNode): JoinNode {
  const scope = rewriter.scope
  const isLateral = /^Lateral|Apply$/.test(node.joinType)
  const inner = isLateral ? new Scope(scope) : scope.beside()
  const { node: table, source } = sourceOf(rewriter, node.table, inner)
  scope.sources.push(source)
  return withParts(node, { table })
}

function sourceOf<Node extends OperationNode>(
  rewriter: Rewriter,
  node: Node,
  inner: Scope,
): { node: Node; source: Source } {
  if (TableNode.is(node)) return { node, source: tableSource(rewriter, node, undefined) }
  if (!AliasNode.is(node)) {
    refuseRawTable(rewriter, node)
    return { node: rewriter.rewrite(node), source: plain(undefined) }
  }
  const alias = IdentifierNode.is(node.alias) ? node.alias.name : undefined
  if (TableNode.is(node.node)) return { node, source: tableSource(rewriter, node.node, alias) }
  const { node: rows, outputs } = rewriter.within(inner, () => rewriteRows(rewriter, node.node))
  const columns = carriedBy(outputs)
  const [carried] = columns.values()
  if (carried && alias === undefined) {
    throw refuseTable(carried.table, 'an alias of a subquery in raw SQL')
  }
  return {
    node: withParts<AliasNode>(node, { node: rows }) as OperationNode as Node,
    source: { ...plain(alias), columns, ...restOf(outputs) },
  }
}

/**
 * `with users as (…) update users` writes to the table: taken for the common table, it would have no encrypted columns.
 * On SQL Server, where a common table can be written to, it would.
 */
function refuseHidden(rewriter: Rewriter, target: OperationNode): void {
  const node = AliasNode.is(target) ? target.node : target
  if (!TableNode.is(node)) return
  const { name } = node.table.identifier
  const table = rewriter.scope.commonTables.has(name) ? rewriter.tables.find(node.table) : undefined
  if (!table) return
  throw new RefusedQueryError(
    `${name} is the name of a common table and of a table that is written, which has encrypted columns: give the ` +
      'common table another name',
    { table: table.name },
  )
}

function tableSource(rewriter: Rewriter, node: TableNode, alias: string | undefined): Source {
  const { schema, identifier } = node.table
  const base: Source = {
    ...plain(alias ?? identifier.name),
    schema: alias === undefined ? schema?.name : undefined,
    node: alias === undefined ? node : TableNode.create(alias),
  }
  const common = schema ? undefined : rewriter.scope.commonTables.get(identifier.name)
  if (common === 'later') {
    throw new RefusedQueryError(
      `${identifier.name} is used before it is defined in WITH RECURSIVE: put its definition first`,
      { table: identifier.name },
    )
  }
  if (common) return { ...base, ...common }
  const table = rewriter.tables.find(node.table)
  return table ? { ...base, table, columns: columnsOf(table), hidden: indexesOf(table) } : base
}

/** A query in the place of a table; what it is else has no encrypted columns, or is refused. */
function rewriteRows(
  rewriter: Rewriter,
  node: OperationNode,
): { node: OperationNode; outputs: Outputs | undefined } {
  if (SelectQueryNode.is(node)) return rewriteSelect(rewriter, node, 'source')
  if (InsertQueryNode.is(node)) return rewriteInsert(rewriter, node, 'source')
  if (UpdateQueryNode.is(node)) return rewriteUpdate(rewriter, node, 'source')
  if (DeleteQueryNode.is(node)) return rewriteDelete(rewriter, node, 'source')
  refuseRawTable(rewriter, node)
  return { node: rewriter.rewrite(node), outputs: undefined }
}

/** Raw SQL in the place of a table would have its columns taken for plain ones. */
function refuseRawTable(rewriter: Rewriter, node: OperationNode): void {
  const table = RawNode.is(node) ? rewriter.tables.mentioned(textOf(node)) : undefined
  if (table) throw refuseTable(table, 'raw SQL in the place of a table')
}

function carriedBy(outputs: Outputs | undefined): ReadonlyMap<string, Carried> {
  const columns = new Map<string, Carried>()
  for (const [name, { found, keys }] of outputs?.cells ?? []) {
    if (outputs?.hidden.has(name)) continue
    columns.set(name, { table: found.table, column: found.column, keys, isDirect: false })
  }
  return columns
}

function restOf(outputs: Outputs | undefined): Pick<Source, 'hidden' | 'mayRepeat'> {
  return { hidden: outputs?.hidden ?? new Set(), mayRepeat: outputs?.mayRepeat ?? false }
}

function columnsOf(table: AnyTable): ReadonlyMap<string, Carried> {
  const keys = new Map(Object.keys(table.primaryKey).map((name) => [name, name]))
  return new Map(
    Object.values(table.columns).map((column) => [
      column.name,
      { table, column, keys, isDirect: true },
    ]),
  )
}

function indexesOf(table: AnyTable): ReadonlySet<string> {
  return new Set(Object.values(table.columns).flatMap(({ index }) => index?.column ?? []))
}

function nameOf(node: CommonTableExpressionNode['name']): string {
  return node.table.table.identifier.name
}

function plain(alias: string | undefined): Source {
  return {
    alias,
    node: undefined,
    schema: undefined,
    table: undefined,
    columns: new Map(),
    hidden: new Set(),
    mayRepeat: false,
  }
}
