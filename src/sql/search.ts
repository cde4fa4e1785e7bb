import { checkNotAborted } from '../errors.ts'
import type { Fields } from './fields.ts'
import type { AnyTable, EncryptedColumn, StoredValue } from './table.ts'
import { Turns, mapInTurns } from './turns.ts'

/** The blind index of each of the values. */
export async function indexValues(
  fields: Fields,
  table: AnyTable,
  column: EncryptedColumn,
  values: readonly unknown[],
  signal: AbortSignal | undefined,
): Promise<StoredValue[]> {
  return await mapInTurns(fields.concurrency, values, signal, async (value, indexSignal) =>
    fields.index(table, column, value, indexSignal),
  )
}

/**
 * For each of the values, whether it is one of those searched for. Every value is normalised once: compared each with
 * each, the long list of an IN and many rows would hold up the process for seconds.
 */
export async function areMatches(
  fields: Fields,
  table: AnyTable,
  column: EncryptedColumn,
  values: readonly unknown[],
  searched: readonly unknown[],
  signal: AbortSignal | undefined,
): Promise<boolean[]> {
  checkNotAborted(signal)
  const turns = new Turns()
  const forms = new Set<string>()
  for (const one of searched) {
    if (turns.isDue) await turns.give(signal)
    forms.add(fields.normalForm(table, column, one))
  }
  const matches: boolean[] = []
  for (const value of values) {
    if (turns.isDue) await turns.give(signal)
    // No value, though the index of one: not what was searched for.
    const isNone = value === null || value === undefined
    matches.push(!isNone && forms.has(fields.normalForm(table, column, value)))
  }
  return matches
}
