import { SQL, Table, getTableColumns, is } from 'drizzle-orm'
import type { MySqlDatabase } from 'drizzle-orm/mysql-core'
import type { PgDatabase } from 'drizzle-orm/pg-core'
import { checkOptions, isObject } from '../../checks.ts'
import { InvalidArgumentError } from '../../errors.ts'
import type { FieldCipher } from '../field-cipher.ts'
import { promiseMethods, refuseMethod, wrapQuery } from './builder.ts'
import { checkPlain, newScope, originals } from './queries.ts'
import { wrapRelational } from './relational-query.ts'
import { refuseSubquery, rewrite } from './rewrite.ts'
import { MarkedTables } from './tables.ts'
import { Transaction, finish } from './transaction.ts'
import { columnMark } from './columns.ts'

/** A database of Drizzle for PostgreSQL or MySQL, or a transaction of one. */
export type DrizzleDatabase =
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the one way to say "for all of them"
  PgDatabase<any, any, any> | MySqlDatabase<any, any, any, any>

/** Options of {@link encryptedDrizzle}. */
export interface EncryptedDrizzleOptions {
  readonly cipher: FieldCipher
  /** All tables of Drizzle that have encrypted columns, made with `pgEncrypted` or `mysqlEncrypted`. */
  readonly tables: readonly Table[]
}

/** What starts a query. */
const starts = ['select', 'selectDistinct', 'selectDistinctOn', 'insert', 'update', 'delete']
/** What has nothing to do with encrypted columns, or is documented to pass as it is. */
const passed = ['execute', 'refreshMaterializedView', 'rollback', 'setTransaction']

/**
 * The same database, whose queries encrypt what they write to encrypted columns, find rows by their blind indexes, and
 * decrypt what they read. `execute` sends raw SQL as it is.
 *
 * What cannot be done with an encrypted column is refused with a `RefusedQueryError` before anything is sent. The
 * original database stays as it is, and sees sealed values.
 *
 * @throws InvalidArgumentError if a table does not have the columns that it has in `defineTable`.
 *
 * @example
 * ```ts
 * const db = encryptedDrizzle(drizzle(pool, { schema }), { cipher, tables: [usersTable] })
 * await db.insert(usersTable).values({ id: randomUUID(), email: 'ann@example.com' })
 * const [ann] = await db.select().from(usersTable).where(eq(usersTable.email, 'ann@example.com'))
 * ```
 */
export function encryptedDrizzle<Database extends DrizzleDatabase>(
  database: Database,
  options: EncryptedDrizzleOptions,
): Database {
  checkOptions(options, ['cipher', 'tables'])
  const dialect: unknown = Reflect.get(database, 'dialect')
  const casing: unknown = isObject(dialect) ? Reflect.get(dialect, 'casing') : undefined
  const tables = new MarkedTables(options.cipher, options.tables, casing)
  checkSchema(tables, database)
  return wrapDatabase(tables, database, undefined)
}

function wrapDatabase<Database extends object>(
  tables: MarkedTables,
  database: Database,
  within: Transaction | undefined,
): Database {
  const own = methodsOf(tables, database, within)
  return new Proxy(database, {
    get(target, name) {
      if (typeof name === 'string' && Object.hasOwn(own, name)) return own[name]
      const value: unknown = Reflect.get(target, name, target)
      // Drizzle's own marks, `$client`, the schema's types and what is not there at all.
      if (typeof name === 'symbol' || value === undefined) return value
      if (['_', '$client', '$cache', 'constructor'].includes(name)) return value
      if (passed.includes(name)) return bound(value, target)
      throw refuseMethod(name)
    },
  })
}

function methodsOf(
  tables: MarkedTables,
  database: object,
  within: Transaction | undefined,
): Record<string, unknown> {
  const has = (name: string) => typeof Reflect.get(database, name) === 'function'
  const start =
    (target: object, name: string) =>
    (...parameters: unknown[]): object =>
      wrapQuery(tables, invoke(target, name, parameters) as object, within)
  return {
    ...Object.fromEntries(starts.filter(has).map((name) => [name, start(database, name)])),
    with: (...queries: unknown[]) => {
      const chain = invoke(database, 'with', queries) as object
      return Object.fromEntries(Object.keys(chain).map((name) => [name, start(chain, name)]))
    },
    $with: (...parameters: unknown[]) => {
      const clause = invoke(database, '$with', parameters) as object
      return { as: (query: unknown) => invoke(clause, 'as', [plainQuery(tables, query)]) }
    },
    $count: (source: unknown, filters?: unknown) =>
      count(tables, database, source, filters, within),
    transaction: async (work: (transaction: object) => unknown, ...rest: unknown[]) => {
      within?.begin()
      return await (invoke(database, 'transaction', [
        async (transaction: object) => {
          const inner = new Transaction(within)
          return await inner.run(() => work(wrapDatabase(tables, transaction, inner)))
        },
        ...rest,
      ]) as Promise<unknown>)
    },
    query: relationalQueries(tables, database, within),
  }
}

/** A query that becomes a part of another, of which it is checked that nothing in it is encrypted. */
function plainQuery(tables: MarkedTables, query: unknown): unknown {
  if (typeof query === 'function') {
    return (...parameters: unknown[]) =>
      plainQuery(tables, Reflect.apply(query as () => unknown, undefined, parameters))
  }
  if (typeof query !== 'object' || query === null) return query
  if (is(query, SQL)) {
    const scope = newScope(tables)
    rewrite(scope, query, 'WITH')
    if (scope.jobs.length > 0) throw refuseSubquery(undefined, undefined)
    return query
  }
  checkPlain(tables, originals.get(query) ?? { query, conflict: undefined, transaction: undefined })
  return query
}

/** Drizzle's count is an expression, too, which may stand within another query. */
function count(
  tables: MarkedTables,
  database: object,
  source: unknown,
  filters: unknown,
  within: Transaction | undefined,
): unknown {
  const original = invoke(database, '$count', [source, filters]) as object
  const execute = async () => {
    const scope = newScope(tables)
    const rewritten = rewrite(scope, filters, 'a condition')
    const from = rewrite(scope, source, 'FROM')
    const finished = finish(scope, within)
    if (finished) await finished
    return await (invoke(database, '$count', [from, rewritten]) as PromiseLike<unknown>)
  }
  const own = promiseMethods(execute)
  return new Proxy(original, {
    get: (target, name) =>
      typeof name === 'string' && Object.hasOwn(own, name)
        ? own[name]
        : (Reflect.get(target, name, target) as unknown),
  })
}

function relationalQueries(
  tables: MarkedTables,
  database: object,
  within: Transaction | undefined,
): object {
  const queries = Reflect.get(database, 'query') as object
  return Object.fromEntries(
    Object.entries(queries).map(([name, builder]) => [
      name,
      wrapRelational(tables, builder as object, name, within),
    ]),
  )
}

/** A table that was forgotten would be found by its first query; here it is found at the start. */
function checkSchema(tables: MarkedTables, database: object): void {
  const names: unknown = Reflect.get(database, '_')
  const schema: unknown = isObject(names) ? Reflect.get(names, 'fullSchema') : undefined
  for (const table of isObject(schema) ? Object.values(schema) : []) {
    if (!is(table, Table)) continue
    for (const column of Object.values(getTableColumns(table))) {
      const mark = columnMark(column)
      if (!mark || tables.has(mark)) continue
      throw new InvalidArgumentError(
        'tables',
        `tables lacks the table of the schema that was defined as ${mark.table.name}`,
      )
    }
  }
}

function invoke(target: object, name: string, parameters: readonly unknown[]): unknown {
  return Reflect.apply(
    Reflect.get(target, name) as (...values: unknown[]) => unknown,
    target,
    parameters,
  )
}

function bound(value: unknown, target: object): unknown {
  return typeof value === 'function' ? (value.bind(target) as unknown) : value
}
