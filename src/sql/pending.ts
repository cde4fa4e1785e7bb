import type { FieldCipher } from './field-cipher.ts'
import type { AnyTable } from './table.ts'

/** Values of one row that are to be encrypted together. It has the row's primary key, too. */
export interface PendingRow {
  readonly table: AnyTable
  readonly values: Record<string, unknown>
}

/** What the rows have in the database: those of one table are encrypted in one call. */
export async function encryptPending<Row extends PendingRow>(
  cipher: Pick<FieldCipher, 'encryptRows'>,
  pending: Iterable<Row>,
): Promise<ReadonlyMap<Row, Record<string, unknown>>> {
  const stored = new Map<Row, Record<string, unknown>>()
  for (const [table, rows] of byTable(pending)) {
    const values = rows.map((row) => row.values)
    const encrypted: Record<string, unknown>[] = await cipher.encryptRows(table, values)
    for (const [index, row] of rows.entries()) stored.set(row, encrypted[index] ?? {})
  }
  return stored
}

function byTable<Row extends PendingRow>(pending: Iterable<Row>): ReadonlyMap<AnyTable, Row[]> {
  const tables = new Map<AnyTable, Row[]>()
  for (const row of pending) {
    const rows = tables.get(row.table) ?? []
    tables.set(row.table, rows)
    rows.push(row)
  }
  return tables
}
