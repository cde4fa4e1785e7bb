import { inspect } from 'node:util'
import { RefusedQueryError } from '../../errors.ts'
import type { FieldCipher } from '../field-cipher.ts'
import { type PendingRow, encryptPending } from '../pending.ts'
import type { AnyTable } from '../table.ts'

/** Values of a column that are looked for, whose blind indexes are computed together. */
export interface Search {
  readonly table: AnyTable
  readonly column: string
  readonly values: readonly unknown[]
}

type Pending =
  | { readonly row: PendingRow; readonly name: string }
  | { readonly search: Search; readonly position: number }

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

  /** What the blind index of a column has for one of the values that are looked for. */
  static index(search: Search, position: number): Placeholder {
    const { table, column } = search
    return new Placeholder({ search, position }, `blind index of ${table.name}.${column}`)
  }

  /** Whether any of these parameters is encrypted later. */
  static isIn(parameters: readonly unknown[]): boolean {
    return parameters.some(isPlaceholder)
  }

  /** The parameters as they go to the driver. */
  static async resolve(
    cipher: FieldCipher,
    parameters: readonly unknown[],
  ): Promise<readonly unknown[]> {
    const pending = parameters.flatMap((value) => (isPlaceholder(value) ? value.#pending : []))
    if (pending.length === 0) return parameters
    const rows = new Set(pending.flatMap((one) => ('row' in one ? one.row : [])))
    const searches = new Set(pending.flatMap((one) => ('search' in one ? one.search : [])))
    const stored = await encryptPending(cipher, rows)
    const indexes = await indexesOf(cipher, searches)
    return parameters.map((value) => {
      if (!isPlaceholder(value)) return value
      const one = value.#pending
      return 'row' in one
        ? stored.get(one.row)?.[one.name]
        : indexes.get(one.search)?.[one.position]
    })
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

async function indexesOf(
  cipher: FieldCipher,
  searches: ReadonlySet<Search>,
): Promise<ReadonlyMap<Search, readonly unknown[]>> {
  const indexes = new Map<Search, readonly unknown[]>()
  for (const search of searches) {
    const { table, column, values } = search
    indexes.set(search, await cipher.indexValues(table, column, values))
  }
  return indexes
}
