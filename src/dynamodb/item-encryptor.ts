import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { NativeAttributeValue } from '@aws-sdk/util-dynamodb'
import { checkTableConfig } from './check-table-config.ts'
import { decryptItem } from './decrypt-item.ts'
import { toDocument, toItem, toStoredDocument, toStoredItem } from './document.ts'
import { encryptItem } from './encrypt-item.ts'
import { checkCall } from './item-checks.ts'
import type {
  DecryptedAttributes,
  Item,
  ItemDocument,
  ItemHeader,
  PlaintextAttributes,
} from './item.ts'
import type { AttributeActions, CheckedTableConfig, TableEncryptionConfig } from './table-config.ts'

/** Options of one call. */
export interface ItemOptions {
  /** Gives the call up. */
  signal?: AbortSignal | undefined
}

/** What became of an item. */
export interface ItemResult<Attributes> {
  /** A new item; the one given is not changed. */
  item: Attributes
  /** What the encrypted item says of itself; `undefined` if `plaintextOverride` let a plaintext item through. */
  header: ItemHeader | undefined
}

type AnyItemEncryptor = DynamoDbItemEncryptor<AttributeActions, string, string, string>

let readConfig: (encryptor: AnyItemEncryptor) => CheckedTableConfig

/**
 * The checked configuration of an encryptor, for the plugin and tests. It is not to be had from outside: whoever
 * changes its actions decides what is written as plaintext.
 */
export function configOf(encryptor: AnyItemEncryptor): CheckedTableConfig {
  return readConfig(encryptor)
}

/**
 * Encrypts and decrypts the items of one table (dynamodb-encryption-client/ddb-item-encryptor.md), for code
 * that calls DynamoDB itself or reads its streams and exports. With the AWS SDK's clients, `encryptedTables`
 * does it for each request.
 *
 * An encrypted item has the attributes of the plaintext, those that are `ENCRYPT_AND_SIGN` as binary data,
 * and two more, `aws_dbe_head` and `aws_dbe_foot`. The AWS Database Encryption SDK's libraries read it, and
 * theirs are read here. The type of the items follows from the configuration: a wrong name is a compile error.
 *
 * @example
 * ```ts
 * const encryptor = new DynamoDbItemEncryptor({
 *   logicalTableName: 'orders',
 *   partitionKeyName: 'id',
 *   attributeActionsOnEncrypt: { id: 'SIGN_ONLY', card: 'ENCRYPT_AND_SIGN', ':note': 'DO_NOTHING' },
 *   allowedUnsignedAttributePrefix: ':',
 *   keyring,
 * })
 * const { item } = await encryptor.encryptItem({ id: { S: '1' }, card: { S: '4111 1111' } })
 * const { item: plaintext } = await encryptor.decryptItem(item)
 * ```
 */
export class DynamoDbItemEncryptor<
  const Actions extends AttributeActions = AttributeActions,
  const Key extends keyof Actions & string = keyof Actions & string,
  const Unsigned extends string = never,
  const Prefix extends string = never,
> {
  readonly #config: CheckedTableConfig

  static {
    readConfig = (encryptor) => encryptor.#config
  }

  /**
   * @throws InvalidArgumentError `ERR_INVALID_ARGUMENT` if an option is not as described; `field` names it.
   * @throws EnvelopeError `ERR_UNKNOWN_ALGORITHM_SUITE` if there is no suite of that name.
   */
  constructor(config: TableEncryptionConfig<Actions, Key, Unsigned, Prefix>) {
    this.#config = checkTableConfig(config)
  }

  /**
   * Encrypts an item. Numbers and sets of signed attributes come back as DynamoDB would store them.
   *
   * @throws ItemError `ERR_ITEM` if the item lacks an attribute, or has one that has no action or cannot be
   *   written; `attribute` names it.
   * @throws EnvelopeError if the keyring or CMM fails, for example `ERR_WRAP_FAILED`; `ERR_TOO_MANY_DATA_KEYS`,
   *   `ERR_ABORTED`.
   */
  async encryptItem(
    item: PlaintextAttributes<AttributeValue, Actions, Key, Unsigned, Prefix>,
    options: ItemOptions = {},
  ): Promise<ItemResult<Item>> {
    checkCall(item, 'item', options)
    return encryptItem(this.#config, item, options.signal)
  }

  /**
   * Verifies an item and decrypts it, with whatever actions and suite it was encrypted. Attributes that are
   * not signed are returned as they are; they, and only they, can have been changed by others. Those that
   * begin with `aws_dbe_` are left out.
   *
   * @throws ItemError `ERR_MALFORMED_ITEM` if it is not whole or not well-formed; `ERR_PLAINTEXT_ITEM`,
   *   `ERR_LEGACY_ITEM`.
   * @throws TamperedMessageError if it is not what was encrypted: `ERR_AUTHENTICATION`, `ERR_COMMITMENT`,
   *   `ERR_SIGNATURE`.
   * @throws UnwrapError `ERR_UNWRAP_FAILED` if no keyring unwraps its data key, which is bound to the table
   *   and to the item's key, too; `ERR_TOO_MANY_DATA_KEYS`, `ERR_ABORTED`.
   */
  async decryptItem(
    item: Item,
    options: ItemOptions = {},
  ): Promise<ItemResult<DecryptedAttributes<AttributeValue, Actions, Key, Unsigned, Prefix>>> {
    checkCall(item, 'item', options)
    const result = await decryptItem(this.#config, item, options.signal)
    // Its keys are there, and its values are attribute values, whatever their names are.
    return result as ItemResult<DecryptedAttributes<AttributeValue, Actions, Key, Unsigned, Prefix>>
  }

  /**
   * Encrypts an item that has plain values, as `put` of DynamoDBDocumentClient takes them: attributes that are
   * `undefined` or functions are left out. In what is returned, a number that JavaScript does not hold exactly is
   * a `NumberValue`, and with it all of its set.
   *
   * @throws what {@link DynamoDbItemEncryptor.encryptItem} throws; `ERR_ITEM` also if a value has no attribute
   *   value under `marshallOptions`.
   */
  async encryptDocument(
    document: PlaintextAttributes<NativeAttributeValue, Actions, Key, Unsigned, Prefix>,
    options: ItemOptions = {},
  ): Promise<ItemResult<ItemDocument>> {
    checkCall(document, 'document', options)
    const plaintext = toItem(document, this.#config.marshallOptions)
    const { item, header } = await encryptItem(this.#config, plaintext, options.signal)
    return { item: toStoredDocument(item), header }
  }

  /**
   * Decrypts an item as DynamoDBDocumentClient returns it. A client that rounds numbers, with
   * `wrapNumbers` or without, breaks the signature of the item: then read it as attribute values.
   *
   * @throws what {@link DynamoDbItemEncryptor.decryptItem} throws; `ERR_ITEM` if a value has no plain one under
   *   `unmarshallOptions`.
   */
  async decryptDocument(
    document: ItemDocument,
    options: ItemOptions = {},
  ): Promise<
    ItemResult<DecryptedAttributes<NativeAttributeValue, Actions, Key, Unsigned, Prefix>>
  > {
    checkCall(document, 'document', options)
    const stored = toStoredItem(document, this.#config.marshallOptions)
    const { item, header } = await decryptItem(this.#config, stored, options.signal)
    const result = { item: toDocument(item, this.#config.unmarshallOptions), header }
    return result as ItemResult<
      DecryptedAttributes<NativeAttributeValue, Actions, Key, Unsigned, Prefix>
    >
  }
}
