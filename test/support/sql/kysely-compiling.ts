import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely'
import type { FieldCipher } from '../../../src/sql.ts'
import { EncryptedDialect } from '../../../src/sql/kysely/index.ts'
import { kyselyCipher } from './kysely-cases.ts'

/** A column is whatever a test says it is: refusals are also for what the types of kysely would not let through. */
export type AnyDatabase = Record<string, Record<string, unknown>>

/** An instance that sends nothing: a query is refused, or not, when it is compiled. */
export function compilingInstance<Database = AnyDatabase>(
  cipher: FieldCipher = kyselyCipher(),
): Kysely<Database> {
  const dialect = {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (one: Kysely<Database>) => new PostgresIntrospector(one),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  }
  return new Kysely({ dialect: new EncryptedDialect({ dialect, cipher }) })
}

/** What a query is refused with when it is compiled; `undefined` if it is not. */
export function refusalOf(query: { compile(): unknown }): unknown {
  try {
    query.compile()
  } catch (error) {
    return error
  }
  return undefined
}
