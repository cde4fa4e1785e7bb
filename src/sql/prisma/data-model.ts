import { isPlainObject } from '../../checks.ts'

/** A field of a model, as Prisma's client and its DMMF describe it. */
export interface PrismaField {
  readonly name: string
  /** `object` for a relation. */
  readonly kind: string
  /** The type, or the model that a relation leads to. */
  readonly type: string
  readonly relationName?: string | undefined
  /** The fields of this model that hold the relation. The DMMF has them, the client does not. */
  readonly relationFromFields?: readonly string[] | undefined
}

/** The models of a schema by name: what `encryptedFields` has to know of them. */
export interface PrismaDataModel {
  readonly models: Readonly<Record<string, { readonly fields: readonly PrismaField[] }>>
}

/** What the client knows of its schema, if it is where Prisma 7 has it. */
export function dataModelOf(client: object): PrismaDataModel | undefined {
  const model: unknown = Reflect.get(client, '_runtimeDataModel')
  if (!isDataModel(model)) return undefined
  const engine: unknown = Reflect.get(client, '_engineConfig')
  const schema: unknown =
    typeof engine === 'object' && engine !== null ? Reflect.get(engine, 'inlineSchema') : undefined
  return typeof schema === 'string' ? withForeignKeys(model, schema) : model
}

/** Whether it has the form of a data model. */
export function isDataModel(value: unknown): value is PrismaDataModel {
  if (typeof value !== 'object' || value === null) return false
  const models: unknown = Reflect.get(value, 'models')
  if (!isPlainObject(models)) return false
  return Object.values(models).every(
    (model: unknown) =>
      typeof model === 'object' && model !== null && Array.isArray(Reflect.get(model, 'fields')),
  )
}

/**
 * The model with the fields that hold its relations. The client has lost them, but has the text of its schema: they
 * matter since a relation through a part of the primary key moves a row to another key.
 */
function withForeignKeys(model: PrismaDataModel, schema: string): PrismaDataModel {
  const keys = foreignKeys(schema)
  const models = Object.entries(model.models).map(([name, { fields }]) => [
    name,
    {
      fields: fields.map((field) =>
        field.kind === 'object'
          ? { ...field, relationFromFields: keys.get(`${name}.${field.name}`) ?? [] }
          : field,
      ),
    },
  ])
  return { models: Object.fromEntries(models) as PrismaDataModel['models'] }
}

/** The fields that hold each relation, by `Model.field`. */
export function foreignKeys(schema: string): ReadonlyMap<string, readonly string[]> {
  const plain = schema.replace(/"(?:[^"\\\n]|\\.)*"/g, '""').replace(/\/\/.*$/gm, '')
  const keys = new Map<string, readonly string[]>()
  for (const [, model = '', body = ''] of plain.matchAll(/^\s*model\s+(\w+)\s*\{([^}]*)\}/gm)) {
    for (const [, field = '', relation = ''] of body.matchAll(
      /^\s*(\w+)\s+\w+[?[\]]*[^\n]*?@relation\(([^)]*)\)/gm,
    )) {
      const fields = /\bfields:\s*\[([^\]]*)\]/.exec(relation)?.[1]
      if (fields !== undefined) {
        keys.set(
          `${model}.${field}`,
          fields.split(',').map((name) => name.trim()),
        )
      }
    }
  }
  return keys
}
