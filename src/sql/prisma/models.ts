import { InvalidArgumentError } from '../../errors.ts'
import type { AnyTable, EncryptedColumn } from '../table.ts'
import type { PrismaDataModel, PrismaField } from './data-model.ts'

/** Which model has which table, and how the models are related. */
export class Models {
  readonly #tables: ReadonlyMap<string, AnyTable>
  readonly #fields = new Map<string, ReadonlyMap<string, PrismaField>>()
  readonly #reaching = new Map<string, boolean>()

  /** @throws InvalidArgumentError if a table does not fit its model. */
  constructor(dataModel: PrismaDataModel, tables: ReadonlyMap<string, AnyTable>) {
    this.#tables = tables
    for (const [name, { fields }] of Object.entries(dataModel.models)) {
      this.#fields.set(name, new Map(fields.map((field) => [field.name, field])))
    }
    for (const [model, table] of tables) this.#check(model, table)
  }

  /** The table of a model that has encrypted columns. */
  table(model: string): AnyTable | undefined {
    return this.#tables.get(model)
  }

  field(model: string, name: string): PrismaField | undefined {
    return this.#fields.get(model)?.get(name)
  }

  /** The model that a field leads to, if it is a relation. */
  related(model: string, name: string): string | undefined {
    const field = this.field(model, name)
    return field?.kind === 'object' ? field.type : undefined
  }

  /** Whether the model, or one that its relations lead to, has encrypted columns. */
  reaches(model: string): boolean {
    const known = this.#reaching.get(model)
    if (known !== undefined) return known
    const seen = new Set([model])
    for (const name of seen) {
      for (const { kind, type } of this.#fields.get(name)?.values() ?? []) {
        if (kind === 'object') seen.add(type)
      }
    }
    const reaches = [...seen].some((name) => this.#tables.has(name))
    this.#reaching.set(model, reaches)
    return reaches
  }

  /**
   * The table and the part of its primary key that changes when the relation of a row that is there is set: of this
   * model's own rows, or of those that it leads to.
   */
  keyOfRelation(
    model: string,
    name: string,
    side: 'own' | 'other',
  ): { table: AnyTable; column: string } | undefined {
    const field = this.field(model, name)
    if (field?.kind !== 'object') return undefined
    if (side === 'own') return this.#keyIn(model, field)
    const back = [...(this.#fields.get(field.type)?.values() ?? [])].filter(
      ({ kind, type, relationName }) =>
        kind === 'object' && type === model && relationName === field.relationName,
    )
    for (const other of back) {
      const found = this.#keyIn(field.type, other)
      if (found) return found
    }
    return undefined
  }

  #keyIn(model: string, field: PrismaField): { table: AnyTable; column: string } | undefined {
    const table = this.#tables.get(model)
    if (!table) return undefined
    const key = Object.keys(table.primaryKey)
    // Where nobody says which fields hold the relation, it may be any.
    const column = field.relationFromFields
      ? key.find((name) => field.relationFromFields?.includes(name))
      : key[0]
    return column === undefined ? undefined : { table, column }
  }

  #check(model: string, table: AnyTable): void {
    if (!this.#fields.has(model)) {
      throw invalid(
        model,
        `is no model of the schema: there are ${[...this.#fields.keys()].join(', ')}`,
      )
    }
    for (const name of Object.keys(table.primaryKey)) this.#scalar(model, name)
    for (const column of Object.values(table.columns)) this.#checkColumn(model, column)
  }

  #checkColumn(model: string, { name, codec, storedAs, index }: EncryptedColumn): void {
    const { type } = this.#scalar(model, name)
    const expected = storedAs === 'bytes' ? ['Bytes'] : ['String', 'Json']
    if (!expected.includes(type)) {
      throw invalid(
        model,
        `has ${name} as ${type}, and its table has it stored as ${storedAs}: that is a field of type ${expected.join(' or ')}`,
      )
    }
    // Prisma has operators such as { set } in the place of values, which an object could not be told from.
    if (type !== 'Json' && codec.name === 'json') {
      throw invalid(
        model,
        `has ${name} as ${type}; json is kept in a field of type Json, as base64`,
      )
    }
    if (!index) return
    const indexType = this.#scalar(model, index.column).type
    if (indexType !== (storedAs === 'bytes' ? 'Bytes' : 'String')) {
      throw invalid(
        model,
        `has ${index.column}, the index of ${name}, as ${indexType}: where values are stored as ${storedAs} it is ` +
          (storedAs === 'bytes' ? 'Bytes' : 'String'),
      )
    }
  }

  #scalar(model: string, name: string): PrismaField {
    const field = this.field(model, name)
    if (field && field.kind !== 'object') return field
    throw invalid(
      model,
      `has no field ${name}, which its table has: tables name fields as the model does`,
    )
  }
}

/** The name of a model as the client has it. */
export function propertyOf(model: string): string {
  return model.charAt(0).toLowerCase() + model.slice(1)
}

function invalid(model: string, problem: string): InvalidArgumentError {
  return new InvalidArgumentError(`models.${model}`, `models.${model} ${problem}`)
}
