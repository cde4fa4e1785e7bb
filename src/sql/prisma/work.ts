import type { FieldCipher } from '../field-cipher.ts'
import { refuseWithoutKey } from '../lookup.ts'
import type { AnyTable, EncryptedColumn } from '../table.ts'
import { ofPrisma } from './values.ts'

type Row = Record<string, unknown>

/** Values of a row that are to be encrypted into `target`, which goes to Prisma. */
export interface Sealing {
  readonly table: AnyTable
  readonly values: Row
  readonly target: Row
  /** What the operation is called in an error. */
  readonly what: string
  /** Whether the key can still be read from the database, by the condition of the query. */
  readonly isReadable: boolean
  /** The primary key, once it is known. */
  key: Row | undefined
}

interface Lookup {
  readonly table: AnyTable
  readonly column: EncryptedColumn
  readonly value: unknown
  readonly set: (index: unknown) => void
}

/**
 * What one query has to have computed before it is sent. Until then its arguments lack these values: no plaintext
 * and no promise stands in their place.
 */
export class Work {
  readonly #sealings = new Set<Sealing>()
  readonly #lookups: Lookup[] = []

  seal(sealing: Sealing): void {
    this.#sealings.add(sealing)
  }

  /** The one whose key has to be read, if there is one. */
  get unkeyed(): Sealing | undefined {
    return [...this.#sealings].find(({ key, isReadable }) => isReadable && !key)
  }

  /** Of a row that is not there, nothing is encrypted. */
  drop(sealing: Sealing): void {
    this.#sealings.delete(sealing)
  }

  lookUp(table: AnyTable, column: EncryptedColumn, value: unknown, set: Lookup['set']): void {
    this.#lookups.push({ table, column, value, set })
  }

  /** Sets the blind indexes that rows are looked up by. */
  async index(cipher: FieldCipher): Promise<void> {
    for (const { table, column, value, set } of this.#lookups) {
      set(ofPrisma(await cipher.indexValue(table, column.name, value)))
    }
  }

  /** Encrypts all values, those of one table together. */
  async encrypt(cipher: FieldCipher): Promise<void> {
    const keyed = [...this.#sealings].map((sealing) => ({ ...sealing, row: rowOf(sealing) }))
    for (const table of new Set(keyed.map((sealing) => sealing.table))) {
      const own = keyed.filter((sealing) => sealing.table === table)
      const stored: Row[] = await cipher.encryptRows(
        table,
        own.map(({ row }) => row as never),
      )
      for (const [index, { target }] of own.entries()) {
        for (const [name, value] of Object.entries(stored[index] ?? {})) {
          if (!Object.hasOwn(table.primaryKey, name)) target[name] = ofPrisma(value)
        }
      }
    }
  }
}

function rowOf({ table, values, what, key }: Sealing): Row {
  if (key) return { ...values, ...key }
  throw refuseWithoutKey(table, Object.keys(values)[0] ?? '', what)
}
