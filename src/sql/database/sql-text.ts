import { hasMethods } from '../../checks.ts'
import { InvalidArgumentError } from '../../errors.ts'
import type { AnyTable } from '../table.ts'
import type { SqlDialect, Statement } from './database.ts'

/** Both protocols count the values of a statement in two bytes. */
export const mostValues = 65_535

/**
 * As many values as a power of two, by the last one over again. Each length of a list is a statement of its own: mysql2
 * keeps what it has prepared for each connection, and MySQL has room for 16,382 in all.
 */
export function padded<Value>(values: readonly Value[]): readonly Value[] {
  const size = 2 ** Math.ceil(Math.log2(values.length))
  if (size > mostValues / 2) return values
  const filled = [...values]
  for (const last of values.slice(-1)) while (filled.length < size) filled.push(last)
  return filled
}

/** A statement while it is made: names are quoted, and values are parameters, whatever they are. */
export class SqlText {
  readonly #dialect: SqlDialect
  readonly #values: unknown[] = []

  constructor(dialect: SqlDialect) {
    this.#dialect = dialect
  }

  /** The place of a value. */
  value(value: unknown, column: string): string {
    // A promise that nobody awaited would be written as {}.
    if (hasMethods(value, ['then'])) {
      throw new InvalidArgumentError(column, `${column} is a promise: await it`)
    }
    this.#values.push(value)
    return this.#dialect.placeholder(this.#values.length)
  }

  statement(text: string): Statement {
    if (this.#values.length > mostValues) {
      throw new InvalidArgumentError(
        'values',
        `A statement takes ${mostValues} values, and this one has ${this.#values.length}: use several`,
      )
    }
    return { text, values: this.#values }
  }

  /** The condition that a row has this primary key, and no other that the database takes for the same. */
  key(table: AnyTable, key: Readonly<Record<string, unknown>>): string {
    const conditions = Object.entries(table.primaryKey).flatMap(([column, type]) => {
      const name = this.#dialect.quoteColumn(column)
      const equality = `${name} = ${this.value(key[column], column)}`
      if (type !== 'string' || this.#dialect.name !== 'mysql') return [equality]
      return [equality, `${exactText(name)} = ${this.value(textBytes(key[column]), column)}`]
    })
    return conditions.join(' AND ')
  }
}

/**
 * The bytes of text in MySQL. Its collations find "a" by "A" and by "a "; a value that is bound to one of them would
 * not open in the row of the other.
 */
export function exactText(expression: string): string {
  return `CAST(CONVERT(${expression} USING utf8mb4) AS BINARY)`
}

function textBytes(value: unknown): unknown {
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : value
}
