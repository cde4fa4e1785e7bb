import { promiseMethods, refuseMethod } from './builder.ts'
import { newScope } from './queries.ts'
import { refuseSubquery } from './rewrite.ts'
import { type RelationalSchema, planRelational } from './relational.ts'
import type { MarkedTables } from './tables.ts'
import { type Transaction, finish } from './transaction.ts'

type Row = Record<string, unknown>
interface Query {
  readonly execute: () => Promise<unknown>
  readonly toSQL: () => unknown
}

/** `db.query.<table>`, whose rows are decrypted, those of nested tables with their own keys. */
export function wrapRelational(
  tables: MarkedTables,
  builder: object,
  name: string,
  within: Transaction | undefined,
): object {
  const schema = {
    tables: Reflect.get(builder, 'schema') as RelationalSchema['tables'],
    names: Reflect.get(builder, 'tableNamesMap') as RelationalSchema['names'],
  }
  const method =
    (find: 'findMany' | 'findFirst') =>
    (given?: unknown): object => {
      const make = (config: unknown): Query =>
        Reflect.apply(Reflect.get(builder, find) as (given: unknown) => Query, builder, [config])
      const plan = () => {
        const scope = newScope(tables)
        const isFirst = find === 'findFirst'
        return { scope, ...planRelational(scope, schema, name, given, isFirst) }
      }
      const execute = async () => {
        const { scope, config, open } = plan()
        const finished = finish(scope, within)
        if (finished) await finished
        const result = await make(config).execute()
        if (Array.isArray(result)) return await open(result as Row[])
        return result === undefined ? undefined : (await open([result as Row]))[0]
      }
      const own: Record<string, unknown> = {
        execute,
        ...promiseMethods(execute),
        toSQL: () => {
          const { scope, config } = plan()
          if (scope.jobs.length > 0) throw refuseSubquery(undefined, undefined)
          return make(config).toSQL()
        },
      }
      return new Proxy(make(given), {
        get(target, property) {
          if (typeof property === 'string' && Object.hasOwn(own, property)) return own[property]
          const value: unknown = Reflect.get(target, property, target)
          if (typeof value !== 'function' || property === 'constructor') return value
          return () => {
            throw refuseMethod(String(property))
          }
        },
      })
    }
  return { findMany: method('findMany'), findFirst: method('findFirst') }
}
