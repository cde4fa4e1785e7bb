import { FieldError } from '../../errors.ts'
import type { FieldCipher } from '../field-cipher.ts'
import type { AnyTable } from '../table.ts'
import type { Plan } from './reading.ts'

type Row = Readonly<Record<string, unknown>>

/**
 * What Prisma has returned, decrypted: a row, rows, or null. Rows that a blind index found and that have other
 * values are left out.
 */
export async function opened(cipher: FieldCipher, plan: Plan, result: unknown): Promise<unknown> {
  const [first] = await openedAll(cipher, plan, [result])
  return first
}

/**
 * Many results of one plan at a time, for example the posts of each user, so that one call decrypts all rows of
 * a table that stand on the same level.
 */
async function openedAll(
  cipher: FieldCipher,
  plan: Plan,
  results: readonly unknown[],
): Promise<unknown[]> {
  const rows = results.flatMap((result) =>
    Array.isArray(result) ? result.filter(isRow) : [result].filter(isRow),
  )
  const plain = await openedRows(cipher, plan, rows)
  const byRow = new Map(rows.map((row, index) => [row, plain[index]]))
  return results.map((result: unknown) => {
    if (!Array.isArray(result)) return isRow(result) ? (byRow.get(result) ?? null) : result
    return result
      .map((row) => (isRow(row) ? byRow.get(row) : (row as unknown)))
      .filter((row) => row !== undefined)
  })
}

/** The rows decrypted; undefined in the place of those that do not match. */
async function openedRows(
  cipher: FieldCipher,
  { table, hidden, matches, children }: Plan,
  rows: readonly Row[],
): Promise<(Row | undefined)[]> {
  const decrypted: Row[] = table
    ? await cipher.decryptRows(table, rows)
    : rows.map((row) => ({ ...row }))
  const found: (Row | undefined)[] = [...decrypted]
  if (table) {
    for (const { column, values } of matches) {
      await leaveOthersOut(cipher, table, column.name, found, values)
    }
  }
  const kept = found.filter((row) => row !== undefined)
  const within = new Map<string, unknown[]>()
  for (const [name, plan] of children) {
    within.set(
      name,
      await openedAll(
        cipher,
        plan,
        kept.map((row) => row[name]),
      ),
    )
  }
  const complete = new Map(
    kept.map((row, index) => {
      const entries = Object.entries(row)
        .filter(([name]) => !hidden.includes(name))
        .map(([name, value]) => {
          const nested = within.get(name)
          return [name, nested ? nested[index] : value]
        })
      return [row, Object.fromEntries(entries) as Row]
    }),
  )
  return found.map((row) => row && complete.get(row))
}

/** Puts undefined in the place of rows that do not have one of the values. */
async function leaveOthersOut(
  cipher: FieldCipher,
  table: AnyTable,
  column: string,
  rows: (Row | undefined)[],
  searched: readonly unknown[],
): Promise<void> {
  if (rows.some((row) => row && row[column] === undefined)) {
    throw new FieldError(
      'ERR_FIELD',
      `${table.name}.${column} is looked up, and did not come back`,
      {
        table: table.name,
        column,
      },
    )
  }
  const values = rows.map((row) => row?.[column])
  const matches = await cipher.areMatches(table, column, values, searched)
  for (const [index, isMatch] of matches.entries()) if (!isMatch) rows[index] = undefined
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null
}
