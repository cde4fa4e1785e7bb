import { isDeepStrictEqual } from 'node:util'
import { equalBytes } from '../../format/bytes.ts'
import { isSameStored } from '../stored.ts'
import type { EncryptedColumn } from '../table.ts'
import { type Given, type Look, rowError } from './look.ts'
import type { Plan } from './plan.ts'
import type { Row } from './statements.ts'

/** Columns of rows, and what they are to be. */
export type Changes = Map<Look, Record<string, unknown>>

/** What became of the values that rows had. */
export interface Verified {
  readonly verified: number
  readonly differing: number
  /** The blind indexes that are not those of their values, and what they have to be. */
  readonly indexes: Changes
}

/**
 * Decrypts the values that the rows have, and compares each with the plaintext beside it and with its blind index.
 *
 * @throws FieldError if a value cannot be decrypted.
 * @throws EnvelopeError ERR_BACKFILL if a value is not the plaintext beside it, unless the plan has it kept.
 */
export async function verify(plan: Plan, looks: readonly Look[]): Promise<Verified> {
  const stored = looks.map((look) => ({ ...look.key, ...valuesOf(plan, look) }))
  const decrypted: readonly Row[] = await plan.cipher.decryptRows(plan.table, stored)
  const indexes: Changes = new Map()
  let verified = 0
  let differing = 0
  for (const [position, look] of looks.entries()) {
    for (const [name, value] of Object.entries(decrypted[position] ?? {})) {
      const column = plan.columns.find((one) => one.column.name === name)?.column
      if (!column) continue
      const given = look.given.get(name)
      if (given && isSame(column, value, given)) verified++
      else if (given && plan.keepDiffering) differing++
      else if (given) throw difference(plan, look, name)
      await compareIndex(plan, look, column, value, indexes)
    }
  }
  return { verified, differing, indexes }
}

/** The encrypted values of a row that are to be compared: with a plaintext, or else with their index alone. */
function valuesOf(plan: Plan, { row, given }: Look): Row {
  const columns = plan.columns.filter(({ column: { name }, plaintext }) =>
    plaintext ? given.has(name) && row[name] !== null : true,
  )
  return Object.fromEntries(columns.map(({ column: { name } }) => [name, row[name]]))
}

function isSame(column: EncryptedColumn, value: unknown, given: Given): boolean {
  // JSONB has the members of an object in another order than the application that encrypted them.
  return (
    equalBytes(column.codec.encode(value), given.bytes) || isDeepStrictEqual(value, given.value)
  )
}

async function compareIndex(
  plan: Plan,
  look: Look,
  { name, index }: EncryptedColumn,
  value: unknown,
  indexes: Changes,
): Promise<void> {
  if (!index) return
  const right = value === null ? null : await plan.cipher.indexValue(plan.table, name, value)
  const found = look.row[index.column]
  if (isSameStored(found, right)) return
  indexes.set(look, { ...indexes.get(look), [index.column]: right })
}

function difference(plan: Plan, { id }: Look, name: string) {
  return rowError(
    plan,
    id,
    `${name} is encrypted, and is not the plaintext beside it; neither was changed. Does an application write ` +
      "one column without the other? If the encrypted value is the newer one, say so by onDifference: 'keep-encrypted'",
  )
}
