import { show } from '../../checks.ts'
import { type ItemError, RefusedRequestError } from '../../errors.ts'
import type { Call } from './call.ts'
import { unexpectedAnswer } from './place.ts'
import type { EncryptedTable } from './table-set.ts'

/** A table's part of a batch. */
export interface NamedTable<Value> {
  /** The table as the caller calls it, by its name or ARN. */
  readonly reference: string
  /** `undefined` if it is not encrypted. */
  readonly table: EncryptedTable | undefined
  readonly value: Value
}

/**
 * The parts of a batch, by tables.
 *
 * @throws RefusedRequestError if an encrypted table is in it by its name and by its ARN: which part an answer
 *   belongs to could not be told.
 */
export function tablesOf<Value>(
  requestItems: Record<string, Value>,
  call: Call,
): readonly NamedTable<Value>[] {
  const seen = new Set<EncryptedTable>()
  return Object.entries(requestItems).map(([reference, value]) => {
    const table = call.tables.find(reference, call.operation)
    if (table && seen.has(table)) {
      throw new RefusedRequestError(
        `${call.operation} has the encrypted table ${show(table.name)} twice, by its name and by its ARN: ` +
          'call it by one of them',
        { operation: call.operation, tableName: table.name },
      )
    }
    if (table) seen.add(table)
    return { reference, table, value }
  })
}

/** The part of the request that a part of the answer belongs to; `undefined` if its table is not encrypted. */
export function tableOfAnswer<Value>(
  reference: string,
  requests: readonly NamedTable<Value>[],
  call: Call,
): (NamedTable<Value> & { readonly table: EncryptedTable }) | undefined {
  const table = call.tables.find(reference, call.operation)
  if (!table) return undefined
  const request = requests.find((request) => request.table === table)
  if (request) return { ...request, table }
  throw notAskedFor(reference, call)
}

export function notAskedFor(reference: string, { operation }: Call): ItemError {
  return unexpectedAnswer(operation, `has the table ${show(reference)}, which was not asked for`)
}
