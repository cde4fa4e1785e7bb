import {
  AddColumnNode,
  AlterColumnNode,
  AlterTableNode,
  type ColumnDefinitionNode,
  type ColumnNode,
  CreateIndexNode,
  CreateTableNode,
  CreateViewNode,
  ModifyColumnNode,
  type OperationNode,
  type RootOperationNode,
  type TableNode,
} from 'kysely'
import { RefusedQueryError } from '../../errors.ts'
import { encryptedColumn } from '../lookup.ts'
import { literalOf, withParts } from './nodes.ts'
import { Rewriter } from './rewriter.ts'
import { addSource } from './sources.ts'
import type { Tables } from './tables.ts'

/** A statement of the schema: queries and values in it are looked at, too. */
export function rewriteSchema(tables: Tables, node: RootOperationNode): RootOperationNode {
  // What is kept as a definition has no parameters.
  if (CreateViewNode.is(node)) {
    return withParts(node, { as: new Rewriter(tables, 'a view').rewrite(node.as) })
  }
  if (CreateIndexNode.is(node)) return rewriteIndex(new Rewriter(tables, 'an index'), node)
  if (CreateTableNode.is(node)) {
    for (const column of node.columns) refuseDefinition(tables, node.table, column)
    return withParts(node, { selectQuery: new Rewriter(tables).rewrite(node.selectQuery) })
  }
  if (AlterTableNode.is(node)) refuseAlterations(tables, node)
  return node
}

function rewriteIndex(rewriter: Rewriter, node: CreateIndexNode): CreateIndexNode {
  if (!node.table) return node
  addSource(rewriter, node.table)
  return withParts(node, { where: rewriter.rewrite(node.where) })
}

function refuseAlterations(tables: Tables, { table, columnAlterations = [] }: AlterTableNode) {
  for (const one of columnAlterations) {
    if (AddColumnNode.is(one) || ModifyColumnNode.is(one)) {
      refuseDefinition(tables, table, one.column)
    }
    if (AlterColumnNode.is(one)) refuseDefault(tables, table, one.column, one.setDefault)
  }
}

function refuseDefinition(tables: Tables, table: TableNode, definition: ColumnDefinitionNode) {
  const { column, defaultTo, generated } = definition
  refuseDefault(tables, table, column, defaultTo?.defaultValue)
  refuseDefault(tables, table, column, generated?.expression)
}

/** The database would store it as it is, and in the schema. */
function refuseDefault(
  tables: Tables,
  { table: name }: TableNode,
  { column: { name: columnName } }: ColumnNode,
  value: OperationNode | undefined,
) {
  const table = tables.find(name)
  if (!value || literalOf(value)?.value === null) return
  if (!table || !encryptedColumn(table, columnName)) return
  throw new RefusedQueryError(
    `${table.name}.${columnName} is encrypted for one row, and the database cannot encrypt: the column can have no ` +
      'default but null, and cannot be generated',
    { table: table.name, column: columnName },
  )
}
