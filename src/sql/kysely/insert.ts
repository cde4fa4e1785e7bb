import {
  ColumnNode,
  DefaultInsertValueNode,
  type InsertQueryNode,
  type OperationNode,
  PrimitiveValueListNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
} from 'kysely'
import { encryptedColumn, refuseExpression } from '../lookup.ts'
import { wholeKey } from '../row-key.ts'
import type { PendingRow } from '../pending.ts'
import type { AnyTable, EncryptedColumn } from '../table.ts'
import { literalOf, withParts, without } from './nodes.ts'
import { type Use, returned } from './outputs.ts'
import { Placeholder } from './placeholder.ts'
import { refuseInsertWithoutKey, refuseTable } from './refusals.ts'
import type { Rewriter } from './rewriter.ts'
import type { Rewritten } from './select.ts'
import { addTarget, openScope } from './sources.ts'
import { rewriteConflict, rewriteDuplicate } from './upsert.ts'
import { refuseIndexes } from './writes.ts'

export function rewriteInsert(
  rewriter: Rewriter,
  node: InsertQueryNode,
  use: Use,
): Rewritten<InsertQueryNode> {
  const { scope, with: withNode } = openScope(rewriter, node.with)
  return rewriter.within(scope, () => {
    const into = node.into && addTarget(rewriter, node.into)
    const table = scope.sources[0]?.table
    if (table && node.output) throw refuseTable(table, 'OUTPUT')
    const written = table ? writtenBy(rewriter, node, table) : undefined
    const { outputs, returning } = returned(rewriter, node.returning, use)
    const claimed = written
      ? without(node, 'with', 'into', 'returning', 'columns', 'values')
      : without(node, 'with', 'into', 'returning')
    const rest = rewriter.rest.insert(
      without(claimed as InsertQueryNode, 'onConflict', 'onDuplicateKey'),
    )
    return {
      node: withParts<InsertQueryNode>(rest, {
        with: withNode,
        into,
        ...written,
        onConflict:
          node.onConflict && rewriteConflict(rewriter, node.onConflict, table, insertedBy(node)),
        onDuplicateKey:
          node.onDuplicateKey && rewriteDuplicate(rewriter, node.onDuplicateKey, table),
        returning,
      }),
      outputs,
      filters: [],
    }
  })
}

type Written = Pick<InsertQueryNode, 'columns' | 'values'>

/** The columns and values that go into an encrypted table; `undefined` if none of them is encrypted. */
function writtenBy(
  rewriter: Rewriter,
  node: InsertQueryNode,
  table: AnyTable,
): Written | undefined {
  const { columns, values } = node
  if (!values) return undefined
  if (!columns) throw refuseTable(table, 'INSERT without a list of columns')
  const names = namesOf(columns)
  refuseIndexes(table, names)
  const encrypted = names.map((name) => encryptedColumn(table, name))
  const first = encrypted.find((column) => column !== undefined)
  if (!first) return undefined
  if (!ValuesNode.is(values)) throw refuseExpression(table, first.name, 'INSERT')
  const indexed = encrypted.filter((column): column is EncryptedColumn => !!column?.index)
  return {
    columns: [...columns, ...indexed.map(({ index }) => ColumnNode.create(index?.column ?? ''))],
    values: ValuesNode.create(
      rowsOf(node).map((row) => valuesOf(rewriter, table, names, row, indexed)),
    ),
  }
}

function valuesOf(
  rewriter: Rewriter,
  table: AnyTable,
  names: readonly string[],
  row: readonly OperationNode[],
  indexed: readonly EncryptedColumn[],
): ValueListNode | PrimitiveValueListNode {
  const key = keyOf(table, names, row)
  const pending: PendingRow = { table, values: { ...key } }
  const nodes = names.map((name, place) => {
    const node = row[place] ?? DefaultInsertValueNode.create()
    if (!encryptedColumn(table, name)) return rewriter.rewrite(node)
    // The default of the column, which the database has; most often null.
    if (DefaultInsertValueNode.is(node)) return node
    const literal = literalOf(node)
    if (!literal) throw refuseExpression(table, name, 'INSERT')
    const { value } = literal
    if (value === null || value === undefined) return ValueNode.create(null)
    if (!key) throw refuseInsertWithoutKey(table, name)
    pending.values[name] = value
    return ValueNode.create(Placeholder.value(pending, name))
  })
  const indexes = indexed.map(({ name, index }) => {
    if (pending.values[name] !== undefined) {
      return ValueNode.create(Placeholder.value(pending, index?.column ?? ''))
    }
    const value = nodes[names.indexOf(name)]
    return value && DefaultInsertValueNode.is(value) ? value : ValueNode.create(null)
  })
  const all = [...nodes, ...indexes]
  return all.every((one) => ValueNode.is(one) && one.immediate !== true)
    ? PrimitiveValueListNode.create(all.map((one) => literalOf(one)?.value))
    : ValueListNode.create(all)
}

/** The primary key of a row that is inserted, if all of it is there as values. */
export function keyOf(
  table: AnyTable,
  names: readonly string[],
  row: readonly OperationNode[],
): Record<string, unknown> | undefined {
  return wholeKey(table, (name) => {
    const node = row[names.indexOf(name)]
    return node && literalOf(node)?.value
  })
}

/** What is inserted: the names of the columns, and the values of each row. */
export interface Inserted {
  readonly names: readonly string[]
  readonly rows: readonly (readonly OperationNode[])[]
}

function rowsOf({ values }: InsertQueryNode): OperationNode[][] {
  if (!values || !ValuesNode.is(values)) return []
  return values.values.map((item) =>
    PrimitiveValueListNode.is(item)
      ? item.values.map((value) => ValueNode.create(value))
      : [...item.values],
  )
}

function namesOf(columns: readonly ColumnNode[]): string[] {
  return columns.map(({ column }) => column.name)
}

function insertedBy(node: InsertQueryNode): Inserted {
  return { names: namesOf(node.columns ?? []), rows: rowsOf(node) }
}
