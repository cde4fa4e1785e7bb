import type { CompiledQuery, QueryResult } from 'kysely'
import type { FieldCipher } from '../field-cipher.ts'
import { isSameStored } from '../stored.ts'
import type { AnyTable } from '../table.ts'

type Row = Record<string, unknown>

/** An encrypted column in the rows of a result. */
export interface Cell {
  /** The property that has its ciphertext. */
  readonly property: string
  /** The property to decrypt it into, if it is another one, and if it has this cell and not another column. */
  readonly shownAs?: string
  readonly table: AnyTable
  readonly column: string
  /** The properties that have the row's primary key. */
  readonly keys: ReadonlyMap<string, string>
}

/** A cell that has to have one of the values that were searched for: the index alone is no proof. */
export interface Filter {
  readonly cell: Cell
  readonly searched: readonly unknown[]
}

/** What is done to the rows of a result. */
export interface ResultPlan {
  readonly cells: readonly Cell[]
  readonly filters: readonly Filter[]
  /** Properties that the query was not asked for. */
  readonly hidden: ReadonlySet<string>
}

// Of all instances, since what one has compiled another may run, such as that of a replica.
const plans = new WeakMap<CompiledQuery['query'], ResultPlan>()

export function keepPlan(compiled: CompiledQuery, plan: ResultPlan): void {
  plans.set(compiled.query, plan)
}

export function planOf(compiled: CompiledQuery): ResultPlan | undefined {
  return plans.get(compiled.query)
}

/** The result as it was asked for: decrypted, filtered, without what was added. */
export async function openResult<Result>(
  cipher: FieldCipher,
  plan: ResultPlan | undefined,
  result: QueryResult<Result>,
): Promise<QueryResult<Result>> {
  if (!plan || result.rows.length === 0) return result
  const rows = result.rows as Row[]
  // Keys are read from the driver's rows, which stay as they are: a cell never overwrites what another one needs.
  const opened = rows.map((row) => ({ ...row }))
  for (const cells of together(plan.cells)) await openCells(cipher, cells, rows, opened)
  let kept = opened
  for (const filter of plan.filters) kept = await matching(cipher, filter, kept)
  for (const row of kept) for (const name of plan.hidden) Reflect.deleteProperty(row, name)
  return { ...result, rows: kept as Result[] }
}

/** Cells of one row of one table, which are decrypted as one row: a column that is there twice makes two of them. */
function together(cells: readonly Cell[]): Cell[][] {
  const groups: Cell[][] = []
  for (const cell of cells) {
    const group = groups.find(
      (others) =>
        others[0]?.keys === cell.keys && !others.some(({ column }) => column === cell.column),
    )
    if (group) group.push(cell)
    else groups.push([cell])
  }
  return groups
}

async function openCells(
  cipher: FieldCipher,
  cells: readonly Cell[],
  rows: readonly Row[],
  opened: readonly Row[],
): Promise<void> {
  const [first] = cells
  if (!first) return
  const stored = rows.map((row) => {
    const one: Row = {}
    for (const [key, property] of first.keys) one[key] = row[property]
    for (const { column, property } of cells) one[column] = row[property]
    return one
  })
  const plain: Row[] = await cipher.decryptRows(first.table, stored)
  for (const [index, row] of opened.entries()) {
    for (const { column, property, shownAs } of cells) {
      const value = plain[index]?.[column]
      // Ciphertexts are never the same by chance; where both columns have null, either will do.
      if (shownAs !== undefined && isSameStored(row[shownAs], row[property])) row[shownAs] = value
      row[property] = value
    }
  }
}

async function matching(
  cipher: FieldCipher,
  { cell: { table, column, property }, searched }: Filter,
  rows: Row[],
): Promise<Row[]> {
  const values = rows.map((row) => row[property])
  const matches = await cipher.areMatches(table, column, values, searched)
  return rows.filter((_, index) => matches[index])
}
