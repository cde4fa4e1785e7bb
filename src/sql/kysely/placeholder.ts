import { inspect } from 'node:util'
import { RefusedQueryError } from '../../errors.ts'
import type { FieldCipher } from '../field-cipher.ts'
import type { AnyTable } from '../table.ts'

/** Values of one row that are to be encrypted together. It has the row's primary key, too. */
export interface PendingRow {
  readonly table: AnyTable
  readonly values: Record<string, unknown>
}

type Pending =
  | { readonly row: PendingRow; readonly name: string }
  | {
      readonly table: AnyTable
      readonly column: string
      readonly searched: unknown
    }

/**
 * Stands for a parameter that is encrypted once the query runs. Drivers turn objects that they do not know into text
 * or JSON: every way to do that throws, so that no plaintext and no `{}` is stored where this gets past the connection.
 */
export class Placeholder {
  // Private, so that no serializer and no inspection sees the plaintext.
  readonly #pending: Pending
  readonly #label: string
  /** A function that can be seen: structuredClone, which asks no method, throws at it instead of making a `{}`. */
  readonly unresolved = (): never => {
    throw this.#unresolved()
  }

  private constructor(pending: Pending, label: string) {
    this.#pending = pending
    this.#label = label
  }

  /** An encrypted column of a row, or its blind index. */
  static value(row: PendingRow, name: string): Placeholder {
    return new Placeholder({ row, name }, `encrypted ${row.table.name}.${name}`)
  }

  /** What the blind index of a column has for a value that is looked for. */
  static index(table: AnyTable, column: string, searched: unknown): Placeholder {
    return new Placeholder({ table, column, searched }, `blind index of ${table.name}.${column}`)
  }

  /** Whether any of these parameters is encrypted later. */
  static isIn(parameters: readonly unknown[]): boolean {
    return parameters.some(isPlaceholder)
  }

  /** The parameters as they go to the driver: rows of one table are encrypted in one call. */
  static async resolve(
    cipher: FieldCipher,
    parameters: readonly unknown[],
  ): Promise<readonly unknown[]> {
    const pending = parameters.flatMap((value) => (isPlaceholder(value) ? value.#pending : []))
    if (pending.length === 0) return parameters
    const rows = new Set(pending.flatMap((one) => ('row' in one ? one.row : [])))
    const stored = await encryptPending(cipher, rows)
    return await Promise.all(
      parameters.map(async (value) => {
        if (!isPlaceholder(value)) return value
        const one = value.#pending
        if ('row' in one) return stored.get(one.row)?.[one.name]
        return await cipher.indexValue(one.table, one.column, one.searched)
      }),
    )
  }

  toJSON(): never {
    throw this.#unresolved()
  }

  toString(): never {
    throw this.#unresolved()
  }

  valueOf(): never {
    throw this.#unresolved()
  }

  [Symbol.toPrimitive](): never {
    throw this.#unresolved()
  }

  /** How `pg` asks an object for its value. */
  toPostgres(): never {
    throw this.#unresolved()
  }

  /** How `mysql2` asks an object for its value. */
  toSqlString(): never {
    throw this.#unresolved()
  }

  [inspect.custom](): string {
    return `<${this.#label}>`
  }

  static is(value: object): value is Placeholder {
    return #pending in value
  }

  #unresolved(): RefusedQueryError {
    return new RefusedQueryError(
      `This parameter (${this.#label}) is not encrypted yet. Run the query through the Kysely instance that compiled ` +
        'it, whose dialect is an EncryptedDialect',
      {},
    )
  }
}

function isPlaceholder(value: unknown): value is Placeholder {
  return typeof value === 'object' && value !== null && Placeholder.is(value)
}

async function encryptPending(
  cipher: FieldCipher,
  pending: ReadonlySet<PendingRow>,
): Promise<ReadonlyMap<PendingRow, Record<string, unknown>>> {
  const stored = new Map<PendingRow, Record<string, unknown>>()
  for (const table of new Set([...pending].map((row) => row.table))) {
    const rows = [...pending].filter((row) => row.table === table)
    const values = rows.map((row) => row.values)
    const encrypted: Record<string, unknown>[] = await cipher.encryptRows(table, values)
    for (const [index, row] of rows.entries()) stored.set(row, encrypted[index] ?? {})
  }
  return stored
}
