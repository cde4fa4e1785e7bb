import { Column, Param, SQL, type Table, is, sql } from 'drizzle-orm'
import { isBytes } from '../../checks.ts'
import { FieldError, RefusedQueryError } from '../../errors.ts'
import { refuseExpression, refuseKeyChange, refuseWithoutKey } from '../lookup.ts'
import { wholeKey } from '../row-key.ts'
import type { AnyTable, EncryptedColumn } from '../table.ts'
import { chunksOf, literal, textOf } from './chunks.ts'
import { rewrite } from './rewrite.ts'
import type { Scope } from './scope.ts'
import { SealedValue, pending } from './sealed-value.ts'
import { columnsOf } from './selection.ts'

/** What is written, by property: parameters and expressions. */
export type Values = Readonly<Record<string, unknown>>

/** The primary key of a row, by property. */
export type KeyValues = Readonly<Record<string, unknown>>

/** A row whose encrypted columns are to be encrypted. */
interface Sealing {
  readonly plain: Record<string, unknown>
  readonly params: Readonly<Record<string, Param>>
}

/** Encrypts what is written to one table, all rows of a statement in one call. */
export class Sealer {
  readonly #scope: Scope
  readonly #definition: AnyTable
  readonly #columns: Readonly<Record<string, Column>>
  readonly #statement: string
  readonly #sealings: Sealing[] = []

  constructor(scope: Scope, table: Table, definition: AnyTable, statement: string) {
    this.#scope = scope
    this.#definition = definition
    this.#columns = columnsOf(table)
    this.#statement = statement
  }

  /** The values of a new row, with what Drizzle would set by `$defaultFn`. */
  insert(given: Values): Values {
    const definition = this.#definition
    const values = { ...given }
    const names = [...Object.keys(definition.primaryKey), ...Object.keys(definition.columns)]
    for (const name of names) {
      const column = this.#columns[name]
      if (!column || !isAbsent(values[name])) continue
      const make =
        column.defaultFn ?? (column.default === undefined ? column.onUpdateFn : undefined)
      if (make) values[name] = parameter(make(), column)
    }
    return this.#write(values, () => keyIn(definition, values))
  }

  /** What UPDATE sets. `key` is that of the row, if the statement names one. */
  update(given: Values, key: () => KeyValues | undefined): Values {
    const values = this.#touched(given)
    this.#refuseKey(values)
    return this.#write(values, key)
  }

  /** What an upsert sets in the row that is there already. Its key is that of the row to insert. */
  upsert(
    given: Values,
    { key, isExcludedKey }: { key: () => KeyValues | undefined; isExcludedKey: boolean },
  ): Values {
    this.#refuseKey(given)
    const excluded: Record<string, unknown> = {}
    const values: Record<string, unknown> = this.#touched(given)
    for (const column of Object.values(this.#definition.columns)) {
      const value = values[column.name]
      if (!is(value, SQL) || !this.#isExcluded(value, column)) continue
      if (!isExcludedKey) throw refuseWithoutKey(this.#definition, column.name, this.#statement)
      excluded[column.name] = value
      Reflect.deleteProperty(values, column.name)
      this.#refuseIndex(values, column)
      const index = column.index?.column ?? ''
      const indexColumn = this.#columns[index]
      if (indexColumn)
        excluded[index] = sql`excluded.${sql.identifier(this.#scope.tables.nameOf(indexColumn))}`
    }
    const written = this.#write(values, key)
    return { ...written, ...excluded }
  }

  /** With what Drizzle would set by `$onUpdateFn`. */
  #touched(given: Values): Record<string, unknown> {
    const values = { ...given }
    for (const [name, column] of Object.entries(this.#columns)) {
      if (!Object.hasOwn(this.#definition.columns, name) || !isAbsent(values[name])) continue
      if (column.onUpdateFn) values[name] = parameter(column.onUpdateFn(), column)
    }
    return values
  }

  #write(values: Record<string, unknown>, key: () => KeyValues | undefined): Values {
    const definition = this.#definition
    const plain: Record<string, unknown> = {}
    const params: Record<string, Param> = {}
    for (const column of Object.values(definition.columns)) {
      this.#refuseIndex(values, column)
      const given = values[column.name]
      if (isAbsent(given)) continue
      const found = literal(given)
      if (!found) throw refuseExpression(definition, column.name, this.#statement)
      const indexName = column.index?.column
      const names = indexName === undefined ? [column.name] : [column.name, indexName]
      for (const name of names) {
        const encoder = this.#columns[name]
        if (!encoder) continue
        const param = new Param<unknown, unknown>(found.value === null ? null : pending, encoder)
        values[name] = param
        if (found.value !== null) params[name] = param
      }
      if (found.value !== null) plain[column.name] = found.value
    }
    const [first] = Object.keys(plain)
    if (first !== undefined) {
      const row = key()
      if (!row) throw refuseWithoutKey(definition, first, this.#statement)
      if (this.#sealings.length === 0) this.#scope.jobs.push(async () => this.#seal())
      this.#sealings.push({ plain: { ...plain, ...row }, params })
    }
    for (const [name, value] of Object.entries(values)) {
      if (!Object.hasOwn(definition.columns, name))
        values[name] = rewrite(this.#scope, value, this.#statement)
    }
    return values
  }

  async #seal(): Promise<void> {
    const stored: Record<string, unknown>[] = await this.#scope.tables.cipher.encryptRows(
      this.#definition,
      this.#sealings.map(({ plain }) => plain),
    )
    for (const [index, { params }] of this.#sealings.entries()) {
      for (const [name, param] of Object.entries(params)) {
        const value = stored[index]?.[name]
        // Without one, the driver would store NULL.
        if (typeof value !== 'string' && !isBytes(value)) {
          throw new FieldError('ERR_FIELD', `${this.#definition.name}.${name} was not encrypted`, {
            table: this.#definition.name,
            column: name,
          })
        }
        const sealed = new SealedValue(`${this.#definition.name}.${name}`, value)
        Object.assign(param, { value: sealed })
      }
    }
  }

  #refuseKey(values: Values): void {
    const name = Object.keys(this.#definition.primaryKey).find((one) => !isAbsent(values[one]))
    if (name !== undefined) throw refuseKeyChange(this.#definition, name)
  }

  #refuseIndex(values: Values, { index }: EncryptedColumn): void {
    if (!index || isAbsent(values[index.column])) return
    throw new RefusedQueryError(
      `${this.#statement} sets ${this.#definition.name}.${index.column}, which is a blind index: it is computed, ` +
        'so leave it out',
      { table: this.#definition.name, column: index.column },
    )
  }

  /** Exactly `excluded.column`, the value that would have been inserted. */
  #isExcluded(expression: SQL, { name }: EncryptedColumn): boolean {
    const own = this.#columns[name]
    const column = own ? this.#scope.tables.nameOf(own) : name
    const text = chunksOf(expression)
      .map((chunk) => {
        const inner = is(chunk, SQL) ? chunksOf(chunk) : [chunk]
        return inner.map((one) => textOf(one) ?? nameOf(one) ?? '?').join('')
      })
      .join('')
      .trim()
    return text === `excluded.${column}` || text === `excluded."${column}"`
  }
}

/** The primary key among the values of a row, if it is there as values. */
export function keyIn(definition: AnyTable, values: Values): KeyValues | undefined {
  return wholeKey(definition, (name) => literal(values[name])?.value)
}

export function isAbsent(value: unknown): boolean {
  return value === undefined || (is(value, Param) && value.value === undefined)
}

/** Values as they are in a query of Drizzle, of what an application has given. */
export function parameters(table: Table, given: Values): Values {
  const columns = columnsOf(table)
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => {
      const column = columns[name]
      return value === undefined || !column ? [] : [[name, parameter(value, column)]]
    }),
  )
}

function parameter(value: unknown, column: Column): unknown {
  return is(value, SQL) || is(value, Column) ? value : new Param<unknown, unknown>(value, column)
}

/** The text of `sql.identifier`. */
function nameOf(chunk: unknown): string | undefined {
  const name: unknown =
    typeof chunk === 'object' && chunk !== null ? Reflect.get(chunk, 'value') : undefined
  return typeof name === 'string' ? name : undefined
}
