import { checkInteger, checkObject, checkOptions, show } from '../../checks.ts'
import { EnvelopeError, InvalidArgumentError } from '../../errors.ts'
import { DynamoDbItemEncryptor, configOf } from '../item-encryptor.ts'
import type { Item, ItemDocument } from '../item.ts'
import type { AttributeActions, TableEncryptionConfig } from '../table-config.ts'
import { placed } from './place.ts'
import { type CommandStack, Plugin } from './plugin.ts'
import { isTableName } from './table-name.ts'
import { type EncryptedTable, TableSet } from './table-set.ts'
import {
  type ItemUpdate,
  type ItemUpdateResult,
  type UpdatingClient,
  updateItem,
} from './update/update-item.ts'

/**
 * Options of {@link encryptedTables}. The type parameter, the actions of each table, is inferred, so that a key
 * without an action is a compile error.
 */
export interface EncryptedTablesOptions<
  Actions extends Record<string, AttributeActions> = Record<string, AttributeActions>,
> {
  /** By the name of the table in DynamoDB, how its items are encrypted. */
  readonly tables: {
    readonly [Name in keyof Actions]: TableEncryptionConfig<
      Actions[Name],
      keyof Actions[Name] & string
    >
  }
  /** How many items of one request are encrypted or decrypted at the same time. Default: 10. */
  readonly maxConcurrency?: number | undefined
}

/** What {@link encryptedTables} returns: a plugin for `client.middlewareStack.use()`. */
export class EncryptedTables {
  readonly #plugin: Plugin

  /** @internal Use {@link encryptedTables}. */
  constructor(tables: TableSet) {
    this.#plugin = new Plugin(tables)
  }

  /**
   * Called by `client.middlewareStack.use()`. A second time does nothing more: a DynamoDBDocumentClient shares
   * the stack of its DynamoDBClient.
   *
   * @throws InvalidArgumentError if the stack has other encrypted tables already.
   */
  applyToStack(stack: CommandStack): void {
    this.#plugin.applyToStack(stack)
  }

  /**
   * Changes attributes of an encrypted item, which DynamoDB's `UpdateItem` cannot: reads the item, strongly
   * consistent, decrypts it, has it changed, and writes it on condition that nobody has changed it meanwhile,
   * also not one of its unsigned attributes. If somebody has, it begins anew, after a random time. Unsigned
   * attributes that `change` does not touch are not written; those that it leaves out, or returns as
   * `undefined`, are removed.
   *
   * In plain values, an attribute that comes back as it was given stays as it was stored. One that is changed
   * goes through JavaScript as a whole, with all numbers in it: beyond 17 digits they are rounded, unless
   * `unmarshallOptions.wrapNumbers` of the client says otherwise.
   *
   * It is optimistic, not atomic: many who change one item at once get into each other's way. Throttled requests
   * are retried by the SDK alone. If the answer to a write is lost, and somebody else changes the item before the
   * SDK sends it once more, `change` is applied to an item that it has been applied to already; after an error of
   * the network, nobody knows whether it was. Where that matters, have `change` note in the item what it has done.
   * Under `FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ` a lost answer is enough for that: nothing in a plaintext
   * item tells its own write from an equal one by somebody else.
   *
   * It deletes nothing. An item that is not there is created if `change` makes one of `undefined`.
   *
   * @param client a DynamoDBClient, with a `Key` of attribute values, or a DynamoDBDocumentClient, with one of
   *   plain values. `change` gets and returns items in the form of the key. The plugin need not be applied to it.
   * @throws EnvelopeError `ERR_UPDATE_CONFLICT` after `maxAttempts` attempts. The item is as others wrote it.
   * @throws InvalidArgumentError if `change` returns an item with another key, or something else than an item, or
   *   alters the item and returns `undefined`.
   * @throws ItemError `ERR_ITEM` if something has no plain value, or no attribute value; it names the attribute.
   * @throws RefusedRequestError if the item has so many attributes, hundreds, that DynamoDB takes no such request;
   *   or has beacons of AWS's searchable encryption, which this version cannot compute. Nothing was written.
   * @throws what decrypting and encrypting the item throw, what `change` does, and the errors of the client.
   * @example
   * ```ts
   * await tables.update(documentClient, {
   *   TableName: 'orders-prod',
   *   Key: { id: '4711' },
   *   change: (order) => order && { ...order, card: 'changed' },
   * })
   * ```
   */
  update(client: UpdatingClient, request: ItemUpdate<Item>): Promise<ItemUpdateResult<Item>>
  update(
    client: UpdatingClient,
    request: ItemUpdate<ItemDocument>,
  ): Promise<ItemUpdateResult<ItemDocument>>
  update(
    client: UpdatingClient,
    request: ItemUpdate<ItemDocument>,
  ): Promise<ItemUpdateResult<ItemDocument>> {
    return updateItem(client, this.#plugin.tables, request)
  }
}

/**
 * Makes a client of the AWS SDK encrypt and decrypt the items of some tables. It works on DynamoDBClient and on
 * DynamoDBDocumentClient. Requests on other tables pass as they are; what could not work on an encrypted table is
 * refused before the network, and so is an operation that this version does not know
 * (dynamodb-encryption-client/ddb-sdk-integration.md).
 *
 * @throws InvalidArgumentError if a configuration cannot work.
 * @example
 * ```ts
 * const tables = encryptedTables({ tables: { 'orders-prod': { …, keyring } } })
 * const client = new DynamoDBClient({})
 * client.middlewareStack.use(tables)
 * await client.send(new PutItemCommand({ TableName: 'orders-prod', Item: { … } }))
 * ```
 */
export function encryptedTables<const Actions extends Record<string, AttributeActions>>(
  options: EncryptedTablesOptions<Actions>,
): EncryptedTables {
  checkOptions(options, ['tables', 'maxConcurrency'])
  checkObject(options.tables, 'tables')
  const tables = Object.entries<TableEncryptionConfig>(options.tables).map(([name, config]) =>
    encryptedTable(name, config),
  )
  if (tables.length === 0) {
    throw new InvalidArgumentError('tables', 'tables has no table, so nothing would be encrypted')
  }
  checkLogicalNames(tables)
  return new EncryptedTables(
    new TableSet(tables, checkInteger(options.maxConcurrency ?? 10, 'maxConcurrency', 1, 1000)),
  )
}

function encryptedTable(name: string, config: TableEncryptionConfig): EncryptedTable {
  if (!isTableName(name)) {
    throw new InvalidArgumentError(
      'tables',
      `tables is by the names of the tables, and ${show(name)} is none; an ARN is found by its name`,
    )
  }
  try {
    const encryptor = new DynamoDbItemEncryptor<AttributeActions, string, string, string>(config)
    return { name, config: configOf(encryptor), encryptor }
  } catch (failure) {
    throw EnvelopeError.is(failure) ? placed(failure, `tables[${show(name)}]`) : failure
  }
}

/** One to one (ddb-table-encryption-config.md, "Logical Table Name"): items could be moved between two. */
function checkLogicalNames(tables: readonly EncryptedTable[]): void {
  const seen = new Map<string, string>()
  for (const { name, config } of tables) {
    const other = seen.get(config.logicalTableName)
    if (other !== undefined) {
      throw new InvalidArgumentError(
        'logicalTableName',
        `The tables ${show(other)} and ${show(name)} have the same logicalTableName ` +
          `${show(config.logicalTableName)}: an item of one would be taken for one of the other`,
      )
    }
    seen.set(config.logicalTableName, name)
  }
}
