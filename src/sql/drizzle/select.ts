import { Column, SQL, Subquery, Table, is } from 'drizzle-orm'
import { isObject } from '../../checks.ts'
import { refuseUse } from '../lookup.ts'
import { copyWith } from './chunks.ts'
import {
  type Config,
  arrayOf,
  checkSource,
  checkJoins,
  checkWith,
  conditionOf,
  configOf,
  limitOf,
  rewriteJoins,
} from './config.ts'
import { Opening } from './opening.ts'
import type { Plan } from './plan.ts'
import { checkSubquery, refuseSubquery, rewrite } from './rewrite.ts'
import { type Scope, conditionUse } from './scope.ts'
import { type SelectedField, fieldOf, flatten } from './selection.ts'

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
  const unfiltered = cannotAdd(config, selected)
  // A window function, as count() over () is, would see the rows that a short index finds by chance.
  const inexact =
    unfiltered ?? limitOf(config) ?? (selected.some(isExpression) ? expression : undefined)
  const condition = conditionUse(use === 'result' ? inexact : 'a query within a condition')
  checkWith(scope, config)
  checkSource(scope, config['table'])
  checkJoins(scope, config['joins'])
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

const expression = 'an expression in what is selected, as count() is'

/**
 * Why no column can be added to what is selected, to compare rows by; `undefined` if it can. A count of all rows stands
 * alone: beside a column, the database would refuse it.
 */
function cannotAdd(config: Config, fields: readonly SelectedField[]): string | undefined {
  if (config['groupBy'] !== undefined) return 'GROUP BY'
  if (config['having'] !== undefined) return 'HAVING'
  if (config['distinct'] !== undefined && config['distinct'] !== false) return 'DISTINCT'
  if (arrayOf(config['setOperators']).length > 0) return 'a set operator'
  return fields.every(isExpression) ? expression : undefined
}

function isExpression({ field }: SelectedField): boolean {
  return is(field, SQL) || is(field, SQL.Aliased) || is(field, Subquery)
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
    const field = fieldOf(fields, name)
    const rewritten = rewriteField(scope, field)
    if (rewritten !== field) changes[name] = rewritten
  }
  return Object.keys(changes).length === 0 ? fields : { ...fields, ...changes }
}

function rewriteField(scope: Scope, field: unknown): unknown {
  if (is(field, SQL) || is(field, SQL.Aliased)) return rewrite(scope, field, 'an expression')
  if (is(field, Subquery)) return checkSubquery(scope, field, 'a subquery')
  const isNested = isObject(field) && !is(field, Column) && !is(field, Table)
  return isNested ? rewriteFields(scope, field) : field
}
