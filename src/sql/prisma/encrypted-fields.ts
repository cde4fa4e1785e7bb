import { checkObject, checkOptions, hasMethods } from '../../checks.ts'
import { InvalidArgumentError } from '../../errors.ts'
import { checkCipher } from '../check-cipher.ts'
import type { FieldCipher } from '../field-cipher.ts'
import type { AnyTable } from '../table.ts'
import { type PrismaDataModel, dataModelOf, isDataModel } from './data-model.ts'
import { Models } from './models.ts'
import { runQuery } from './run-query.ts'
import type { ExtendedClient, ModelTables, QueryCall } from './types.ts'

/** Options of {@link encryptedFields}. */
export interface EncryptedFieldsOptions<Tables extends ModelTables> {
  /** Encrypts and decrypts; it has to have all tables of `models`. */
  cipher: FieldCipher
  /** The tables by the names of their models. A table names the fields of the model, not the database's columns. */
  models: Tables
  /**
   * The models with their fields and relations. Default: what the client knows of its schema, which is enough for
   * Prisma 7.
   */
  dataModel?: PrismaDataModel
}

/**
 * An extension for a Prisma client: fields are encrypted on their way to the database and decrypted on their way back,
 * also those of nested reads and writes. What it cannot do with an encrypted field is refused before the query.
 *
 * Raw queries do not go through it: they see ciphertext.
 *
 * @throws InvalidArgumentError if an option is not as described; when the client is extended, also if a table does
 * not fit its model.
 *
 * @example
 * ```ts
 * const prisma = new PrismaClient({ adapter }).$extends(encryptedFields({ cipher, models: { User: users } }))
 * await prisma.user.create({ data: { id, email: 'ada@example.com' } })
 * ```
 */
export function encryptedFields<const Tables extends ModelTables>(
  options: EncryptedFieldsOptions<Tables>,
): (client: object) => ExtendedClient<Tables> {
  checkOptions(options, ['cipher', 'models', 'dataModel'])
  const { cipher, dataModel } = options
  checkCipher(cipher)
  const tables = checkTables(cipher, options.models)
  if (dataModel !== undefined && !isDataModel(dataModel)) {
    throw new InvalidArgumentError(
      'dataModel',
      'dataModel must have the fields of each model: { models: { User: { fields: [{ name, kind, type }] } } }',
    )
  }
  return (client) => {
    if (!hasMethods(client, ['$extends'])) {
      throw new InvalidArgumentError(
        'client',
        'The result of encryptedFields is for $extends of a Prisma client',
      )
    }
    const known = dataModel ?? dataModelOf(client)
    if (!known) {
      throw new InvalidArgumentError(
        'dataModel',
        'This client does not tell its models, so that relations would not be seen: give them as dataModel',
      )
    }
    const models = new Models(known, tables)
    const extension = {
      name: 'waxseal',
      query: {
        $allModels: {
          $allOperations: async (call: QueryCall) =>
            await runQuery({ cipher, models, client }, call),
        },
      },
    }
    // The types say what comes out of the queries, which is more than Prisma can know of this extension.
    return (client as { $extends(extension: object): ExtendedClient<Tables> }).$extends(extension)
  }
}

function checkTables(cipher: FieldCipher, models: unknown): ReadonlyMap<string, AnyTable> {
  checkObject(models, 'models')
  const tables = new Map<string, AnyTable>()
  for (const [model, table] of Object.entries(models) as [string, AnyTable][]) {
    if (!cipher.tables.includes(table)) {
      throw new InvalidArgumentError(
        `models.${model}`,
        `models.${model} must be one of the tables that the FieldCipher was made with`,
      )
    }
    const other = [...tables].find(([, known]) => known === table)
    if (other) {
      throw new InvalidArgumentError(
        `models.${model}`,
        `models.${model} and models.${other[0]} have the same table ${table.name}, so that their values could be ` +
          'exchanged: define one for each',
      )
    }
    tables.set(model, table)
  }
  // A table that no model has would be written and read as if nothing were encrypted.
  const missing = cipher.tables.find((table) => ![...tables.values()].includes(table))
  if (missing) {
    throw new InvalidArgumentError(
      'models',
      `models has no model for the table ${missing.name} of the FieldCipher`,
    )
  }
  return tables
}
