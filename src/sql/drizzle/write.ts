import {
  Column,
  Param,
  SQL,
  Table,
  getTableColumns,
  getTableUniqueName,
  is,
  sql,
} from 'drizzle-orm'
import { RefusedQueryError } from '../../errors.ts'
import { refuseExpression } from '../lookup.ts'
import { wholeKey } from '../row-key.ts'
import type { AnyTable } from '../table.ts'
import { copyWith } from './chunks.ts'
import {
  type Config,
  arrayOf,
  checkSource,
  checkJoins,
  checkWith,
  conditionOf,
  configOf,
  rewriteJoins,
} from './config.ts'
import { Opening } from './opening.ts'
import type { Plan } from './plan.ts'
import { addNames, rewrite } from './rewrite.ts'
import { type ConditionUse, type Match, type Scope, conditionUse } from './scope.ts'
import type { SelectedField } from './selection.ts'
import { type KeyValues, Sealer, type Values, isAbsent, keyIn, parameters } from './values.ts'

/** What a method that makes an INSERT an upsert was told. */
export interface Conflict {
  readonly method: 'onConflictDoUpdate' | 'onDuplicateKeyUpdate'
  readonly target: unknown
  readonly set: Readonly<Record<string, unknown>>
  /** All that it was told. */
  readonly clause: object
}

const insertKnown = [
  'table',
  'values',
  'withList',
  'onConflict',
  'returning',
  'returningFields',
  'select',
  'overridingSystemValue_',
  'ignore',
]
const changeKnown = ['table', 'set', 'where', 'from', 'joins', 'withList', 'orderBy', 'limit']
const writeKnown = [...changeKnown, 'returning', 'returningFields']

/** Drizzle's own query of an INSERT, rewritten. */
export function planInsert(scope: Scope, builder: object, conflict: Conflict | undefined): Plan {
  const config = configOf(builder, insertKnown, 'INSERT')
  const table = tableOf(config)
  const definition = scope.tables.definition(table)
  checkWith(scope, config)
  addNames(scope, table)
  const given = arrayOf(config['values']) as Values[]
  const changes: Record<string, unknown> = {
    onConflict: rewrite(scope, config['onConflict'], 'ON CONFLICT'),
  }
  const set = conflict && parameters(table, conflict.set)
  let upserted = set
  if (config['select'] === true) {
    const [column] = Object.keys(definition?.columns ?? {})
    if (definition && column !== undefined) {
      throw refuseExpression(definition, column, 'INSERT with a SELECT')
    }
    changes['values'] = rewrite(scope, config['values'], 'INSERT')
  } else if (definition) {
    const sealer = new Sealer(scope, table, definition, 'INSERT')
    const rows = given.map((row) => sealer.insert(row))
    changes['values'] = rows
    if (conflict && set) {
      const statement =
        conflict.method === 'onConflictDoUpdate' ? 'ON CONFLICT' : 'ON DUPLICATE KEY'
      upserted = new Sealer(scope, table, definition, statement).upsert(set, {
        key: () => conflictKey(definition, table, conflict, rows),
        isExcludedKey: isKeyTarget(definition, table, conflict.target),
      })
    }
  } else {
    changes['values'] = given.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, rewrite(scope, value, 'INSERT')]),
      ),
    )
  }
  const query = copyWith(builder, { config: { ...config, ...changes } })
  if (conflict && upserted) addConflict(scope, query, conflict, upserted)
  return returningOf(scope, query, config)
}

/** Drizzle's own query of an UPDATE or DELETE, rewritten. */
export function planChange(scope: Scope, builder: object, statement: 'UPDATE' | 'DELETE'): Plan {
  const config = configOf(builder, writeKnown, statement)
  const table = tableOf(config)
  const definition = scope.tables.definition(table)
  const condition = conditionUse(statement)
  checkWith(scope, config)
  addNames(scope, table)
  checkSource(scope, config['from'])
  checkJoins(scope, config['joins'])
  const where = rewrite(scope, conditionOf(config), 'a condition', condition)
  const changes: Record<string, unknown> = {
    where,
    joins: rewriteJoins(scope, config['joins']),
    orderBy: rewrite(scope, config['orderBy'], 'ORDER BY'),
  }
  if (statement === 'UPDATE') {
    const set = config['set'] as Values
    changes['set'] = definition
      ? new Sealer(scope, table, definition, statement).update(set, () =>
          fixedKey(definition, table, condition),
        )
      : Object.fromEntries(
          Object.entries(set).map(([name, value]) => [name, rewrite(scope, value, statement)]),
        )
  }
  const query = copyWith(builder, { config: { ...config, ...changes } })
  // RETURNING has the new value of what is set, and no more the one that was compared.
  const compared = condition.matches.filter(
    ({ column, mark }) =>
      getTableUniqueName(column.table) !== getTableUniqueName(table) ||
      isAbsent((config['set'] as Values | undefined)?.[mark.column.name]),
  )
  return returningOf(scope, query, config, compared)
}

/**
 * The key of the row that an upsert finds: that of the only row to be inserted, if the primary key is what conflicts.
 * MySQL has it act on any unique key, so that the row need not be the one that was to be inserted.
 */
function conflictKey(
  definition: AnyTable,
  table: Table,
  { target }: Conflict,
  rows: readonly Values[],
): KeyValues | undefined {
  const [row] = rows
  if (rows.length !== 1 || !row || !isKeyTarget(definition, table, target)) return undefined
  return keyIn(definition, row)
}

function isKeyTarget(definition: AnyTable, table: Table, target: unknown): boolean {
  const given: unknown[] = Array.isArray(target) ? target : [target]
  const columns = getTableColumns(table)
  const names = given.map((one) => (is(one, Column) ? one.name : undefined)).sort()
  const key = Object.keys(definition.primaryKey).map((name) => columns[name]?.name)
  return key.length === names.length && key.sort().every((name, index) => name === names[index])
}

/** Has Drizzle add the clause again, to the copy of its query. */
function addConflict(scope: Scope, query: object, conflict: Conflict, set: Values): void {
  // Drizzle takes values and expressions there, and no parameters.
  const entries = Object.entries(set).map(([name, value]) => {
    if (is(value, Param)) return [name, sql`${value}`]
    return [name, is(value, SQL) ? rewrite(scope, value, 'ON CONFLICT') : value]
  })
  const clause = { ...conflict.clause, set: Object.fromEntries(entries) as Values }
  for (const name of ['where', 'targetWhere', 'setWhere']) {
    const condition: unknown = Reflect.get(clause, name)
    if (condition !== undefined) Reflect.set(clause, name, rewrite(scope, condition, 'ON CONFLICT'))
  }
  const add: unknown = Reflect.get(query, conflict.method)
  if (typeof add === 'function') Reflect.apply(add, query, [clause])
}

/** The primary key to which a condition restricts the statement. */
function fixedKey(definition: AnyTable, table: Table, use: ConditionUse): KeyValues | undefined {
  const name = getTableUniqueName(table)
  const columns = getTableColumns(table)
  return wholeKey(definition, (key) => {
    const found = use.fixed.find(
      ({ column }) =>
        column.name === columns[key]?.name && getTableUniqueName(column.table) === name,
    )
    return found?.value
  })
}

/** Adds to RETURNING what its rows are decrypted with. */
function returningOf(
  scope: Scope,
  query: object,
  config: Config,
  compared: readonly Match[] = [],
): Plan {
  const opening = new Opening(scope.tables)
  const returning = arrayOf(config['returning']) as SelectedField[]
  if (returning.length === 0) return { query, opening }
  opening.select(returning)
  opening.match(compared, true)
  const fields = returning.map(({ path, field }) => ({
    path,
    field: is(field, Column) ? field : rewrite(scope, field, 'RETURNING'),
  }))
  const hidden = opening.hidden.map(({ name, column }) => ({ path: [name], field: column }))
  const changed: unknown = Reflect.get(query, 'config')
  return {
    query: copyWith(query, {
      config: Object.assign({}, changed, { returning: [...fields, ...hidden] }),
    }),
    opening,
  }
}

function tableOf({ table }: Config): Table {
  if (is(table, Table)) return table
  throw new RefusedQueryError('This statement is of a version of Drizzle that is not known', {})
}
