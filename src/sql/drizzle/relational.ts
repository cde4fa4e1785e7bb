import {
  type Column,
  One,
  type Relation,
  aliasedTableColumn,
  getOperators,
  getOrderByOperators,
  getTableUniqueName,
  is,
  sql,
} from 'drizzle-orm'
import { FieldError, RefusedQueryError } from '../../errors.ts'
import { ownNames } from '../lookup.ts'
import type { AnyTable } from '../table.ts'
import { limitOf } from './config.ts'
import { addNames, rewrite } from './rewrite.ts'
import { type Match, type Scope, conditionUse } from './scope.ts'
import { SealedValue, storedOf } from './sealed-value.ts'

type Row = Record<string, unknown>
type Options = Readonly<Record<string, unknown>>

/** A table as Drizzle's relational queries know it. */
interface RelationalTable {
  readonly tsName: string
  readonly columns: Readonly<Record<string, Column>>
  readonly relations: Readonly<Record<string, Relation>>
}

/** All of them, and their names by those of the database. */
export interface RelationalSchema {
  readonly tables: Readonly<Record<string, RelationalTable>>
  readonly names: Readonly<Record<string, string>>
}

/** One table of a relational query, and those nested in it. */
interface Level {
  readonly scope: Scope
  readonly isNested: boolean
  readonly definition: AnyTable | undefined
  readonly matches: readonly Match[]
  /** Encrypted columns that are selected, and indexes. */
  readonly columns: readonly string[]
  readonly indexes: readonly string[]
  /** What was added to the selection. */
  readonly hidden: readonly string[]
  readonly nested: Readonly<Record<string, Level>>
}

/** A relational query that has been looked through. */
export interface RelationalPlan {
  readonly config: Options
  readonly open: (rows: readonly Row[]) => Promise<Row[]>
}

const known = ['columns', 'with', 'where', 'orderBy', 'limit', 'offset', 'extras']

/** The configuration of a relational query, rewritten; `isFirst` for `findFirst`. */
export function planRelational(
  scope: Scope,
  schema: RelationalSchema,
  name: string,
  given: unknown,
  isFirst: boolean,
): RelationalPlan {
  const { config, level } = planLevel(scope, schema, {
    name,
    alias: name,
    given,
    inexact: isFirst ? 'findFirst' : undefined,
    isNested: false,
  })
  return { config, open: async (rows) => openLevel(level, rows) }
}

interface Place {
  readonly name: string
  readonly alias: string
  readonly given: unknown
  /** Why rows cannot be filtered, apart from a limit that is given. */
  readonly inexact: string | undefined
  readonly isNested: boolean
}

function planLevel(
  scope: Scope,
  schema: RelationalSchema,
  { name, alias, given, inexact, isNested }: Place,
): { config: Options; level: Level } {
  const table = schema.tables[name]
  if (!table) throw unknownVersion()
  const options: Options = typeof given === 'object' && given !== null ? { ...given } : {}
  const other = Object.keys(options).find((one) => !known.includes(one))
  if (other !== undefined) throw unknownVersion()
  const aliased = Object.fromEntries(
    Object.entries(table.columns).map(([key, column]) => [key, aliasedTableColumn(column, alias)]),
  )
  const [column] = Object.values(table.columns)
  if (column) addNames(scope, column.table)
  const use = conditionUse(inexact ?? limitOf(options))
  const where = rewrite(scope, call(options['where'], aliased, getOperators()), 'a condition', use)
  const selection = select(scope, table, options['columns'], use.matches)
  const nested = nestedLevels(scope, schema, table, alias, options['with'])
  const config = {
    ...options,
    ...(selection.columns && { columns: selection.columns }),
    ...(nested && { with: nested.config }),
    where,
    orderBy: rewrite(scope, call(options['orderBy'], aliased, getOrderByOperators()), 'ORDER BY'),
    extras: rewriteExtras(
      scope,
      selection.level.definition,
      call(options['extras'], aliased, { sql }),
    ),
  }
  const level = {
    ...selection.level,
    scope,
    isNested,
    matches: use.matches,
    nested: nested?.levels ?? {},
  }
  return { config: withoutUndefined(config), level }
}

/** Which columns are to be selected, and what is to be done with them. */
function select(
  scope: Scope,
  table: RelationalTable,
  given: unknown,
  matches: readonly Match[],
): {
  columns: Record<string, boolean> | undefined
  level: Pick<Level, 'definition' | 'columns' | 'indexes' | 'hidden'>
} {
  const [any] = Object.values(table.columns)
  const definition = any && scope.tables.definition(any.table)
  const chosen = chosenColumns(table, given)
  if (!definition) {
    return {
      columns: undefined,
      level: { definition, columns: [], indexes: [], hidden: [] },
    }
  }
  const encrypted = Object.keys(definition.columns)
  const indexes = chosen.filter((name) => {
    const column = table.columns[name]
    return column !== undefined && scope.tables.mark(column)?.isIndex === true
  })
  const needed = new Set(matches.map(({ mark }) => mark.column.name))
  const isOpened = needed.size > 0 || chosen.some((name) => encrypted.includes(name))
  for (const name of isOpened ? Object.keys(definition.primaryKey) : []) needed.add(name)
  const hidden = [...needed].filter((name) => !chosen.includes(name))
  const selected = [...chosen, ...hidden]
  return {
    columns: Object.fromEntries(selected.map((name) => [name, true])),
    level: {
      definition,
      columns: encrypted.filter((name) => selected.includes(name)),
      indexes,
      hidden,
    },
  }
}

/** As Drizzle has it: if any is `true`, only those; else all but those that are `false`. */
function chosenColumns({ columns }: RelationalTable, given: unknown): string[] {
  const all = Object.keys(columns)
  if (typeof given !== 'object' || given === null) return all
  const choice = Object.entries(given).filter(
    ([name, value]) => value !== undefined && Object.hasOwn(columns, name),
  )
  const included = choice.filter(([, value]) => value === true).map(([name]) => name)
  if (included.length > 0) return included
  return choice.length === 0 ? [] : all.filter((name) => !choice.some(([one]) => one === name))
}

function nestedLevels(
  scope: Scope,
  schema: RelationalSchema,
  table: RelationalTable,
  alias: string,
  given: unknown,
): { config: Options; levels: Record<string, Level> } | undefined {
  if (typeof given !== 'object' || given === null) return undefined
  const config: Record<string, unknown> = {}
  const levels: Record<string, Level> = {}
  for (const [relationName, value] of Object.entries(given)) {
    const relation = table.relations[relationName]
    if (!value || !relation) continue
    refuseEncryptedRelation(scope, relation)
    const name = schema.names[getTableUniqueName(relation.referencedTable)]
    if (name === undefined) throw unknownVersion()
    const place = {
      name,
      alias: `${alias}_${relationName}`,
      given: value as unknown,
      // Drizzle takes the first row that it finds.
      inexact: is(relation, One) ? 'a relation to one' : undefined,
      isNested: true,
    }
    const planned = planLevel(scope, schema, place)
    config[relationName] = planned.config
    levels[relationName] = planned.level
  }
  return { config, levels }
}

/** Ciphertexts are all different, so that nothing would ever be found. */
function refuseEncryptedRelation(scope: Scope, relation: Relation): void {
  const config: unknown = Reflect.get(relation, 'config')
  if (typeof config !== 'object' || config === null) return
  for (const name of ['fields', 'references']) {
    rewrite(scope, Reflect.get(config, name) as unknown, 'a relation')
  }
}

function rewriteExtras(scope: Scope, definition: AnyTable | undefined, extras: unknown): unknown {
  if (typeof extras !== 'object' || extras === null) return extras
  const own = Object.keys(extras).find((name) => definition && ownNames(definition).includes(name))
  if (definition && own !== undefined) {
    throw new RefusedQueryError(
      `extras has ${own}, which would stand in the place of the column of ${definition.name}: give it another name`,
      { table: definition.name, column: own },
    )
  }
  return Object.fromEntries(
    Object.entries(extras).map(([name, extra]) => [
      name,
      rewrite(scope, extra as unknown, 'extras'),
    ]),
  )
}

async function openLevel(level: Level, rows: readonly Row[]): Promise<Row[]> {
  const { definition, columns, scope } = level
  if (definition && columns.length > 0) await decrypt(level, definition, rows)
  for (const [name, nested] of Object.entries(level.nested)) await openNested(nested, name, rows)
  let matching = [...rows]
  for (const { mark, values } of level.matches) {
    const { name } = mark.column
    const found = matching.map((row) => row[name])
    const are = await scope.tables.cipher.areMatches(mark.table, name, found, values)
    matching = matching.filter((_, index) => are[index])
  }
  for (const row of matching) {
    for (const name of level.indexes) row[name] = null
    for (const name of level.hidden) Reflect.deleteProperty(row, name)
  }
  return matching
}

/** The rows of all parents in one call. */
async function openNested(level: Level, name: string, parents: readonly Row[]): Promise<void> {
  const all = parents.flatMap((parent) => rowsOf(parent[name]))
  const opened = new Set(await openLevel(level, all))
  for (const parent of parents) {
    const rows = parent[name]
    const remaining = rowsOf(rows).filter((row) => opened.has(row))
    if (Array.isArray(rows)) parent[name] = remaining
    else if (remaining.length === 0) parent[name] = null
  }
}

async function decrypt(level: Level, definition: AnyTable, rows: readonly Row[]): Promise<void> {
  const names = [...Object.keys(definition.primaryKey), ...level.columns]
  const stored = rows.map((row) =>
    Object.fromEntries(
      names.map((name) => {
        const value = row[name]
        if (SealedValue.is(value)) return [name, value.stored]
        return [name, level.isNested ? nestedKey(definition, name, value) : value]
      }),
    ),
  )
  const opened: Row[] = await level.scope.tables.cipher.decryptRows(definition, stored)
  for (const [index, row] of rows.entries()) {
    for (const name of level.columns) row[name] = opened[index]?.[name]
  }
}

/** A part of a key that has come as JSON, which has no bytes, and whose large numbers have lost digits. */
function nestedKey({ name: table, primaryKey }: AnyTable, name: string, value: unknown): unknown {
  const type = primaryKey[name]
  if (type === 'bytes') return storedOf({ storedAs: 'bytes' }, value) ?? value
  const isNumber = ['number', 'bigint', 'string'].includes(typeof value)
  if (type !== 'integer' || !isNumber || Number.isSafeInteger(Number(value))) return value
  throw new FieldError(
    'ERR_FIELD',
    `${table}.${name} of a nested row is too large a number: it came as JSON, which lost digits of it. Select the ` +
      'rows by a join, or by a query of their own',
    { table, column: name },
  )
}

function rowsOf(value: unknown): Row[] {
  if (Array.isArray(value)) return value as Row[]
  return typeof value === 'object' && value !== null ? [value as Row] : []
}

function call(option: unknown, columns: object, operators: object): unknown {
  return typeof option === 'function'
    ? (Reflect.apply(option, undefined, [columns, operators]) as unknown)
    : option
}

function withoutUndefined(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

function unknownVersion(): RefusedQueryError {
  return new RefusedQueryError('This query is of a version of Drizzle that is not known', {})
}
