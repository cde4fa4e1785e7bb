import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { NativeAttributeValue } from '@aws-sdk/util-dynamodb'
import { checkTableConfig } from './check-table-config.ts'
import type {
  DecryptedAttributes,
  Item,
  ItemDocument,
  ItemHeader,
  PlaintextAttributes,
} from './item.ts'
import type { AttributeActions, CheckedTableConfig, TableEncryptionConfig } from './table-config.ts'

export type { Item, ItemDocument, ItemHeader } from './item.ts'

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

/** Encrypts and decrypts the items of one table (dynamodb-encryption-client/ddb-item-encryptor.md). */
export class DynamoDbItemEncryptor<
  const Actions extends AttributeActions = AttributeActions,
  const Key extends keyof Actions & string = keyof Actions & string,
  const Unsigned extends string = never,
  const Prefix extends string = never,
> {
  /** The configuration, checked. */
  readonly config: CheckedTableConfig

  constructor(config: TableEncryptionConfig<Actions, Key, Unsigned, Prefix>) {
    this.config = checkTableConfig(config)
  }

  async encryptItem(
    item: PlaintextAttributes<AttributeValue, Actions, Key, Unsigned, Prefix>,
    options: ItemOptions = {},
  ): Promise<ItemResult<Item>> {
    throw new Error(`not built yet: ${typeof item} ${typeof options}`)
  }

  async decryptItem(
    item: Item,
    options: ItemOptions = {},
  ): Promise<ItemResult<DecryptedAttributes<AttributeValue, Actions, Key, Unsigned, Prefix>>> {
    throw new Error(`not built yet: ${typeof item} ${typeof options}`)
  }

  async encryptDocument(
    document: PlaintextAttributes<NativeAttributeValue, Actions, Key, Unsigned, Prefix>,
    options: ItemOptions = {},
  ): Promise<ItemResult<ItemDocument>> {
    throw new Error(`not built yet: ${typeof document} ${typeof options}`)
  }

  async decryptDocument(
    document: ItemDocument,
    options: ItemOptions = {},
  ): Promise<
    ItemResult<DecryptedAttributes<NativeAttributeValue, Actions, Key, Unsigned, Prefix>>
  > {
    throw new Error(`not built yet: ${typeof document} ${typeof options}`)
  }
}
