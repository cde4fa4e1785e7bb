import { mapWithin } from '../concurrency.ts'
import { FieldError } from '../errors.ts'
import { otherTurn } from '../keyrings/turns.ts'
import type { Fields } from './fields.ts'
import { boundKey } from './row-key.ts'
import type { AnyTable, EncryptedColumn } from './table.ts'

type Row = Record<string, unknown>

/** What is to be done for one value of a row: it sets the value itself. */
type Job = (signal: AbortSignal) => Promise<void>

/** Local keys wait for nothing, so a large call gives the event loop a turn about this often. */
const turnMs = 5

/** Copies of the rows with their encrypted columns encrypted, and the blind indexes added. */
export async function encryptRows(
  fields: Fields,
  table: AnyTable,
  rows: readonly object[],
  signal: AbortSignal | undefined,
): Promise<Row[]> {
  const jobs: Job[] = []
  const stored = rows.map((row) => {
    const copy: Row = { ...row }
    const key = boundKey(table, row)
    for (const column of Object.values(table.columns)) {
      const { name, index } = column
      if (index) refuseIndex(table, index.column, copy)
      const value = copy[name]
      if (value === undefined) continue
      if (index) copy[index.column] = null
      if (value === null) continue
      jobs.push(async (jobSignal) => {
        copy[name] = await fields.encrypt(table, column, key, value, jobSignal)
      })
      if (!index) continue
      jobs.push(async () => {
        copy[index.column] = await fields.index(table, column, value)
      })
    }
    return copy
  })
  await run(fields, jobs, signal)
  return stored
}

/** Copies of the rows with their encrypted columns decrypted, and without blind indexes. */
export async function decryptRows(
  fields: Fields,
  table: AnyTable,
  rows: readonly object[],
  signal: AbortSignal | undefined,
): Promise<Row[]> {
  const columns = Object.values(table.columns)
  const jobs: Job[] = []
  const plain = rows.map((row) => {
    const copy: Row = { ...row }
    const present = columns.filter((column) => take(column, copy) != null)
    if (present.length === 0) return copy
    const key = boundKey(table, row)
    for (const column of present) {
      const stored = copy[column.name]
      jobs.push(async (jobSignal) => {
        copy[column.name] = await fields.decrypt(table, column, key, stored, jobSignal)
      })
    }
    return copy
  })
  await run(fields, jobs, signal)
  return plain
}

/** The value of a column; its blind index is taken out of the row. */
function take({ name, index }: EncryptedColumn, row: Row): unknown {
  if (index) Reflect.deleteProperty(row, index.column)
  return row[name]
}

async function run(
  fields: Fields,
  jobs: readonly Job[],
  signal: AbortSignal | undefined,
): Promise<void> {
  let turn = performance.now()
  await mapWithin(fields.concurrency, jobs, signal, async (job, _index, jobSignal) => {
    if (performance.now() - turn >= turnMs) {
      await otherTurn(jobSignal)
      turn = performance.now()
    }
    await job(jobSignal)
  })
}

function refuseIndex(table: AnyTable, column: string, row: Row): void {
  if (row[column] === undefined) return
  throw new FieldError(
    'ERR_FIELD',
    `A row of ${table.name} has ${column}, which is a blind index: it is computed, so leave it out`,
    { table: table.name, column },
  )
}
