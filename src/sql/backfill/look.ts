import { EnvelopeError } from '../../errors.ts'
import { boundKey, showKey } from '../row-key.ts'
import type { EncryptedColumn } from '../table.ts'
import type { Plan, PlannedColumn } from './plan.ts'
import type { Row } from './statements.ts'

/** A plaintext that a row has. */
export interface Given {
  readonly value: unknown
  /** The codec's bytes, which are what is compared. */
  readonly bytes: Uint8Array
}

/** What was found in a row. */
export interface Look {
  readonly row: Row
  /** The primary key, as the driver returned it. */
  readonly key: Row
  /** The primary key as text, by which the row is found again, and which errors name. */
  readonly id: string
  /** The plaintexts, by encrypted column. */
  readonly given: ReadonlyMap<string, Given>
  /** The encrypted columns that have a plaintext and no value yet. */
  readonly missing: readonly EncryptedColumn[]
}

/** @throws EnvelopeError ERR_BACKFILL if a plaintext is not of its column's type. */
export function lookAt(plan: Plan, row: Row): Look {
  const id = showKey(boundKey(plan.table, row))
  const names = Object.keys(plan.table.primaryKey)
  const given = new Map<string, Given>()
  for (const planned of plan.columns) {
    const { column, plaintext } = planned
    if (!plaintext || row[plaintext.column] === null) continue
    given.set(column.name, givenValue(plan, planned, id, row[plaintext.column]))
  }
  return {
    row,
    key: Object.fromEntries(names.map((name) => [name, row[name]])),
    id,
    given,
    missing: plan.columns
      .map(({ column }) => column)
      .filter(({ name }) => given.has(name) && row[name] === null),
  }
}

function givenValue(plan: Plan, planned: PlannedColumn, id: string, plain: unknown): Given {
  const { name, codec } = planned.column
  let value = plain
  if (planned.plaintext?.convert) {
    try {
      value = planned.plaintext.convert(plain)
    } catch {
      // What it threw may quote the value.
      throw rowError(plan, id, `convert.${name} has thrown an error`)
    }
  }
  try {
    return { value, bytes: codec.encode(value) }
  } catch {
    throw rowError(
      plan,
      id,
      `the plaintext of ${name} is no value of the type ${codec.name}: make it one by convert.${name}`,
    )
  }
}

/** Names the row, and never a value. */
export function rowError(plan: Plan, id: string, what: string): EnvelopeError {
  return new EnvelopeError('ERR_BACKFILL', `The row of ${plan.table.name} with ${id}: ${what}`)
}
