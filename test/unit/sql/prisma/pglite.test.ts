import { afterAll, beforeAll, describe, it } from 'vitest'
import { type EmbeddedPostgres, startPglite } from '../../../support/sql/databases.ts'
import { prismaCases } from '../../../support/sql/prisma-cases.ts'
import { type PrismaSetup, openPrismaOnPostgres } from '../../../support/sql/prisma-setup.ts'

let database: EmbeddedPostgres
let setup: PrismaSetup

beforeAll(async () => {
  database = await startPglite()
  setup = await openPrismaOnPostgres(database.url)
}, 120_000)

afterAll(async () => {
  await setup.close()
  await database.close()
})

describe('encrypted fields of Prisma on an embedded PostgreSQL', () => {
  it.each(prismaCases)('$name', async ({ run }) => run(setup))
})
