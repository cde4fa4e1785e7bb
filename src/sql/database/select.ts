import {
  checkInteger,
  checkObject,
  checkOptions,
  checkSignal,
  isPlainObject,
} from '../../checks.ts'
import { InvalidArgumentError, checkNotAborted } from '../../errors.ts'
import { encryptedColumn, refuseUse } from '../lookup.ts'
import type { AnyTable } from '../table.ts'
import { checkSpelling, refuseBlindIndex } from './column-names.ts'
import type { SqlDatabase, SqlDialect } from './database.ts'
import { SqlText } from './sql-text.ts'
import { type Cipher, type Conditions, conditionsOf, matching } from './where.ts'

type Row = Readonly<Record<string, unknown>>

/** `SelectOptions` as they are once the types are gone. */
export interface Selection {
  readonly where?: object | undefined
  readonly columns?: readonly PropertyKey[] | undefined
  readonly orderBy?: unknown
  readonly limit?: number | undefined
  readonly offset?: number | undefined
  readonly forUpdate?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** Rows are decrypted so many at a time while it is not known how many will be needed. */
const chunkRows = 100

/** Reads rows and decrypts them. */
export async function select(
  database: SqlDatabase,
  cipher: Cipher,
  table: AnyTable,
  selection: Selection,
): Promise<Row[]> {
  checkSelection(selection)
  const { dialect } = database
  const { where = {}, columns, limit, offset = 0, forUpdate, signal } = selection
  const text = new SqlText(dialect)
  const conditions = await conditionsOf(dialect, cipher, table, { ...where }, text, signal)
  const wanted = columns?.map((column) => checkColumn(dialect, table, column))
  const read = wanted && [...new Set([...wanted, ...hiddenColumns(table, wanted, conditions)])]
  const names = read ? read.map((column) => dialect.quoteColumn(column)).join(', ') : '*'
  const { rows } = await database.run(
    text.statement(
      `SELECT ${names} FROM ${dialect.quote(table.name)}${conditions.text}` +
        orderOf(dialect, table, selection.orderBy) +
        (conditions.isExact ? limitOf(dialect, limit, offset) : '') +
        (forUpdate ? ' FOR UPDATE' : ''),
    ),
  )
  checkNotAborted(signal)
  const found = await decrypted(cipher, table, rows, conditions, selection)
  return wanted ? found.map((row) => only(wanted, row)) : found
}

async function decrypted(
  cipher: Cipher,
  table: AnyTable,
  rows: readonly Row[],
  conditions: Conditions,
  { limit, offset = 0, signal }: Selection,
): Promise<Row[]> {
  const { filters, isExact } = conditions
  const open = async (part: readonly Row[]) => {
    const plain: Row[] = await cipher.decryptRows(table, part, signal && { signal })
    return await matching(cipher, table, plain, filters, signal)
  }
  if (isExact) return [...(await open(rows))]
  const end = limit === undefined ? Infinity : offset + limit
  const found: Row[] = []
  for (let first = 0; first < rows.length && found.length < end; first += chunkRows) {
    found.push(...(await open(rows.slice(first, first + chunkRows))))
  }
  return found.slice(offset, end)
}

/** What rows are decrypted and compared by, where it was not asked for. */
function hiddenColumns(
  table: AnyTable,
  wanted: readonly string[],
  { filters }: Conditions,
): string[] {
  const searched = filters.map(({ column }) => column)
  const isNeeded = [...wanted, ...searched].some((column) => encryptedColumn(table, column))
  return isNeeded ? [...searched, ...Object.keys(table.primaryKey)] : []
}

function only(columns: readonly string[], row: Row): Row {
  return Object.fromEntries(columns.map((column) => [column, row[column]]))
}

function checkColumn(dialect: SqlDialect, table: AnyTable, column: PropertyKey): string {
  const name = String(column)
  checkSpelling(dialect, table, name)
  refuseBlindIndex(table, name)
  return name
}

function orderOf(dialect: SqlDialect, table: AnyTable, orderBy: unknown): string {
  if (orderBy === undefined) return ''
  const orders: readonly unknown[] = Array.isArray(orderBy) ? orderBy : [orderBy]
  const terms = orders.map((order) => {
    const { column, direction } = checkOrder(order)
    const name = checkColumn(dialect, table, column)
    if (encryptedColumn(table, name)) throw refuseUse(table, name, 'ORDER BY')
    return `${dialect.quoteColumn(name)} ${direction === 'desc' ? 'DESC' : 'ASC'}`
  })
  return terms.length === 0 ? '' : ` ORDER BY ${terms.join(', ')}`
}

function checkOrder(order: unknown): { column: string; direction: unknown } {
  if (typeof order === 'string') return { column: order, direction: 'asc' }
  checkOptions(order, ['column', 'direction'], 'orderBy')
  const { column, direction } = order as { column?: unknown; direction?: unknown }
  if (typeof column === 'string' && (direction === 'asc' || direction === 'desc')) {
    return { column, direction }
  }
  throw new InvalidArgumentError(
    'orderBy',
    "orderBy must be columns, or { column, direction: 'asc' or 'desc' }",
  )
}

/** As text, since MySQL takes no parameter of JavaScript's number here. They are whole numbers. */
function limitOf(dialect: SqlDialect, limit: number | undefined, offset: number): string {
  // MySQL has no OFFSET without a LIMIT; this is the largest.
  const all = dialect.name === 'mysql' && offset > 0 ? ' LIMIT 18446744073709551615' : ''
  const most = limit === undefined ? all : ` LIMIT ${limit}`
  return offset > 0 ? `${most} OFFSET ${offset}` : most
}

function checkSelection(selection: Selection): void {
  checkOptions(selection, ['where', 'columns', 'orderBy', 'limit', 'offset', 'forUpdate', 'signal'])
  const { where, columns, limit, offset, signal } = selection
  checkSignal(signal)
  checkNotAborted(signal)
  if (where !== undefined) {
    checkObject(where, 'where')
    if (!isPlainObject(where)) throw new InvalidArgumentError('where', 'where must be an object')
  }
  if (columns !== undefined && (!Array.isArray(columns) || columns.length === 0)) {
    throw new InvalidArgumentError('columns', 'columns must be an array of at least one column')
  }
  if (limit !== undefined) checkInteger(limit, 'limit', 0, Number.MAX_SAFE_INTEGER)
  if (offset !== undefined) checkInteger(offset, 'offset', 0, Number.MAX_SAFE_INTEGER)
}
