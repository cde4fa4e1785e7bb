import { isBytes } from '../../checks.ts'
import type { SqlDialect } from './database.ts'
import type { StoredValues } from './insert.ts'
import { mostValues } from './sql-text.ts'

/** Larger statements are not faster. */
const mostRows = 512
/** MySQL takes packets of 4 or 16 MiB unless it is told to take larger ones. */
const mostBytes = 1024 * 1024
/** Few rows are sent by one statement, whatever their number is. */
const fewRows = 8

/** Rows that one statement can insert: as many as it has room for, all with the same columns. */
export function batchesOf(dialect: SqlDialect, rows: readonly StoredValues[]): StoredValues[][] {
  const batches: StoredValues[][] = []
  let [last, lastColumns, lastBytes]: [StoredValues[], string, number] = [[], '', 0]
  for (const row of rows) {
    const columns = JSON.stringify(Object.keys(row))
    const most = Math.min(mostRows, Math.floor(mostValues / Object.keys(row).length))
    const bytes = bytesOf(row)
    // Not sorted by columns: a row may refer to one before it.
    if (columns !== lastColumns || last.length >= most || lastBytes + bytes > mostBytes) {
      batches.push((last = []))
      ;[lastColumns, lastBytes] = [columns, 0]
    }
    last.push(row)
    lastBytes += bytes
  }
  return dialect.name === 'mysql' ? batches.flatMap(inUsualSizes) : batches
}

/** MySQL keeps a prepared statement for each connection and each number of rows: so they are powers of two. */
function inUsualSizes(rows: StoredValues[]): StoredValues[][] {
  if (rows.length <= fewRows) return [rows]
  const size = 2 ** Math.floor(Math.log2(rows.length))
  return [rows.slice(0, size), ...(size < rows.length ? inUsualSizes(rows.slice(size)) : [])]
}

function bytesOf(row: StoredValues): number {
  let bytes = 0
  for (const value of Object.values(row)) {
    if (typeof value === 'string') bytes += Buffer.byteLength(value)
    else if (isBytes(value)) bytes += value.length
  }
  return bytes
}
