import { RefusedQueryError } from '../../errors.ts'
import { type Held, checkPlain, isQuery, originals } from './queries.ts'
import { prepare, run, textOf } from './run.ts'
import type { MarkedTables } from './tables.ts'
import type { Transaction } from './transaction.ts'
import type { Conflict } from './write.ts'

/** Methods of Drizzle's builders that add to a query, and those by which it looks at its own. */
const chained = new Set([
  'from',
  'where',
  'having',
  'groupBy',
  'orderBy',
  'limit',
  'offset',
  'for',
  'leftJoin',
  'rightJoin',
  'innerJoin',
  'fullJoin',
  'crossJoin',
  'leftJoinLateral',
  'innerJoinLateral',
  'crossJoinLateral',
  'union',
  'unionAll',
  'intersect',
  'intersectAll',
  'except',
  'exceptAll',
  'addSetOperators',
  'values',
  'select',
  'set',
  'ignore',
  'overridingSystemValue',
  'onConflictDoNothing',
  'onConflictDoUpdate',
  'onDuplicateKeyUpdate',
  'returning',
  '$returningId',
  '$dynamic',
  '$withCache',
  'setToken',
  'getSelectedFields',
  'getUsedTables',
])

/** A query of Drizzle that is encrypted when it is run. To TypeScript it is the one that it stands for. */
export function wrapQuery<Query extends object>(
  tables: MarkedTables,
  query: Query,
  transaction: Transaction | undefined,
): Query {
  const held: Held = { query, conflict: undefined, transaction }
  const own = isQuery(query) ? methodsOf(tables, held) : {}
  const wrapped: Query = new Proxy(query, {
    get(target, name) {
      if (typeof name === 'string' && Object.hasOwn(own, name)) return own[name]
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function' || typeof name === 'symbol' || name === 'constructor') {
        return value
      }
      return (...parameters: unknown[]) => {
        if (!chained.has(name)) throw refuseMethod(name)
        if (name === 'onConflictDoUpdate' || name === 'onDuplicateKeyUpdate') {
          // It would have Drizzle make text of the values at once.
          held.conflict = conflictOf(name, parameters[0])
          return wrapped
        }
        const result: unknown = Reflect.apply(value, target, parameters)
        if (result === target) return wrapped
        return isQuery(result) ? wrapQuery(tables, result, transaction) : result
      }
    },
  })
  originals.set(wrapped, held)
  return wrapped
}

function methodsOf(tables: MarkedTables, held: Held): Record<string, unknown> {
  const names = ['getSQL', 'as'].filter((name) => name in held.query)
  // These make text of the query at once, which only one without anything encrypted can become.
  const plain = names.map((name) => [
    name,
    (...parameters: unknown[]) => {
      const query = checkPlain(tables, held)
      return Reflect.apply(
        Reflect.get(query, name) as (...values: unknown[]) => unknown,
        query,
        parameters,
      )
    },
  ])
  const execute = async (values?: unknown) => run(tables, held, values)
  return {
    execute,
    ...promiseMethods(execute),
    toSQL: () => textOf(tables, held),
    prepare: (...parameters: unknown[]) => prepare(tables, held, parameters),
    ...(Object.fromEntries(plain) as Record<string, unknown>),
  }
}

/** What makes an object awaitable. */
export function promiseMethods(execute: () => Promise<unknown>): Record<string, unknown> {
  return {
    then: async (...callbacks: Parameters<Promise<unknown>['then']>) =>
      execute().then(...callbacks),
    catch: async (...callbacks: Parameters<Promise<unknown>['catch']>) =>
      execute().catch(...callbacks),
    finally: async (...callbacks: Parameters<Promise<unknown>['finally']>) =>
      execute().finally(...callbacks),
  }
}

function conflictOf(method: Conflict['method'], clause: unknown): Conflict {
  const given = typeof clause === 'object' && clause !== null ? clause : {}
  const set: unknown = Reflect.get(given, 'set')
  return {
    method,
    target: Reflect.get(given, 'target'),
    set: typeof set === 'object' && set !== null ? { ...set } : {},
    clause: { ...given },
  }
}

/** What is not known could see or send what is encrypted. */
export function refuseMethod(name: string): RefusedQueryError {
  return new RefusedQueryError(
    `encryptedDrizzle has no ${name}: use the database that it was made from, where nothing is encrypted or decrypted`,
    {},
  )
}
