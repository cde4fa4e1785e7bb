import { SQL, Subquery, is } from 'drizzle-orm'
import { refuseUse } from '../lookup.ts'
import { copyWith } from './chunks.ts'
import {
  type Config,
  arrayOf,
  checkSource,
  checkWith,
  conditionOf,
  configOf,
  rewriteJoins,
} from './config.ts'
import { Opening } from './opening.ts'
import type { Plan } from './plan.ts'
import { checkSubquery, refuseSubquery, rewrite } from './rewrite.ts'
import { type Scope, conditionUse } from './scope.ts'
import { flatten } from './selection.ts'

/** What is done with the rows: they are the result, operands of a condition, or only counted as there. */
export type SelectUse = 'result' | 'operand' | 'exists'

const known = [
  'withList',
  'fields',
  'where',
  'having',
  'table',
  'joins',
  'orderBy',
  'groupBy',
  'limit',
  'offset',
  'lockingClause',
  'distinct',
  'setOperators',
  'useIndex',
  'forceIndex',
  'ignoreIndex',
]

/** Drizzle's own query of a SELECT, rewritten. `unwrap` gives the query that stands behind one of ours. */
export function planSelect(
  scope: Scope,
  builder: object,
  use: SelectUse,
  unwrap: (query: object) => object,
): Plan {
  const config = configOf(builder, known, 'SELECT')
  const fields = isObject(config['fields']) ? config['fields'] : {}
  const selected = flatten(fields)
  const unfiltered = cannotFilter(config, selected)
  const condition = conditionUse(
    use === 'result' ? (unfiltered ?? limitOf(config)) : 'a query within a condition',
  )
  checkWith(scope, config)
  checkSource(scope, config['table'])
  const where = rewrite(scope, conditionOf(config), 'a condition', condition)
  const changes = {
    where,
    joins: rewriteJoins(scope, config['joins']),
    having: rewrite(scope, config['having'], 'HAVING'),
    groupBy: rewrite(scope, config['groupBy'], 'GROUP BY'),
    orderBy: rewrite(scope, config['orderBy'], 'ORDER BY'),
    distinct: rewriteDistinct(scope, config['distinct']),
    setOperators: arrayOf(config['setOperators']).map((operator) =>
      rewriteSetOperator(scope, operator, unwrap),
    ),
  }
  const opening = new Opening(scope.tables)
  if (use !== 'exists') {
    for (const { field } of selected) {
      const mark = scope.tables.encrypted(field)
      if (!mark) continue
      if (use === 'operand' || changes.setOperators.length > 0) {
        throw refuseSubquery(mark.table.name, mark.column.name)
      }
      if (config['distinct'] === true) throw refuseUse(mark.table, mark.column.name, 'DISTINCT')
    }
  }
  if (use === 'result') {
    opening.select(selected)
    if (unfiltered === undefined) opening.match(condition.matches)
  }
  const hidden = Object.fromEntries(opening.hidden.map(({ name, column }) => [name, column]))
  return {
    query: copyWith(builder, {
      config: { ...config, ...changes, fields: { ...rewriteFields(scope, fields), ...hidden } },
    }),
    opening,
  }
}

/** Why rows cannot be filtered after they were decrypted; `undefined` if they can. */
function cannotFilter(config: Config, fields: readonly { field: unknown }[]): string | undefined {
  if (config['groupBy'] !== undefined) return 'GROUP BY'
  if (config['having'] !== undefined) return 'HAVING'
  if (config['distinct'] !== undefined && config['distinct'] !== false) return 'DISTINCT'
  if (arrayOf(config['setOperators']).length > 0) return 'a set operator'
  const isExpression = fields.some(
    ({ field }) => is(field, SQL) || is(field, SQL.Aliased) || is(field, Subquery),
  )
  return isExpression ? 'an expression in what is selected, as count() is' : undefined
}

function limitOf({ limit, offset }: Config): string | undefined {
  if (limit !== undefined) return 'LIMIT'
  return offset === undefined ? undefined : 'OFFSET'
}

function rewriteDistinct(scope: Scope, distinct: unknown): unknown {
  if (!isObject(distinct)) return distinct
  return { ...distinct, on: rewrite(scope, Reflect.get(distinct, 'on') as unknown, 'DISTINCT ON') }
}

function rewriteSetOperator(
  scope: Scope,
  operator: unknown,
  unwrap: (query: object) => object,
): object {
  const given = isObject(operator) ? operator : {}
  const right: unknown = Reflect.get(given, 'rightSelect')
  const { query } = planSelect(scope, unwrap(isObject(right) ? right : {}), 'operand', unwrap)
  return {
    ...given,
    rightSelect: query,
    orderBy: rewrite(scope, Reflect.get(given, 'orderBy') as unknown, 'ORDER BY'),
  }
}

/** The fields with what is to be computed rewritten; the nesting stays. */
function rewriteFields(scope: Scope, fields: object): object {
  const changes: Record<string, unknown> = {}
  for (const name of Object.keys(fields)) {
    const field: unknown = Object.getOwnPropertyDescriptor(fields, name)?.value
    const rewritten = rewriteField(scope, field)
    if (rewritten !== field) changes[name] = rewritten
  }
  return Object.keys(changes).length === 0 ? fields : { ...fields, ...changes }
}

function rewriteField(scope: Scope, field: unknown): unknown {
  if (is(field, SQL) || is(field, SQL.Aliased)) return rewrite(scope, field, 'an expression')
  if (is(field, Subquery)) return checkSubquery(scope, field, 'a subquery')
  return isPlain(field) ? rewriteFields(scope, field) : field
}

/** An object that only nests fields, and is neither a column nor a table. */
function isPlain(field: unknown): field is object {
  return isObject(field) && [Object.prototype, null].includes(Object.getPrototypeOf(field) as null)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
