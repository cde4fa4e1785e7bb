import { InvalidArgumentError, RefusedQueryError } from '../../errors.ts'
import type { AnyTable } from '../table.ts'
import type { SqlDatabase, SqlDialect, Statement } from './database.ts'
import { SqlText, exactText, mostValues } from './sql-text.ts'

/** What is done with a row whose primary key is there already. */
export type OnConflict = 'update' | 'nothing'

/** A row as it goes to the database: what is not set is not in it. */
export type StoredValues = Readonly<Record<string, unknown>>

/** Inserts the rows of one batch. */
export async function insertBatch(
  database: SqlDatabase,
  table: AnyTable,
  rows: readonly StoredValues[],
  onConflict: OnConflict | undefined,
): Promise<void> {
  await database.run(insertStatement(database.dialect, table, rows, onConflict))
  if (onConflict === 'update' && database.dialect.name === 'mysql') {
    await checkAllThere(database, table, rows)
  }
}

function insertStatement(
  dialect: SqlDialect,
  table: AnyTable,
  rows: readonly StoredValues[],
  onConflict: OnConflict | undefined,
): Statement {
  const text = new SqlText(dialect)
  const columns = Object.keys(rows[0] ?? {})
  const values = rows.map(
    (row) => `(${columns.map((column) => text.value(row[column], column)).join(', ')})`,
  )
  const names = columns.map((column) => dialect.quoteColumn(column)).join(', ')
  return text.statement(
    `INSERT INTO ${dialect.quote(table.name)} (${names}) VALUES ${values.join(', ')}` +
      (onConflict ? conflictClauses[dialect.name](dialect, table, columns, onConflict) : ''),
  )
}

type ConflictClause = (
  dialect: SqlDialect,
  table: AnyTable,
  columns: readonly string[],
  onConflict: OnConflict,
) => string

const conflictClauses: Readonly<Record<SqlDialect['name'], ConflictClause>> = {
  postgresql(dialect, table, columns, onConflict) {
    const key = Object.keys(table.primaryKey).map((column) => dialect.quoteColumn(column))
    const changed = columns.filter((column) => !Object.hasOwn(table.primaryKey, column))
    const target = ` ON CONFLICT (${key.join(', ')}) DO `
    if (onConflict === 'nothing' || changed.length === 0) return `${target}NOTHING`
    const changes = changed.map((column) => {
      const name = dialect.quoteColumn(column)
      return `${name} = EXCLUDED.${name}`
    })
    return `${target}UPDATE SET ${changes.join(', ')}`
  },

  /** It acts on any unique key, so each change asks whether the row that is there has the key of the new one. */
  mysql(dialect, table, columns, onConflict) {
    const keys = Object.entries(table.primaryKey)
    const changed = columns.filter((column) => !Object.hasOwn(table.primaryKey, column))
    const isSame = keys.map(([column, type]) => {
      const name = dialect.quoteColumn(column)
      const [there, inserted] = [name, `VALUES(${name})`]
      return type === 'string'
        ? `${exactText(there)} = ${exactText(inserted)}`
        : `${there} = ${inserted}`
    })
    const kept = keys.slice(0, 1).map(([column]) => dialect.quoteColumn(column))
    const changes =
      onConflict === 'nothing' || changed.length === 0
        ? kept.map((name) => `${name} = ${name}`)
        : changed.map((column) => {
            const name = dialect.quoteColumn(column)
            return `${name} = IF(${isSame.join(' AND ')}, VALUES(${name}), ${name})`
          })
    return ` ON DUPLICATE KEY UPDATE ${changes.join(', ')}`
  },
}

/**
 * MySQL acts on whichever unique key it finds first. Of the PRIMARY KEY it is known that it is the first; by another
 * one a row would be left as it is, and be counted as changed.
 *
 * @throws RefusedQueryError if the key of the definition is not the table's PRIMARY KEY.
 */
export async function checkPrimaryKey(database: SqlDatabase, table: AnyTable): Promise<void> {
  if (database.dialect.name !== 'mysql') return
  const { rows } = await database.run({
    text: `SHOW KEYS FROM ${database.dialect.quote(table.name)} WHERE Key_name = 'PRIMARY'`,
  })
  const found = rows.map((row) => String(row['Column_name']).toLowerCase())
  const wanted = Object.keys(table.primaryKey).map((column) => column.toLowerCase())
  if (found.length === wanted.length && wanted.every((column) => found.includes(column))) return
  throw new RefusedQueryError(
    `onConflict: 'update' needs a table whose PRIMARY KEY is that of its definition, and that of ${table.name} ` +
      `is not (${wanted.join(', ')})`,
    { table: table.name },
  )
}

/** A row that was not inserted, since another one has a unique value of it, has not been changed either. */
async function checkAllThere(
  database: SqlDatabase,
  table: AnyTable,
  rows: readonly StoredValues[],
): Promise<void> {
  const { dialect } = database
  // A key of text needs two values.
  const most = Math.floor(mostValues / (2 * Object.keys(table.primaryKey).length))
  for (let first = 0; first < rows.length; first += most) {
    const part = rows.slice(first, first + most)
    const text = new SqlText(dialect)
    const keys = part.map((row) => `(${text.key(table, row)})`)
    const { rows: there } = await database.run(
      text.statement(
        `SELECT COUNT(*) AS there FROM ${dialect.quote(table.name)} WHERE ${keys.join(' OR ')}`,
      ),
    )
    if (Number(there[0]?.['there']) === part.length) continue
    throw new InvalidArgumentError(
      'rows',
      `A row was not inserted into ${table.name}: another row has a value of it that must be unique, or a primary ` +
        'key that MySQL takes for the same, or two of the rows have one primary key. Nothing was written',
    )
  }
}
