import { Column, Table, getTableColumns, is } from 'drizzle-orm'
import { InvalidArgumentError, RefusedQueryError } from '../../errors.ts'
import { checkCipher } from '../check-cipher.ts'
import type { FieldCipher } from '../field-cipher.ts'
import type { AnyTable } from '../table.ts'
import { type ColumnMark, columnMark } from './columns.ts'

/** Drizzle's tables that have encrypted columns, checked against what `defineTable` was told. */
export class MarkedTables {
  readonly cipher: FieldCipher
  readonly #marks = new Set<ColumnMark>()
  readonly #casing: unknown

  /** @param casing What the database of Drizzle names columns by that were given no name. */
  constructor(cipher: FieldCipher, tables: readonly Table[], casing: unknown) {
    this.#casing = casing
    checkCipher(cipher)
    this.cipher = cipher
    const given: unknown = tables
    if (!Array.isArray(given) || given.length === 0) {
      throw new InvalidArgumentError('tables', 'tables must be an array of at least one table')
    }
    const definitions = Array.from<unknown>(given).map((table, index) =>
      this.#add(table, `tables[${index}]`),
    )
    const twice = definitions.find((one, index) => definitions.indexOf(one) !== index)
    if (twice) {
      // Their values could be exchanged.
      throw new InvalidArgumentError('tables', `tables has two that were defined as ${twice.name}`)
    }
  }

  has(mark: ColumnMark): boolean {
    return this.#marks.has(mark)
  }

  /** The name of a column in the database. */
  nameOf(column: Column): string {
    const casing = this.#casing
    if (typeof casing !== 'object' || casing === null) return column.name
    const nameOf: unknown = Reflect.get(casing, 'getColumnCasing')
    return typeof nameOf === 'function'
      ? String(Reflect.apply(nameOf, casing, [column]))
      : column.name
  }

  /** What is encrypted in a column, or indexed; `undefined` for all others. */
  mark(column: object): ColumnMark | undefined {
    const mark = columnMark(column)
    if (mark && !this.#marks.has(mark)) {
      throw new RefusedQueryError(
        `${mark.table.name} has encrypted columns, and is not among the tables of encryptedDrizzle`,
        { table: mark.table.name, column: mark.column.name },
      )
    }
    return mark
  }

  /** The same of a value in any place. */
  encrypted(value: unknown): ColumnMark | undefined {
    const mark = is(value, Column) ? this.mark(value) : undefined
    return mark?.isIndex === false ? mark : undefined
  }

  /** What `defineTable` was told of a table; `undefined` if it has no encrypted column. */
  definition(table: Table): AnyTable | undefined {
    for (const column of Object.values(getTableColumns(table))) {
      const mark = this.mark(column)
      if (mark) return mark.table
    }
    return undefined
  }

  #add(table: unknown, field: string): AnyTable {
    if (!is(table, Table)) {
      throw new InvalidArgumentError(field, `${field} must be a table of Drizzle`)
    }
    const columns = getTableColumns(table)
    const marks = Object.entries(columns).flatMap(([property, column]) => {
      const mark = columnMark(column)
      return mark ? [{ property, column, mark }] : []
    })
    const definition = marks[0]?.mark.table
    if (!definition) {
      throw new InvalidArgumentError(field, `${field} has no encrypted column`)
    }
    const invalid = (what: string) =>
      new InvalidArgumentError(field, `${field}, the table ${definition.name}, ${what}`)
    if (!this.cipher.tables.includes(definition)) {
      throw invalid('is not one of the tables that the FieldCipher was made with')
    }
    for (const { property, column, mark } of marks) {
      const name = mark.isIndex ? mark.column.index?.column : mark.column.name
      if (mark.table !== definition) throw invalid(`has a column of ${mark.table.name}`)
      if (property !== name) throw invalid(`has ${String(name)} under the property ${property}`)
      if (this.#marks.has(mark)) throw invalid(`shares ${name} with another table`)
      if (column.default !== undefined || column.generated !== undefined) {
        // It would stand in migrations and in the schema as plaintext.
        throw invalid(`has a default for ${name} in the database, which would not be encrypted`)
      }
      this.#marks.add(mark)
    }
    const found = new Set(marks.map(({ property }) => property))
    for (const { name, index } of Object.values(definition.columns)) {
      if (!found.has(name)) throw invalid(`lacks ${name}: pgEncrypted or mysqlEncrypted makes it`)
      if (index && !found.has(index.column)) {
        throw invalid(`lacks ${index.column}: pgBlindIndex or mysqlBlindIndex makes it`)
      }
    }
    for (const name of Object.keys(definition.primaryKey)) {
      if (!columns[name]) throw invalid(`has no property ${name}, which is of the primary key`)
    }
    return definition
  }
}
