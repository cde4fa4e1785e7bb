import { type Column, getTableUniqueName } from 'drizzle-orm'
import { FieldError } from '../../errors.ts'
import type { AnyTable } from '../table.ts'
import type { ColumnMark } from './columns.ts'
import type { Match } from './scope.ts'
import { SealedValue } from './sealed-value.ts'
import { type SelectedField, columnsOf } from './selection.ts'
import type { MarkedTables } from './tables.ts'

type Path = readonly string[]
type Row = Record<string, unknown>

/** A table of a query, or one of its aliases, and where in a row of the result its columns are. */
interface Source {
  readonly definition: AnyTable
  readonly keys: { readonly name: string; readonly path: Path }[]
  readonly fields: { readonly name: string; readonly path: Path }[]
  readonly matches: {
    readonly name: string
    readonly path: Path
    readonly values: readonly unknown[]
    readonly isWritten: boolean
  }[]
}

/** What is to be done with the rows of a result: decrypt, filter, and take out what was added for that. */
export class Opening {
  /** Columns that are to be selected in addition, under these names. */
  readonly hidden: { readonly name: string; readonly column: Column }[] = []
  readonly #tables: MarkedTables
  readonly #sources = new Map<string, Source>()
  readonly #indexes: Path[] = []

  constructor(tables: MarkedTables) {
    this.#tables = tables
  }

  /** Whether there is nothing to do. */
  get isEmpty(): boolean {
    return this.#sources.size === 0 && this.#indexes.length === 0
  }

  /** Takes note of what is selected, as far as it is encrypted. */
  select(fields: readonly SelectedField[]): void {
    for (const { path, field } of fields) {
      if (typeof field !== 'object' || field === null) continue
      const mark = this.#tables.mark(field)
      if (mark?.isIndex) this.#indexes.push(path)
      else if (mark)
        this.#source(field as Column, mark).fields.push({ name: mark.column.name, path })
    }
  }

  /**
   * Takes note of equalities that rows must satisfy once they are decrypted. A row that does not is left out; one that
   * was written (`isWritten`) is an error, since leaving it out would hide what was done to it.
   */
  match(matches: readonly Match[], isWritten = false): void {
    for (const { column, mark, values } of matches) {
      const source = this.#source(column, mark)
      const field = { name: mark.column.name, path: this.#hide(column) }
      source.fields.push(field)
      source.matches.push({ ...field, values, isWritten })
    }
  }

  /** The rows, which are changed. */
  async open(rows: readonly Row[]): Promise<Row[]> {
    for (const source of this.#sources.values()) await this.#decrypt(source, rows)
    const matching = await this.#matching(rows)
    for (const row of matching) {
      for (const path of this.#indexes) replace(row, path, null)
      for (const { name } of this.hidden) Reflect.deleteProperty(row, name)
    }
    return matching
  }

  async #decrypt({ definition, keys, fields }: Source, rows: readonly Row[]): Promise<void> {
    const sealed = rows.flatMap((row) => {
      const columns: Row = {}
      for (const { name, path } of fields) {
        const value = valueAt(row, path)
        if (SealedValue.is(value)) columns[name] = value.stored
      }
      if (Object.keys(columns).length === 0) return []
      for (const { name, path } of keys) columns[name] = valueAt(row, path)
      return [{ row, columns }]
    })
    if (sealed.length === 0) return
    const opened = await this.#tables.cipher.decryptRows(
      definition,
      sealed.map(({ columns }) => columns),
    )
    for (const [index, { row }] of sealed.entries()) {
      const columns: Row = opened[index] ?? {}
      for (const { name, path } of fields) {
        if (SealedValue.is(valueAt(row, path))) replace(row, path, columns[name])
      }
    }
  }

  async #matching(rows: readonly Row[]): Promise<Row[]> {
    const { cipher } = this.#tables
    let matching = [...rows]
    for (const { definition, matches } of this.#sources.values()) {
      for (const { name, path, values, isWritten } of matches) {
        const found = matching.map((row) => valueAt(row, path))
        const are = await cipher.areMatches(definition, name, found, values)
        if (isWritten && are.includes(false)) {
          throw editedIndex({ table: definition.name, column: name })
        }
        matching = matching.filter((_, index) => are[index])
      }
    }
    return matching
  }

  #source({ table }: Column, mark: ColumnMark): Source {
    const name = getTableUniqueName(table)
    const known = this.#sources.get(name)
    if (known) return known
    const columns = columnsOf(table)
    const keys = Object.keys(mark.table.primaryKey).flatMap((key) => {
      const column = columns[key]
      return column ? [{ name: key, path: this.#hide(column) }] : []
    })
    const source: Source = { definition: mark.table, keys, fields: [], matches: [] }
    this.#sources.set(name, source)
    return source
  }

  #hide(column: Column): Path {
    const name = `waxseal:${this.hidden.length}`
    this.hidden.push({ name, column })
    return [name]
  }
}

function editedIndex(place: { table: string; column: string }): FieldError {
  return new FieldError(
    'ERR_FIELD',
    `The blind index of ${place.table}.${place.column} has found a row with another value, which this statement has ` +
      'written: the index was changed in the database. Roll the transaction back',
    place,
  )
}

/** A joined row that is not there is `null`, and so has no columns. */
function valueAt(row: Row, path: Path): unknown {
  return path.reduce<unknown>(
    (node, name) =>
      typeof node === 'object' && node !== null ? Reflect.get(node, name) : undefined,
    row,
  )
}

function replace(row: Row, path: Path, value: unknown): void {
  const node = valueAt(row, path.slice(0, -1))
  const name = path.at(-1)
  if (name !== undefined && typeof node === 'object' && node !== null)
    Reflect.set(node, name, value)
}
