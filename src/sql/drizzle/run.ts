import { RefusedQueryError } from '../../errors.ts'
import { type Held, newScope, planQuery } from './queries.ts'
import type { Opening } from './opening.ts'
import type { MarkedTables } from './tables.ts'
import { finish } from './transaction.ts'

type Rows = Record<string, unknown>[]

/** What Drizzle makes of a query. */
interface Prepared {
  execute(values?: unknown, token?: unknown): Promise<unknown>
}

/** Sends a query, encrypted, and decrypts its rows. */
export async function run(tables: MarkedTables, held: Held, values: unknown): Promise<unknown> {
  const scope = newScope(tables)
  const plan = planQuery(scope, held)
  const finished = finish(scope, held.transaction)
  if (finished) await finished
  return await opened(
    plan.opening,
    await prepared(plan.query, []).execute(values, tokenOf(held.query)),
  )
}

/** Prepares a query in which nothing is to be encrypted; its rows are decrypted each time. */
export function prepare(tables: MarkedTables, held: Held, names: readonly unknown[]): object {
  const scope = newScope(tables)
  const plan = planQuery(scope, held)
  if (scope.jobs.length > 0) {
    throw new RefusedQueryError(
      'A prepared statement cannot write encrypted columns or search by them: what is encrypted or looked up is ' +
        'computed anew each time. Run the query without prepare()',
      {},
    )
  }
  const statement = prepared(plan.query, names)
  return Object.freeze({
    execute: async (values?: unknown) => {
      void finish(scope, held.transaction)
      return await opened(plan.opening, await statement.execute(values, tokenOf(held.query)))
    },
  })
}

/** The text of a query in which nothing is to be encrypted. */
export function textOf(tables: MarkedTables, held: Held): unknown {
  const scope = newScope(tables)
  const { query } = planQuery(scope, held)
  if (scope.jobs.length > 0) {
    throw new RefusedQueryError(
      'toSQL() cannot show a query that writes encrypted columns or searches by them: that is done when it is run',
      {},
    )
  }
  return Reflect.apply(Reflect.get(query, 'toSQL') as () => unknown, query, [])
}

function prepared(query: object, names: readonly unknown[]): Prepared {
  const method: unknown = Reflect.get(query, 'prepare')
  if (typeof method !== 'function') {
    throw new RefusedQueryError('This query is of a version of Drizzle that is not known', {})
  }
  return Reflect.apply(method, query, names) as Prepared
}

/** What a driver says of a statement without rows passes as it is. */
async function opened(opening: Opening, result: unknown): Promise<unknown> {
  return opening.isEmpty || !Array.isArray(result) ? result : await opening.open(result as Rows)
}

function tokenOf(query: object): unknown {
  return Reflect.get(query, 'authToken')
}
