import {
  AliasNode,
  ColumnNode,
  IdentifierNode,
  type OperationNode,
  PrimitiveValueListNode,
  RawNode,
  ReferenceNode,
  SelectAllNode,
  SelectionNode,
  type TableNode,
  ValueListNode,
  ValueNode,
} from 'kysely'
import type { ColumnReference, Source } from './scope.ts'

// What the parts of kysely's trees are that several rules read or make.

/** The column that a node is, if it is nothing else. */
export function referenceOf(node: OperationNode): ColumnReference | undefined {
  if (ColumnNode.is(node)) return { name: node.column.name, table: undefined }
  if (!ReferenceNode.is(node) || !ColumnNode.is(node.column)) return undefined
  return { name: node.column.column.name, table: node.table?.table }
}

/** `*` or `table.*`. */
export function starOf(node: OperationNode): { table: TableNode | undefined } | undefined {
  if (SelectAllNode.is(node)) return { table: undefined }
  if (!ReferenceNode.is(node) || !SelectAllNode.is(node.column)) return undefined
  return { table: node.table }
}

/** The value that a node is, if it is a value. */
export function literalOf(node: OperationNode): { value: unknown } | undefined {
  return ValueNode.is(node) ? { value: node.value } : undefined
}

/** The values of a list, if it has nothing else. */
export function literalsOf(node: OperationNode): readonly unknown[] | undefined {
  if (PrimitiveValueListNode.is(node)) return node.values
  if (!ValueListNode.is(node)) return undefined
  const values = node.values.map(literalOf)
  return values.every((one) => one !== undefined) ? values.map(({ value }) => value) : undefined
}

/** The SQL of a node that is raw, with the names that are parameters of it, such as by `sql.id`. */
export function textOf(node: OperationNode): string {
  if (IdentifierNode.is(node)) return `"${node.name}"`
  if (!RawNode.is(node)) return ' '
  const { sqlFragments, parameters } = node
  return sqlFragments
    .map((sql, index) => {
      const parameter = parameters[index]
      return parameter ? sql + textOf(parameter) : sql
    })
    .join('')
}

/** A column of a source, as the source is called in the query. */
export function columnIn(source: Source, name: string): ReferenceNode {
  return ReferenceNode.create(ColumnNode.create(name), source.node)
}

/** The same reference, to another column of what it referred to. */
export function sameTable(node: OperationNode, name: string): OperationNode {
  const column = ColumnNode.create(name)
  return ReferenceNode.is(node) ? ReferenceNode.create(column, node.table) : column
}

export function selectAs(node: ReferenceNode, alias: string): SelectionNode {
  return SelectionNode.create(AliasNode.create(node, IdentifierNode.create(alias)))
}

/** A copy of a node with other parts. */
export function withParts<Node extends OperationNode>(
  node: Node,
  parts: { [Part in keyof Node]?: Node[Part] | undefined },
): Node {
  const present = Object.entries(parts).filter(([, part]) => part !== undefined)
  return Object.freeze({ ...node, ...Object.fromEntries(present) })
}

/** A copy of a node that lacks some of its parts. */
export function without<Node extends OperationNode, Part extends keyof Node>(
  node: Node,
  ...parts: readonly Part[]
): Omit<Node, Part> {
  const names: readonly PropertyKey[] = parts
  return Object.fromEntries(
    Object.entries(node).filter(([name]) => !names.includes(name)),
  ) as unknown as Omit<Node, Part>
}
