import { errorName } from '../../errors.ts'
import type { SqlDatabase, Statement } from '../database/database.ts'
import { codeOf } from '../database/dialects.ts'
import { boundKey, showKey } from '../row-key.ts'
import { type Look, lookAt, rowError } from './look.ts'
import type { BackfillProgress } from './options.ts'
import type { Plan } from './plan.ts'
import type { Row, Statements } from './statements.ts'
import { type Changes, verify } from './verify.ts'

/**
 * One batch, in a transaction that has begun: the rows are locked, encrypted, written, read back, compared and, if so
 * planned, cleared. The lock is what keeps an older plaintext from being written over a newer value.
 */
export async function runBatch(
  plan: Plan,
  statements: Statements,
  database: SqlDatabase,
  keys: readonly Row[],
): Promise<BackfillProgress> {
  const { rows } = await database.run(statements.lockRows(keys))
  const looks = rows.map((row) => lookAt(plan, row))
  const { verified, differing, indexes } = await verify(plan, looks)
  const changes = await encrypt(plan, looks)
  for (const [look, columns] of indexes) changes.set(look, { ...changes.get(look), ...columns })
  for (const [look, columns] of changes) {
    const stillNull = look.missing.map(({ name }) => name)
    const statement = statements.setColumns(look.key, columns, stillNull)
    await write(plan, database, look.id, statement, 1)
  }
  await readBack(plan, statements, database, [...changes.keys()])
  return {
    rows: rows.length,
    encrypted: sum(looks.map(({ missing }) => missing.length)),
    verified,
    differing,
    indexed: sum([...indexes.values()].map((columns) => Object.keys(columns).length)),
    cleared: plan.clear ? await clear(plan, statements, database, looks) : 0,
  }
}

async function encrypt(plan: Plan, looks: readonly Look[]): Promise<Changes> {
  const lacking = looks.filter(({ missing }) => missing.length > 0)
  const rows = lacking.map(({ key, given, missing }) => ({
    ...key,
    ...Object.fromEntries(missing.map(({ name }) => [name, given.get(name)?.value])),
  }))
  const stored: readonly Row[] = await plan.cipher.encryptRows(plan.table, rows)
  return new Map(
    lacking.map((look, position) => {
      const columns = Object.entries(stored[position] ?? {})
      return [look, Object.fromEntries(columns.filter(([name]) => !Object.hasOwn(look.key, name)))]
    }),
  )
}

/** Reads what was written as anybody will read it, and decrypts and compares that. */
async function readBack(
  plan: Plan,
  statements: Statements,
  database: SqlDatabase,
  written: readonly Look[],
): Promise<void> {
  if (written.length === 0) return
  const { rows } = await database.run(statements.lockRows(written.map(({ key }) => key)))
  const byId = new Map(rows.map((row) => [showKey(boundKey(plan.table, row)), row]))
  const looks = written.map(({ id }) => {
    const row = byId.get(id)
    if (row) return lookAt(plan, row)
    throw rowError(plan, id, 'it was not found again once it was written')
  })
  const { indexes } = await verify(plan, looks)
  const wrong = looks.find((look) => look.missing.length > 0 || indexes.has(look))
  if (!wrong) return
  throw rowError(
    plan,
    wrong.id,
    'what was read back is not what was written: do the encrypted column and its index have types that keep bytes?',
  )
}

async function clear(
  plan: Plan,
  statements: Statements,
  database: SqlDatabase,
  looks: readonly Look[],
): Promise<number> {
  const rows = looks.filter(({ given }) => given.size > 0)
  const [first] = rows
  if (!first) return 0
  const id = rows.length === 1 ? first.id : `${first.id}, and up to ${rows.length - 1} after it`
  const statement = statements.clearPlaintexts(rows.map(({ key }) => key))
  await write(plan, database, id, statement, rows.length)
  return sum(rows.map(({ given }) => given.size))
}

async function write(
  plan: Plan,
  database: SqlDatabase,
  id: string,
  statement: Statement,
  rows: number,
): Promise<void> {
  let affected: number
  try {
    affected = (await database.run(statement)).affectedRows
  } catch (error) {
    if (database.dialect.isContention(error)) throw error
    // The driver's error is left out: in PostgreSQL its detail quotes the row, with the plaintext.
    const code = codeOf(error)
    const told = typeof code === 'string' ? ` ${code}` : ''
    throw rowError(plan, id, `the database did not write it: ${errorName(error)}${told}`)
  }
  if (affected === rows) return
  throw rowError(plan, id, 'it has changed while it was locked: the table has to be transactional')
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
