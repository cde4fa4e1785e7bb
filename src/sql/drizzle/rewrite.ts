import {
  Column,
  Name,
  Param,
  Placeholder,
  SQL,
  StringChunk,
  Subquery,
  Table,
  View,
  is,
  sql,
} from 'drizzle-orm'
import { RefusedQueryError } from '../../errors.ts'
import { refuseUse } from '../lookup.ts'
import {
  chunksOf,
  copyWith,
  hasNoParentheses,
  isConjunction,
  literal,
  textOf,
  withChunks,
} from './chunks.ts'
import { isLookup, lookup } from './lookups.ts'
import type { ConditionUse, Scope } from './scope.ts'
import { columnsOf, flatten } from './selection.ts'

/**
 * An expression whose equalities of encrypted columns are those of their blind indexes. Every column in it is looked
 * at: an encrypted one that is in none of the forms that are known is refused.
 *
 * @param what The place of the expression, as in "ORDER BY".
 * @param use For a condition that must hold for every row.
 */
export function rewrite<Value>(
  scope: Scope,
  value: Value,
  what: string,
  use?: ConditionUse,
): Value {
  return rewriteChunk(scope, value, what, use) as Value
}

function rewriteChunk(scope: Scope, chunk: unknown, what: string, use?: ConditionUse): unknown {
  if ((typeof chunk !== 'object' && typeof chunk !== 'function') || chunk === null) return chunk
  if (is(chunk, SQL)) return rewriteSql(scope, chunk, what, use)
  if (is(chunk, SQL.Aliased)) {
    const expression = rewriteSql(scope, chunk.sql, what)
    return expression === chunk.sql ? chunk : copyWith(chunk, { sql: expression })
  }
  if (is(chunk, Column)) return checkColumn(scope, chunk, what)
  if (is(chunk, Param)) return checkParam(scope, chunk, what)
  if (is(chunk, Subquery)) return checkSubquery(scope, chunk, what)
  if (Array.isArray(chunk)) {
    const parts = chunk.map((part: unknown) => rewriteChunk(scope, part, what))
    return parts.every((part, index) => part === chunk[index]) ? chunk : parts
  }
  if (is(chunk, Name)) return checkName(scope, chunk, what)
  return scope.nested(scope, chunk, false) ?? rewriteWrapper(scope, chunk, what)
}

/** Any other object that Drizzle asks for its expression when it makes text of the query. */
function rewriteWrapper(scope: Scope, chunk: object, what: string): unknown {
  const isName = [Table, View, Placeholder, StringChunk].some((kind) => is(chunk, kind))
  const getSQL: unknown = Reflect.get(chunk, 'getSQL')
  if (isName || typeof getSQL !== 'function') return chunk
  const expression = rewriteChunk(scope, Reflect.apply(getSQL, chunk, []), what)
  return hasNoParentheses(chunk) ? expression : sql`(${expression})`
}

/** `sql.identifier` of an encrypted column is as good as the column. */
function checkName(scope: Scope, chunk: Name, what: string): Name {
  const mark = scope.names.get(chunk.value)
  if (mark) throw refuseUse(mark.table, mark.column.name, what)
  return chunk
}

/** Takes note of the names of encrypted columns in a table of the statement. */
export function addNames(scope: Scope, table: Table): void {
  for (const column of Object.values(columnsOf(table))) {
    const mark = scope.tables.encrypted(column)
    if (mark) scope.names.set(scope.tables.nameOf(column), mark)
  }
}

function rewriteSql(scope: Scope, expression: SQL, what: string, use?: ConditionUse): SQL {
  const rewritten = rewriteParts(scope, expression, what, use)
  if (rewritten !== expression && Reflect.get(expression, 'shouldInlineParams') === true) {
    throw new RefusedQueryError(
      'An expression with inlineParams() has a value of an encrypted column, which must not be in the text of a query',
      {},
    )
  }
  return rewritten
}

function rewriteParts(scope: Scope, expression: SQL, what: string, use?: ConditionUse): SQL {
  const chunks = chunksOf(expression)
  const [first, second] = chunks
  const mark = scope.tables.encrypted(first)
  if (mark && is(first, Column)) {
    const operator = textOf(second)?.trim()
    if (chunks.length === 2 && (operator === 'is null' || operator === 'is not null')) {
      return expression
    }
    if (chunks.length === 3 && isLookup(operator)) {
      return lookup(scope, { column: first, mark, operator, operand: chunks[2], use })
    }
    throw refuseUse(mark.table, mark.column.name, nameOperator(operator) ?? what)
  }
  const operator = textOf(first)?.trim()
  if (chunks.length === 2 && (operator === 'exists' || operator === 'not exists')) {
    const query = typeof second === 'object' && second !== null ? second : {}
    const nested = scope.nested(scope, query, true)
    if (nested) return nested === second ? expression : withChunks(expression, [first, nested])
  }
  if (use) addFixed(use, chunks)
  const inner = use && isConjunction(chunks) ? use : undefined
  const parts = chunks.map((chunk) => rewriteChunk(scope, chunk, what, inner))
  const isSame = parts.every((part, index) => part === chunks[index])
  return isSame ? expression : withChunks(expression, parts)
}

/** Notes `column = literal`. */
function addFixed(use: ConditionUse, chunks: readonly unknown[]): void {
  const [column, operator, operand] = chunks
  if (chunks.length !== 3 || !is(column, Column) || textOf(operator)?.trim() !== '=') return
  const found = literal(operand)
  if (found) use.fixed.push({ column, value: found.value })
}

function checkColumn(scope: Scope, column: Column, what: string): Column {
  const mark = scope.tables.encrypted(column)
  if (mark) throw refuseUse(mark.table, mark.column.name, what)
  return column
}

/** A parameter of an encrypted column, which is one of an operator that is not known: `x = any(…)`, perhaps. */
function checkParam(scope: Scope, param: Param, what: string): Param {
  const mark = scope.tables.encrypted(param.encoder)
  if (mark) throw refuseUse(mark.table, mark.column.name, what)
  if (is(param.value, SQL)) rewriteSql(scope, param.value, what)
  return param
}

/**
 * A subquery has become text already, in which columns can be names: what it selects is known, and its conditions
 * are refused by the query that it was made of.
 */
export function checkSubquery<Value extends Subquery>(
  scope: Scope,
  query: Value,
  what: string,
): Value {
  for (const { field } of flatten(query._.selectedFields)) {
    const mark = scope.tables.encrypted(field)
    if (mark) throw refuseSubquery(mark.table.name, mark.column.name)
  }
  const jobs = scope.jobs.length
  // Drizzle itself has put names of columns into it.
  rewrite({ ...scope, names: new Map() }, query._.sql, what)
  if (scope.jobs.length > jobs) throw refuseSubquery(undefined, undefined)
  return query
}

export function refuseSubquery(
  table: string | undefined,
  column: string | undefined,
): RefusedQueryError {
  const name = table === undefined ? 'An encrypted column' : `${table}.${column ?? ''}`
  return new RefusedQueryError(
    `${name} cannot be selected or searched in a subquery, a view or by WITH: select it in the outer query; a query ` +
      'within inArray or exists may search by it',
    { table, column },
  )
}

const operators = ['>', '>=', '<', '<=', 'like', 'not like', 'ilike', 'not ilike']
const words = ['between', 'not between', 'asc', 'desc', '@>', '<@', '&&', '=', '<>']

/** Only what is known is told: the text of an expression can hold a secret. */
function nameOperator(operator: string | undefined): string | undefined {
  if (operator === 'asc' || operator === 'desc') return 'ORDER BY'
  return operator !== undefined && [...operators, ...words].includes(operator)
    ? `the operator ${operator}`
    : undefined
}
