import type { EncryptionContext } from '../format/encryption-context.ts'
import type { BoundKey } from './row-key.ts'
import type { AnyTable, EncryptedColumn } from './table.ts'

/**
 * The encryption context of a value: `table`, `column`, and `key.` with the name of each column of the primary key.
 * An AWS SDK that is given these pairs opens the value.
 */
export function binding(
  table: AnyTable,
  column: EncryptedColumn,
  key: BoundKey,
): EncryptionContext {
  const context: Record<string, string> = { table: table.boundAs, column: column.boundAs }
  for (const [name, text] of Object.entries(key)) context[`key.${name}`] = text
  return context
}
