import { ColumnUpdateNode, ColumnNode, type ReferenceNode, ValueNode } from 'kysely'
import { RefusedQueryError } from '../../errors.ts'
import {
  encryptedColumn,
  indexedColumn,
  ownNames,
  refuseExpression,
  refuseKeyChange,
} from '../lookup.ts'
import type { PendingRow } from '../pending.ts'
import type { AnyTable, EncryptedColumn } from '../table.ts'
import { literalOf, referenceOf, sameTable } from './nodes.ts'
import { Placeholder } from './placeholder.ts'
import { refuseIndexWrite } from './refusals.ts'
import type { Rewriter } from './rewriter.ts'
import { named } from './tables.ts'

/** Blind indexes are computed: one that an application writes would not be that of its value. */
export function refuseIndexes(table: AnyTable, names: readonly string[]): void {
  for (const name of names) {
    const column = indexedColumn(table, name)
    if (column) throw refuseIndexWrite(table, column)
  }
  for (const name of names) refuseOtherCase(table, name)
}

/** MySQL takes `Email` for `email`. */
function refuseOtherCase(table: AnyTable, name: string): void {
  const names = ownNames(table).map((known) => [known, known] as const)
  named(names, name, (column) => ({ table: table.name, column }))
}

/** What an encrypted column is set to: `undefined` if there is no rule for what it is set to. */
export type Setter = (
  column: EncryptedColumn,
  node: ColumnUpdateNode,
) => readonly ColumnUpdateNode[] | undefined

/**
 * The assignments of UPDATE and of upserts. `encrypt` is asked for all but null, which needs no key, and answers with
 * the assignments of the column and of its index.
 */
export function rewriteUpdates(
  rewriter: Rewriter,
  updates: readonly ColumnUpdateNode[],
  table: AnyTable | undefined,
  what: string,
  encrypt: Setter,
): readonly ColumnUpdateNode[] {
  if (!table) return rewriter.rewriteAll(updates)
  return updates.flatMap((update) => {
    const name = referenceOf(update.column)?.name
    if (name === undefined) {
      throw new RefusedQueryError(
        `${what} sets a column of ${table.name} that is an expression, and it cannot be told whether it is encrypted`,
        { table: table.name },
      )
    }
    refuseIndexes(table, [name])
    if (Object.hasOwn(table.primaryKey, name)) throw refuseKeyChange(table, name)
    const column = encryptedColumn(table, name)
    if (!column) return { ...update, value: rewriter.rewrite(update.value) }
    if (isNull(update))
      return setBoth(column, update, ValueNode.create(null), ValueNode.create(null))
    const set = encrypt(column, update)
    if (!set) throw refuseExpression(table, name, what)
    return set
  })
}

/** Assigns a column and its index what is encrypted later, with the other values of its row. */
export function setPending(
  column: EncryptedColumn,
  update: ColumnUpdateNode,
  pending: PendingRow,
  value: unknown,
): ColumnUpdateNode[] {
  pending.values[column.name] = value
  const placeholder = (name: string) => ValueNode.create(Placeholder.value(pending, name))
  const index = placeholder(column.index?.column ?? column.name)
  return setBoth(column, update, placeholder(column.name), index)
}

/** Assigns a column and, if it has one, its index. */
export function setBoth(
  column: EncryptedColumn,
  update: ColumnUpdateNode,
  value: ValueNode | ReferenceNode,
  index: ValueNode | ReferenceNode,
): ColumnUpdateNode[] {
  const set = [ColumnUpdateNode.create(update.column, value)]
  if (!column.index) return set
  const name = column.index.column
  const target = ColumnNode.is(update.column)
    ? ColumnNode.create(name)
    : sameTable(update.column, name)
  return [...set, ColumnUpdateNode.create(target, index)]
}

function isNull({ value }: ColumnUpdateNode): boolean {
  const literal = literalOf(value)
  return literal !== undefined && (literal.value === null || literal.value === undefined)
}
