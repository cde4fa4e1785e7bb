import { drizzle } from 'drizzle-orm/node-postgres'
import { afterAll, beforeAll, beforeEach, describe, it } from 'vitest'
import { encryptedDrizzle } from '../../../../src/sql/drizzle/index.ts'
import { type EmbeddedPostgres, startPglite } from '../../../support/sql/databases.ts'
import { type PgDrizzleFixture, pgDrizzleCases } from '../../../support/sql/drizzle-cases.ts'
import {
  cipher,
  lettersTable,
  peopleTable,
  pgDefinitions,
  pgSchema,
} from '../../../support/sql/drizzle-schema.ts'

describe('encryptedDrizzle on PGlite', () => {
  let postgres: EmbeddedPostgres
  let fixture: PgDrizzleFixture

  beforeAll(async () => {
    postgres = await startPglite()
    const plain = drizzle(postgres.pool, { schema: pgSchema })
    const tables = [peopleTable, lettersTable]
    fixture = { plain, db: encryptedDrizzle(plain, { cipher, tables }) }
  })
  beforeEach(async () => postgres.pool.query(pgDefinitions))
  afterAll(async () => postgres.close())

  it.each(Object.entries(pgDrizzleCases))('%s', async (_name, test) => test(fixture))
})
