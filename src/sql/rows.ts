import { show } from '../checks.ts'
import { FieldError } from '../errors.ts'
import type { Fields } from './fields.ts'
import { nameMeant } from './lookup.ts'
import { boundKey } from './row-key.ts'
import type { AnyTable } from './table.ts'
import { mapInTurns } from './turns.ts'

type Row = Record<string, unknown>

/** What is to be done for one value of a row: it sets the value itself. */
type Job = (signal: AbortSignal | undefined) => Promise<void>

const runJob = async (job: Job, signal: AbortSignal | undefined): Promise<void> => job(signal)

/** Copies of the rows with their encrypted columns encrypted, and the blind indexes added. */
export async function encryptRows(
  fields: Fields,
  table: AnyTable,
  rows: readonly object[],
  signal: AbortSignal | undefined,
): Promise<Row[]> {
  const stored: Row[] = []
  const jobs = encryptions(fields, table, rows, stored)
  await mapInTurns(fields.concurrency, jobs, signal, runJob)
  return stored
}

/** Copies of the rows with their encrypted columns decrypted, and without blind indexes. */
export async function decryptRows(
  fields: Fields,
  table: AnyTable,
  rows: readonly object[],
  signal: AbortSignal | undefined,
): Promise<Row[]> {
  const plain: Row[] = []
  const jobs = decryptions(fields, table, rows, plain)
  await mapInTurns(fields.concurrency, jobs, signal, runJob)
  return plain
}

/**
 * Reads one row at a time, as its values have their turn: 100,000 of them at once would hold up all others. All values
 * of a row are read together, so that what is stored is never half of what it was and half of what it became.
 */
function* encryptions(
  fields: Fields,
  table: AnyTable,
  rows: readonly object[],
  stored: Row[],
): Generator<Job> {
  const columns = Object.values(table.columns)
  const checked = new Set<string>()
  for (const row of rows) {
    const copy: Row = { ...row }
    stored.push(copy)
    refuseOtherSpelling(table, copy, checked)
    // Of the copy: an accessor of the row could give another key the next time.
    const key = boundKey(table, copy)
    const jobs: Job[] = []
    for (const column of columns) {
      const { name, index } = column
      if (index) refuseIndex(table, index.column, copy)
      const value = own(copy, name)
      if (value === undefined) continue
      if (index) copy[index.column] = null
      if (value === null) continue
      const encrypt = fields.encryption(table, column, key, value)
      const compute = index && fields.indexing(table, column, value)
      jobs.push(async (signal) => {
        const [ciphertext, indexed] = await Promise.all([encrypt(signal), compute?.(signal)])
        copy[name] = ciphertext
        if (index) copy[index.column] = indexed
      })
    }
    yield* jobs
  }
}

function* decryptions(
  fields: Fields,
  table: AnyTable,
  rows: readonly object[],
  plain: Row[],
): Generator<Job> {
  const columns = Object.values(table.columns)
  const indexes = columns.flatMap(({ index }) => (index ? [index.column] : []))
  for (const row of rows) {
    const copy: Row = { ...row }
    plain.push(copy)
    for (const index of indexes) Reflect.deleteProperty(copy, index)
    const present = columns.filter(({ name }) => (own(copy, name) ?? null) !== null)
    if (present.length === 0) continue
    const key = boundKey(table, copy)
    for (const column of present) {
      const stored = copy[column.name]
      yield async (signal) => {
        copy[column.name] = await fields.decrypt(table, column, key, stored, signal)
      }
    }
  }
}

/** A value of the row itself: a column can have the name of something that every object has. */
function own(row: Row, name: string): unknown {
  return Object.hasOwn(row, name) ? row[name] : undefined
}

/** A database that takes "Email" for "email" would store what is under that name as it is. */
function refuseOtherSpelling(table: AnyTable, row: Row, checked: Set<string>): void {
  for (const name of Object.keys(row)) {
    if (checked.has(name)) continue
    const column = nameMeant(table, name)
    if (column !== undefined) {
      throw new FieldError(
        'ERR_FIELD',
        `A row of ${table.name} has ${show(name)}, which a database may take for ${column}: write it that way`,
        { table: table.name, column },
      )
    }
    checked.add(name)
  }
}

function refuseIndex(table: AnyTable, column: string, row: Row): void {
  if (own(row, column) === undefined) return
  throw new FieldError(
    'ERR_FIELD',
    `A row of ${table.name} has ${column}, which is a blind index: it is computed, so leave it out`,
    { table: table.name, column },
  )
}
