import { inspect } from 'node:util'
import { isBytes } from '../../checks.ts'
import type { EncryptedColumn, StoredValue } from '../table.ts'

// A symbol of the registry, so that values of the ESM and the CJS build know one another.
const brand = Symbol.for('waxseal.drizzle.SealedValue')

/**
 * What an encrypted column has in the database: ciphertext. It is what a query returns that did not go through
 * `encryptedDrizzle`, so that nobody takes ciphertext for a value, and the only thing that the column accepts.
 */
export class SealedValue {
  readonly #stored: StoredValue
  readonly #name: string

  /**
   * @param name Table and column, for errors.
   * @param stored What the column has.
   */
  constructor(name: string, stored: StoredValue) {
    this.#name = name
    this.#stored = stored
    Object.defineProperty(this, brand, { value: true })
  }

  /** Whether this is a sealed value, of any copy of this library. */
  static is(value: unknown): value is SealedValue {
    return typeof value === 'object' && value !== null && Reflect.get(value, brand) === true
  }

  /** What the column has: bytes, or base64 in a column that is stored as such. `FieldCipher` decrypts it. */
  get stored(): StoredValue {
    return this.#stored
  }

  /** @throws TypeError always, so that ciphertext does not become a part of a text. */
  toString(): never {
    throw this.#misuse()
  }

  /** @throws TypeError always, so that no driver stores this object as JSON. */
  toJSON(): never {
    throw this.#misuse()
  }

  /** @throws TypeError always, so that it is not compared or reckoned with. */
  [Symbol.toPrimitive](): never {
    throw this.#misuse()
  }

  /** @throws TypeError always: pg would ask this of a parameter. */
  toPostgres(): never {
    throw this.#misuse()
  }

  /** @throws TypeError always: mysql2 would ask this of a parameter. */
  toSqlString(): never {
    throw this.#misuse()
  }

  [inspect.custom](): string {
    return `SealedValue { ${this.#name}, ${this.#stored.length} ${
      typeof this.#stored === 'string' ? 'characters' : 'bytes'
    } }`
  }

  #misuse(): TypeError {
    return new TypeError(
      `${this.#name} is sealed: read and write it through encryptedDrizzle, or take its ciphertext from stored`,
    )
  }
}

/** Stands in a parameter until the value has been encrypted; the column accepts it as little as a plaintext. */
export const pending: object = Object.freeze({ pending: true })

/**
 * What a driver has read of a column. JSON, in which relational queries bring nested rows, has no bytes: PostgreSQL
 * writes them as hexadecimal digits, MySQL as base64.
 */
export function storedOf(
  { storedAs }: Pick<EncryptedColumn, 'storedAs'>,
  value: unknown,
): StoredValue | undefined {
  if (storedAs === 'base64') return typeof value === 'string' ? value : undefined
  if (isBytes(value)) return value
  if (typeof value !== 'string') return undefined
  const [, hex] = /^\\x((?:[\da-f]{2})*)$/i.exec(value) ?? []
  if (hex !== undefined) return Buffer.from(hex, 'hex')
  const [, base64] = /^base64:type\d+:([\d+/=a-z\s]*)$/i.exec(value) ?? []
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64')
}
