import { drizzle as drizzleOnPg } from 'drizzle-orm/node-postgres'
import { MysqlDialect } from 'kysely'
import mysql from 'mysql2'
import pg from 'pg'
import { backfillCases } from '../../support/sql/backfill-cases.ts'
import { encryptedDrizzle } from '../../../src/sql/drizzle/index.ts'
import { pgDrizzleCases } from '../../support/sql/drizzle-cases.ts'
import {
  cipher,
  lettersTable,
  peopleTable,
  pgDefinitions,
  pgSchema,
} from '../../support/sql/drizzle-schema.ts'
import { kyselyCases, kyselyFixture } from '../../support/sql/kysely-cases.ts'
import { prismaCases } from '../../support/sql/prisma-cases.ts'
import { empty, openPrismaOnMariaDb, openPrismaOnPostgres } from '../../support/sql/prisma-setup.ts'
import { connect } from './connect.ts'
import { CursorDialect } from './cursor-dialect.ts'
import type { Subject } from './subject.ts'

export const backfills: Subject = {
  name: 'backfill',
  async open(server) {
    const { database, close } = await connect(server, 'backfill')
    const cases = backfillCases.map(({ name, run }) => ({ name, run: () => run(database) }))
    return { cases, close }
  },
}

export const kysely: Subject = {
  name: 'Kysely',
  async open(server) {
    const url = await server.createDatabase('kysely')
    const { dialect, end } = server.name === 'PostgreSQL' ? onPg(url) : onMysql2(url)
    const sql = server.name === 'PostgreSQL' ? 'postgresql' : 'mysql'
    const fixture = await kyselyFixture(sql, dialect)
    const cases = kyselyCases
      .filter(({ only }) => only === undefined || only === sql)
      .map(({ name, run }) => ({
        name,
        async run() {
          await fixture.clear()
          await run(fixture)
        },
      }))
    const close = async () => {
      await fixture.close()
      await end()
    }
    return { cases, close }
  },
}

function onPg(connectionString: string) {
  const pool = new pg.Pool({ connectionString, max: 4 })
  return { dialect: () => new CursorDialect({ pool }), end: () => pool.end() }
}

function onMysql2(uri: string) {
  const pool = mysql.createPool({ uri, connectionLimit: 4 })
  return { dialect: () => new MysqlDialect({ pool }), end: () => pool.promise().end() }
}

export const prisma: Subject = {
  name: 'Prisma',
  async open(server) {
    const url = await server.createDatabase('prisma')
    const open = server.name === 'PostgreSQL' ? openPrismaOnPostgres : openPrismaOnMariaDb
    const setup = await open(url)
    const cases = prismaCases
      .filter(({ provider }) => provider === undefined || provider === setup.provider)
      .map(({ name, run }) => ({
        name,
        async run() {
          await empty(setup)
          await run(setup)
        },
      }))
    return { cases, close: () => setup.close() }
  },
}

export const drizzle: Subject = {
  name: 'Drizzle',
  async open(server) {
    if (server.name !== 'PostgreSQL') return { cases: [], close: async () => undefined }
    const pool = new pg.Pool({ connectionString: await server.createDatabase('drizzle'), max: 4 })
    const plain = drizzleOnPg(pool, { schema: pgSchema })
    const db = encryptedDrizzle(plain, { cipher, tables: [peopleTable, lettersTable] })
    const cases = Object.entries(pgDrizzleCases).map(([name, test]) => ({
      name,
      async run() {
        await pool.query(pgDefinitions)
        await test({ plain, db })
      },
    }))
    return { cases, close: () => pool.end() }
  },
}
