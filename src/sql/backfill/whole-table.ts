import { InvalidArgumentError } from '../../errors.ts'
import type { SqlDatabase, Statement } from '../database/database.ts'
import type { Plan } from './plan.ts'

/**
 * Looks whether all rows of the table can be seen and locked: a row that is not would be left in plaintext, or lose it
 * when the column is dropped.
 *
 * @throws InvalidArgumentError if not.
 */
export async function checkWholeTable(plan: Plan, database: SqlDatabase): Promise<void> {
  const { name } = plan.table
  if (database.dialect.name === 'mysql') {
    const { rows } = await database.run(findEngine(name))
    if (rows.length > 0 && rows.every(({ engine }) => engine === 'InnoDB')) return
    throw new InvalidArgumentError(
      'table',
      `${name} is no table of InnoDB: the rows of others, and of views, cannot be locked while they are worked on`,
    )
  }
  const { rows } = await database.run({
    text:
      'SELECT CAST(relkind AS text) AS kind, row_security_active(oid) AS hides FROM pg_class ' +
      'WHERE oid = CAST(CAST($1 AS text) AS regclass)',
    values: [database.dialect.quote(name)],
  })
  // An ordinary table, or one in partitions.
  if (rows.some(({ kind }) => kind !== 'r' && kind !== 'p')) {
    throw new InvalidArgumentError('table', `${name} is no table, but a view or the like`)
  }
  if (rows.every(({ hides }) => hides === false)) return
  throw new InvalidArgumentError(
    'client',
    `Row-level security applies to the role of client, and may hide rows of ${name} from it: take a role with BYPASSRLS`,
  )
}

function findEngine(name: string): Statement {
  const [table, schema] = name.split('.').reverse()
  return {
    text:
      'SELECT ENGINE AS engine FROM information_schema.TABLES ' +
      `WHERE TABLE_NAME = ? AND TABLE_SCHEMA = ${schema === undefined ? 'DATABASE()' : '?'}`,
    values: schema === undefined ? [table] : [table, schema],
  }
}
