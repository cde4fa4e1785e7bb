import {
  type AggregateFunctionNode,
  type BinaryOperationNode,
  type ColumnNode,
  type DeleteQueryNode,
  type InsertQueryNode,
  type MergeQueryNode,
  type OnConflictNode,
  type OperationNode,
  OperationNodeTransformer,
  OperatorNode,
  type QueryId,
  type RawNode,
  type ReferenceNode,
  type SelectAllNode,
  type SelectModifierNode,
  type SelectQueryNode,
  SelectQueryNode as SelectQuery,
  SelectionNode,
  type TableNode,
  type UnaryOperationNode,
  type UpdateQueryNode,
} from 'kysely'
import { refuseUse } from '../lookup.ts'
import { rewriteCondition } from './conditions.ts'
import { rewriteInsert } from './insert.ts'
import { referenceOf, starOf, textOf } from './nodes.ts'
import { refuseTable, useOf } from './refusals.ts'
import { Scope } from './scope.ts'
import { rewriteSelect } from './select.ts'
import type { Tables } from './tables.ts'
import { rewriteDelete, rewriteUpdate } from './update.ts'

/**
 * Goes through a query. Its methods for columns, tables and `*` refuse what is encrypted: they are reached by whatever
 * no rule has taken out of the tree before, so that a use that nobody thought of is refused and not let through.
 */
export class Rewriter extends OperationNodeTransformer {
  readonly tables: Tables
  readonly definition: string | undefined
  #scope = new Scope(undefined)
  #isRaw = false
  #hidden = 0

  /** `definition` is what a query is the definition of, if it is not run itself: it has no parameters. */
  constructor(tables: Tables, definition?: string) {
    super()
    this.tables = tables
    this.definition = definition
  }

  get scope(): Scope {
    return this.#scope
  }

  /** Where in the query this is, from the outside in. */
  get path(): readonly OperationNode[] {
    return this.nodeStack
  }

  /** Does `work` where these names mean something. */
  within<Result>(scope: Scope, work: () => Result): Result {
    const outer = this.#scope
    this.#scope = scope
    try {
      return work()
    } finally {
      this.#scope = outer
    }
  }

  /** A name for a column that the query was not asked for. */
  hiddenName(): string {
    return `__waxseal_${this.#hidden++}`
  }

  rewrite<Node extends OperationNode | undefined>(node: Node): Node {
    return this.transformNode(node)
  }

  rewriteAll<Node extends OperationNode>(nodes: readonly Node[]): readonly Node[] {
    return this.transformNodeList(nodes)
  }

  /** The SQL around is the application's own: only queries of the builder within it are looked at. */
  rewriteRawQuery(node: RawNode): RawNode {
    this.#isRaw = true
    return super.transformRaw(node)
  }

  protected override transformReference(node: ReferenceNode): ReferenceNode {
    if (starOf(node)) this.#refuseStar(node.table)
    this.#refuseColumn(node)
    return node
  }

  protected override transformColumn(node: ColumnNode): ColumnNode {
    this.#refuseColumn(node)
    return node
  }

  protected override transformSelectAll(node: SelectAllNode): SelectAllNode {
    this.#refuseStar(undefined)
    return node
  }

  protected override transformTable(node: TableNode): TableNode {
    if (this.#isBare()) return node
    const source = this.scope.named(node.table)
    const [carried] = source?.columns.values() ?? []
    const table = carried?.table ?? this.tables.find(node.table)
    if (table) throw refuseTable(table, useOf(this.nodeStack))
    return node
  }

  protected override transformAggregateFunction(
    node: AggregateFunctionNode,
    queryId?: QueryId,
  ): AggregateFunctionNode {
    // count(*) sees no column.
    const isCount = node.func === 'count' && node.aggregated.every(isStar)
    if (!isCount) return super.transformAggregateFunction(node, queryId)
    const rest = super.transformAggregateFunction({ ...node, aggregated: [] }, queryId)
    return { ...rest, aggregated: node.aggregated }
  }

  protected override transformBinaryOperation(
    node: BinaryOperationNode,
    queryId?: QueryId,
  ): BinaryOperationNode {
    return rewriteCondition(this, node) ?? super.transformBinaryOperation(node, queryId)
  }

  protected override transformUnaryOperation(
    node: UnaryOperationNode,
    queryId?: QueryId,
  ): UnaryOperationNode {
    const { operator, operand } = node
    const isExists =
      OperatorNode.is(operator) && ['exists', 'not exists'].includes(operator.operator)
    if (isExists && SelectQuery.is(operand)) {
      return { ...node, operand: rewriteSelect(this, operand, 'exists').node }
    }
    return super.transformUnaryOperation(node, queryId)
  }

  protected override transformRaw(node: RawNode, queryId?: QueryId): RawNode {
    const mentioned = this.scope.mentioned(textOf(node))
    if (mentioned) throw refuseUse(mentioned.table, mentioned.column.name, 'raw SQL')
    return super.transformRaw(node, queryId)
  }

  /** `for update of users` names a table and reads nothing. */
  protected override transformSelectModifier(
    node: SelectModifierNode,
    queryId?: QueryId,
  ): SelectModifierNode {
    if (node.of === undefined) return super.transformSelectModifier(node, queryId)
    return { ...super.transformSelectModifier({ ...node, of: [] }, queryId), of: node.of }
  }

  protected override transformSelectQuery(node: SelectQueryNode): SelectQueryNode {
    return rewriteSelect(this, node, 'value').node
  }

  protected override transformInsertQuery(node: InsertQueryNode): InsertQueryNode {
    return rewriteInsert(this, node, 'value').node
  }

  protected override transformUpdateQuery(node: UpdateQueryNode): UpdateQueryNode {
    return rewriteUpdate(this, node, 'value').node
  }

  protected override transformDeleteQuery(node: DeleteQueryNode): DeleteQueryNode {
    return rewriteDelete(this, node, 'value').node
  }

  protected override transformMergeQuery(node: MergeQueryNode, queryId?: QueryId): MergeQueryNode {
    const isRaw = this.#isRaw
    this.#isRaw = false
    try {
      return super.transformMergeQuery(node, queryId)
    } finally {
      this.#isRaw = isRaw
    }
  }

  /** The clauses of a statement that no rule is for: kysely's own methods, which see every part of them. */
  readonly rest = {
    select: (node: SelectQueryNode): SelectQueryNode => super.transformSelectQuery(node),
    insert: (node: InsertQueryNode): InsertQueryNode => super.transformInsertQuery(node),
    update: (node: UpdateQueryNode): UpdateQueryNode => super.transformUpdateQuery(node),
    delete: (node: DeleteQueryNode): DeleteQueryNode => super.transformDeleteQuery(node),
    conflict: (node: OnConflictNode): OnConflictNode => super.transformOnConflict(node),
  }

  #refuseColumn(node: ColumnNode | ReferenceNode): void {
    const reference = referenceOf(node)
    if (!reference) return
    const found = this.scope.resolve(reference) ?? this.scope.result(reference)
    if (found) throw refuseUse(found.table, found.column.name, useOf(this.nodeStack))
  }

  #refuseStar(table: TableNode | undefined): void {
    const source = table && this.scope.named(table.table)
    for (const one of table ? [source] : this.scope.sources) {
      const [carried] = one?.columns.values() ?? []
      if (carried) throw refuseTable(carried.table, useOf(this.nodeStack))
    }
  }

  /** Whether this is in SQL of the application's own, outside of all queries of the builder. */
  #isBare(): boolean {
    return this.#isRaw && this.scope.sources.length === 0
  }
}

function isStar(node: OperationNode): boolean {
  return starOf(SelectionNode.is(node) ? node.selection : node) !== undefined
}
