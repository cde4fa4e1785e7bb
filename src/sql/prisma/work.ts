import type { FieldCipher } from '../field-cipher.ts'
import { refuseWithoutKey } from '../lookup.ts'
import { encryptPending } from '../pending.ts'
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
  readonly values: readonly unknown[]
  /** Takes the blind index of each. */
  readonly set: (indexes: readonly unknown[]) => void
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

  lookUp(lookup: Lookup): void {
    this.#lookups.push(lookup)
  }

  /** Sets the blind indexes that rows are looked up by. */
  async index(cipher: FieldCipher): Promise<void> {
    for (const { table, column, values, set } of this.#lookups) {
      const indexes = await cipher.indexValues(table, column.name, values)
      set(indexes.map(ofPrisma))
    }
  }

  async encrypt(cipher: FieldCipher): Promise<void> {
    const keyed = [...this.#sealings].map((sealing) => ({ ...sealing, values: rowOf(sealing) }))
    for (const [{ table, target }, stored] of await encryptPending(cipher, keyed)) {
      for (const [name, value] of Object.entries(stored)) {
        if (!Object.hasOwn(table.primaryKey, name)) target[name] = ofPrisma(value)
      }
    }
  }
}

function rowOf({ table, values, what, key }: Sealing): Row {
  if (key) return { ...values, ...key }
  throw refuseWithoutKey(table, Object.keys(values)[0] ?? '', what)
}
