import { afterAll, beforeAll, describe, it } from 'vitest'
import type { SqlDatabase } from '../../../../src/sql/database/database.ts'
import { pgDatabase } from '../../../../src/sql/database/pg-database.ts'
import { backfillCases } from '../../../support/sql/backfill-cases.ts'
import { type EmbeddedPostgres, startPglite } from '../../../support/sql/databases.ts'

let postgres: EmbeddedPostgres
let database: SqlDatabase

beforeAll(async () => {
  postgres = await startPglite()
  database = pgDatabase(postgres.pool)
})

afterAll(async () => {
  await postgres.close()
})

describe('a backfill through pg', () => {
  it.each(backfillCases)('$name', async ({ run }) => {
    await run(database)
  })
})
