import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backfillDatabase, reindexDatabase } from '../../../../src/sql/backfill/backfill.ts'
import type { SqlDatabase } from '../../../../src/sql/database/database.ts'
import { pgDatabase } from '../../../../src/sql/database/pg-database.ts'
import { backfillCases } from '../../../support/sql/backfill-cases.ts'
import { peopleTable, person } from '../../../support/sql/backfill-table.ts'
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

  it('refuses a role that row-level security may hide rows from', async () => {
    const { name, options, rows } = await peopleTable(database, [person(1), person(2)])
    const { cipher, table } = options
    const before = await rows()
    await postgres.db.exec(`
      CREATE ROLE tenant;
      ALTER TABLE "${name}" OWNER TO tenant;
      ALTER TABLE "${name}" ENABLE ROW LEVEL SECURITY;
      ALTER TABLE "${name}" FORCE ROW LEVEL SECURITY;
      CREATE POLICY first ON "${name}" USING (id = 1);
      SET ROLE tenant;
    `)
    const refusal = /Row-level security .* may hide rows of people_\w+ .*BYPASSRLS/
    try {
      for (const plaintext of ['keep', 'clear', 'drop'] as const) {
        const work = backfillDatabase(database, { ...options, plaintext })
        await expect(work).rejects.toThrow(refusal)
      }
      await expect(reindexDatabase(database, { cipher, table })).rejects.toThrow(refusal)
    } finally {
      await postgres.db.exec('RESET ROLE')
    }
    expect(await rows()).toEqual(before)
    expect((await backfillDatabase(database, options)).rows).toBe(2)
  })
})
