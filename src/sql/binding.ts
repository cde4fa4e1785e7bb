import { show } from '../checks.ts'
import { EnvelopeError } from '../errors.ts'
import { type EncryptionContext, reservedPrefix } from '../format/encryption-context.ts'
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

/**
 * Refuses a message with pairs besides those of a value. Messages of the same keyring for other purposes have them,
 * and who could choose the rest of their contexts would otherwise have them pass for values. What the format reserves
 * for itself, as the key of a signature, may be there.
 */
export function checkNoOtherPairs(
  code: 'ERR_ENCRYPTION_CONTEXT' | 'ERR_ENCRYPTION_CONTEXT_MISMATCH',
  context: EncryptionContext,
  bound: EncryptionContext,
): void {
  const other = Object.keys(context).find(
    (key) => !Object.hasOwn(bound, key) && !key.startsWith(reservedPrefix),
  )
  if (other === undefined) return
  throw new EnvelopeError(
    code,
    `The encryption context of a value is its table, column and primary key; this one has ${show(other)} as well`,
  )
}
