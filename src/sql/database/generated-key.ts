import { RefusedQueryError } from '../../errors.ts'
import type { AnyTable } from '../table.ts'
import type { SqlDatabase } from './database.ts'
import type { StoredValues } from './insert.ts'
import { SqlText } from './sql-text.ts'

/** Inserts a row without encrypted columns, and returns the primary key that the database has made. */
export async function insertGenerated(
  database: SqlDatabase,
  table: AnyTable,
  row: StoredValues,
): Promise<StoredValues> {
  const { dialect } = database
  const text = new SqlText(dialect)
  const columns = Object.entries(row)
  const names = columns.map(([column]) => dialect.quoteColumn(column)).join(', ')
  const values = columns.map(([column, value]) => text.value(value, column)).join(', ')
  const keys = Object.keys(table.primaryKey)
  const into = `INSERT INTO ${dialect.quote(table.name)}`
  if (dialect.name === 'postgresql') {
    const returning = keys.map((column) => dialect.quoteColumn(column)).join(', ')
    const what = columns.length === 0 ? 'DEFAULT VALUES' : `(${names}) VALUES (${values})`
    const { rows } = await database.run(text.statement(`${into} ${what} RETURNING ${returning}`))
    return { ...rows[0] }
  }
  const refused = (column: string) =>
    new RefusedQueryError(
      `MySQL returns no key of ${table.name} but an AUTO_INCREMENT: make the key in the application`,
      { table: table.name, ...(column !== '' && { column }) },
    )
  const missing = keys.filter((column) => !Object.hasOwn(row, column))
  const [column = ''] = missing
  if (missing.length !== 1 || table.primaryKey[column] !== 'integer') {
    throw refused(column)
  }
  const { insertId } = await database.run(text.statement(`${into} (${names}) VALUES (${values})`))
  // What it says of a key by a DEFAULT or a trigger. There may be a row 0, which would get the values of this one.
  if (!(Number(insertId ?? 0) > 0)) throw refused(column)
  return {
    ...Object.fromEntries(keys.map((key) => [key, row[key]])),
    [column]: insertId,
  }
}
