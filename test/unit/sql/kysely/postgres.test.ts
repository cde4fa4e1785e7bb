import { type CompiledQuery, type Driver, PostgresDialect, type QueryResult } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, it } from 'vitest'
import { type EmbeddedPostgres, startPglite } from '../../../support/sql/databases.ts'
import {
  type KyselyFixture,
  kyselyCases,
  kyselyFixture,
} from '../../../support/sql/kysely-cases.ts'

/** Streams without a cursor, which would be a package of its own: rows come two at a time. */
class ChunkedDialect extends PostgresDialect {
  override createDriver(): Driver {
    const driver = super.createDriver()
    const acquire = driver.acquireConnection.bind(driver)
    driver.acquireConnection = async () => {
      const connection = await acquire()
      connection.streamQuery = async function* <Row>(
        query: CompiledQuery,
      ): AsyncIterableIterator<QueryResult<Row>> {
        const { rows } = await connection.executeQuery<Row>(query)
        for (let start = 0; start < rows.length; start += 2) {
          yield { rows: rows.slice(start, start + 2) }
        }
      }
      return connection
    }
    return driver
  }
}

let postgres: EmbeddedPostgres
let fixture: KyselyFixture
beforeAll(async () => {
  postgres = await startPglite()
  fixture = await kyselyFixture('postgresql', () => new ChunkedDialect({ pool: postgres.pool }))
}, 60_000)
afterAll(async () => {
  await fixture.close()
  await postgres.close()
})
beforeEach(async () => fixture.clear())

describe('kysely on PostgreSQL', () => {
  for (const { name, only, run } of kyselyCases) {
    it.skipIf(only === 'mysql')(name, async () => run(fixture))
  }
})
