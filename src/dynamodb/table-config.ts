import type { marshallOptions, unmarshallOptions } from '@aws-sdk/util-dynamodb'
import type { CryptographicMaterialsManager } from '../cmm/cmm.ts'
import type { CryptoBackend } from '../crypto/backend.ts'
import type { Keyring } from '../keyrings/keyring.ts'
import {
  type CryptoAction,
  type StructureVersion,
  reservedAttributePrefix,
} from '../structured/structure.ts'
import type { ItemAlgorithmSuite, ItemAlgorithmSuiteName } from '../suites/item-suites.ts'

/**
 * Whether plaintext items may be written and read, for a table that is being encrypted in place
 * (ddb-table-encryption-config.md, "Plaintext Policy"):
 *
 * - `FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ`: items are written as they are, and read in either form. The
 *   first step, deployed to all readers before anything is encrypted.
 * - `FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ`: items are encrypted, and read in either form. Until all of
 *   the table is encrypted; whoever can write to it can put plaintext in the place of an encrypted item.
 * - `FORBID_PLAINTEXT_WRITE_FORBID_PLAINTEXT_READ`: the end, and the default.
 */
export type PlaintextOverride =
  | 'FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ'
  | 'FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ'
  | 'FORBID_PLAINTEXT_WRITE_FORBID_PLAINTEXT_READ'

/** By attribute name, what is done to the attribute. */
export type AttributeActions = Readonly<Record<string, CryptoAction>>

/**
 * How the items of one table are encrypted (dynamodb-encryption-client/ddb-table-encryption-config.md). The
 * type parameters are inferred from the configuration, and say which attributes an item can have.
 */
export type TableEncryptionConfig<
  Actions extends AttributeActions = AttributeActions,
  Key extends keyof Actions & string = keyof Actions & string,
  Unsigned extends string = string,
  Prefix extends string = string,
> = {
  /** Bound to every item, and never changed, even if the table is restored under another name. */
  readonly logicalTableName: string
  /**
   * The name of the partition key. Its action is `SIGN_ONLY`, or `SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT` if any
   * attribute has that.
   */
  readonly partitionKeyName: Key
  /** The name of the sort key, if the table has one. Its action is that of the partition key. */
  readonly sortKeyName?: Key | undefined
  /**
   * What is done to each attribute that an item may have. An item with another one is refused. Names that
   * begin with `aws_dbe_` or `aws-crypto-` are reserved.
   */
  readonly attributeActionsOnEncrypt: Actions
  /**
   * The attributes whose action is `DO_NOTHING`, now or ever: they are not verified on decryption. Whatever
   * was unsigned once has to stay here, and nothing that was signed may be added, or the items written before
   * do not verify.
   */
  readonly allowedUnsignedAttributes?: readonly Unsigned[] | undefined
  /** The same of all attributes whose name begins so, for example `:`. */
  readonly allowedUnsignedAttributePrefix?: Prefix | undefined
  /** What items are encrypted with; they are decrypted with either. Default: with ECDSA, `0x6701`. */
  readonly algorithmSuite?: ItemAlgorithmSuiteName | undefined
  /** Default: no plaintext is written or read. */
  readonly plaintextOverride?: PlaintextOverride | undefined
  /**
   * The most encrypted data keys of an item written or read, 1 to 65,535. Default: the 255 that an item has room
   * for. Each can cost a call to KMS, and whoever can write to the table decides how many an item has.
   */
  readonly maxEncryptedDataKeys?: number | undefined
  /** How plain values become attribute values, as DynamoDBDocumentClient's `marshallOptions`. */
  readonly marshallOptions?: marshallOptions | undefined
  /** How attribute values become plain ones, as DynamoDBDocumentClient's `unmarshallOptions`. */
  readonly unmarshallOptions?: unmarshallOptions | undefined
  /** The implementation of the primitives. Default: node:crypto. */
  readonly backend?: CryptoBackend | undefined
  // Searchable beacons will be an option `search` of their own here; until then it is refused as unknown.
} &
  // The compiler says of a configuration that has neither that the one of the last is missing.
  (
    | {
        readonly keyring?: undefined
        /** Decides on the materials. Give either this or `keyring`. */
        readonly cmm: CryptographicMaterialsManager
      }
    | {
        /** Wraps the data keys. Give either this or `cmm`. */
        readonly keyring: Keyring
        readonly cmm?: undefined
      }
  )

/** The same, checked and completed; nobody else has it. */
export interface CheckedTableConfig {
  readonly logicalTableName: string
  readonly partitionKeyName: string
  readonly sortKeyName: string | undefined
  /** Of the items that are written: 2 if an attribute is in the encryption context ("Configuration Version"). */
  readonly version: StructureVersion
  /** By name, those of the configuration; unsigned attributes may have none. */
  readonly actions: ReadonlyMap<string, CryptoAction>
  readonly unsignedAttributes: ReadonlySet<string>
  readonly unsignedPrefix: string | undefined
  readonly algorithmSuite: ItemAlgorithmSuite
  readonly plaintextOverride: PlaintextOverride
  readonly maxEncryptedDataKeys: number | undefined
  readonly marshallOptions: marshallOptions | undefined
  readonly unmarshallOptions: unmarshallOptions | undefined
  readonly cmm: CryptographicMaterialsManager
  readonly backend: CryptoBackend
}

/**
 * What is done to an attribute when its item is encrypted; `undefined` if the configuration does not say,
 * so that no item may have it.
 */
export function actionOf(config: CheckedTableConfig, name: string): CryptoAction | undefined {
  return config.actions.get(name) ?? (isSigned(config, name) ? undefined : 'DO_NOTHING')
}

/** The names of the attributes that are the key of an item: the partition key's, and the sort key's if it has one. */
export function keyNames({
  partitionKeyName,
  sortKeyName,
}: Pick<TableEncryptionConfig, 'partitionKeyName' | 'sortKeyName'>): readonly string[] {
  return sortKeyName === undefined ? [partitionKeyName] : [partitionKeyName, sortKeyName]
}

/**
 * Whether an attribute of a stored item has to be signed (decrypt-item.md, "Signature Scope"). The actions
 * have no say: they may have changed since the item was written.
 */
export function isSigned(config: CheckedTableConfig, name: string): boolean {
  if (isReserved(name) || config.unsignedAttributes.has(name)) return false
  return config.unsignedPrefix === undefined || !name.startsWith(config.unsignedPrefix)
}

/** Whether the attribute belongs to the library: a header, a footer, a beacon. */
export function isReserved(name: string): boolean {
  return name.startsWith(reservedAttributePrefix)
}
