import {
  ColumnNode,
  type ColumnUpdateNode,
  type OnConflictNode,
  type OnDuplicateKeyNode,
  ReferenceNode,
  TableNode,
} from 'kysely'
import { encryptedColumn, refuseUse } from '../lookup.ts'
import type { PendingRow } from '../pending.ts'
import type { AnyTable, EncryptedColumn } from '../table.ts'
import { type Inserted, keyOf } from './insert.ts'
import { literalOf, referenceOf, withParts, without } from './nodes.ts'
import { refuseConflict } from './refusals.ts'
import type { Rewriter } from './rewriter.ts'
import { rewriteUpdates, setBoth, setPending } from './writes.ts'

/** ON CONFLICT: its encrypted values have to be those of the row that is there, so the key has to be the same. */
export function rewriteConflict(
  rewriter: Rewriter,
  node: OnConflictNode,
  table: AnyTable | undefined,
  inserted: Inserted,
): OnConflictNode {
  const { updates, columns } = node
  const encrypted = columns?.find(({ column }) => table && encryptedColumn(table, column.name))
  if (table && encrypted) {
    // The ciphertext is another one each time, so that it never conflicts.
    const what = 'ON CONFLICT (which can name its blind index column)'
    throw refuseUse(table, encrypted.column.name, what)
  }
  const pending = table && pendingOf(table, inserted)
  const set =
    updates &&
    rewriteUpdates(rewriter, updates, table, 'ON CONFLICT', (column, update) => {
      if (!table) return undefined
      if (!isPrimaryKey(table, node)) throw refuseConflict(table, column.name, 'ON CONFLICT')
      return excluded(column, update) ?? literal(table, column, update, pending)
    })
  const rest = rewriter.rest.conflict(without(node, 'columns', 'updates'))
  return withParts(rest, { columns, updates: set })
}

/** MySQL's upsert acts on a conflict of any unique key, and which it was is not known. */
export function rewriteDuplicate(
  rewriter: Rewriter,
  node: OnDuplicateKeyNode,
  table: AnyTable | undefined,
): OnDuplicateKeyNode {
  const what = 'ON DUPLICATE KEY UPDATE'
  const updates = rewriteUpdates(rewriter, node.updates, table, what, ({ name }) => {
    if (table) throw refuseConflict(table, name, what)
    return undefined
  })
  return { ...node, updates }
}

/** `email = excluded.email`: encrypted for the inserted key, which is the one that is there. */
function excluded(
  column: EncryptedColumn,
  update: ColumnUpdateNode,
): ColumnUpdateNode[] | undefined {
  const reference = referenceOf(update.value)
  if (reference?.name !== column.name) return undefined
  if (reference.table?.identifier.name !== 'excluded' || reference.table.schema) return undefined
  const index = column.index?.column ?? column.name
  return setBoth(column, update, fromExcluded(column.name), fromExcluded(index))
}

function literal(
  table: AnyTable,
  column: EncryptedColumn,
  update: ColumnUpdateNode,
  pending: PendingRow | undefined,
): ColumnUpdateNode[] | undefined {
  const value = literalOf(update.value)
  if (!value) return undefined
  // Of several rows, each would need a value of its own.
  if (!pending) throw refuseConflict(table, column.name, 'ON CONFLICT')
  return setPending(column, update, pending, value.value)
}

function pendingOf(table: AnyTable, { names, rows }: Inserted): PendingRow | undefined {
  const [row, second] = rows
  const key = row && !second ? keyOf(table, names, row) : undefined
  return key && { table, values: key }
}

function isPrimaryKey(table: AnyTable, node: OnConflictNode): boolean {
  if (node.constraint ?? node.indexExpression ?? node.indexWhere) return false
  const target = new Set(node.columns?.map(({ column }) => column.name))
  const key = Object.keys(table.primaryKey)
  return target.size === key.length && key.every((name) => target.has(name))
}

function fromExcluded(name: string): ReferenceNode {
  return ReferenceNode.create(ColumnNode.create(name), TableNode.create('excluded'))
}
