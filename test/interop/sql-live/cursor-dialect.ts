import {
  type CompiledQuery,
  CompiledQuery as Query,
  type DatabaseConnection,
  type Driver,
  PostgresDialect,
  type QueryResult,
} from 'kysely'

/** PostgreSQL with streams by a cursor of SQL: kysely's own need a package for it. */
export class CursorDialect extends PostgresDialect {
  override createDriver(): Driver {
    const driver = super.createDriver()
    const acquire = driver.acquireConnection.bind(driver)
    driver.acquireConnection = async () => {
      const connection = await acquire()
      connection.streamQuery = (query, chunkSize) => fetchAll(connection, query, chunkSize ?? 100)
      return connection
    }
    return driver
  }
}

async function* fetchAll<Row>(
  connection: DatabaseConnection,
  { sql, parameters }: CompiledQuery,
  chunkSize: number,
): AsyncIterableIterator<QueryResult<Row>> {
  const run = async (text: string, values: readonly unknown[] = []) =>
    await connection.executeQuery<Row>(Query.raw(text, [...values]))
  await run('BEGIN')
  try {
    await run(`DECLARE rows NO SCROLL CURSOR FOR ${sql}`, parameters)
    for (;;) {
      const result = await run(`FETCH ${chunkSize} FROM rows`)
      if (result.rows.length === 0) return
      yield result
    }
  } finally {
    // Nothing was written: to end a transaction that has failed, too.
    await run('ROLLBACK')
  }
}
