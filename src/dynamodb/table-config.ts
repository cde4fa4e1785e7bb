import type { CryptographicMaterialsManager } from '../cmm/cmm.ts'
import type { CryptoBackend } from '../crypto/backend.ts'
import type { Keyring } from '../keyrings/keyring.ts'
import type { CryptoAction } from '../structured/structure.ts'
import type { ItemAlgorithmSuiteName } from '../suites/item-suites.ts'

/** Whether plaintext items may be written and read, for a table that is being encrypted in place. */
export type PlaintextOverride =
  | 'FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ'
  | 'FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ'
  | 'FORBID_PLAINTEXT_WRITE_FORBID_PLAINTEXT_READ'

/** By attribute name, what is done to the attribute. */
export type AttributeActions = Readonly<Record<string, CryptoAction>>

/** How the items of one table are encrypted (dynamodb-encryption-client/ddb-table-encryption-config.md). */
export type TableEncryptionConfig<Actions extends AttributeActions = AttributeActions> = {
  /** Bound to every item, and never changed, even if the table is restored under another name. */
  readonly logicalTableName: string
  readonly partitionKeyName: keyof Actions & string
  readonly sortKeyName?: (keyof Actions & string) | undefined
  /** What is done to each attribute that an item may have. */
  readonly attributeActionsOnEncrypt: Actions
  /** The attributes whose action is `DO_NOTHING`, now or ever: they are not verified on decryption. */
  readonly allowedUnsignedAttributes?: readonly string[] | undefined
  /** The same of all attributes whose name begins so. */
  readonly allowedUnsignedAttributePrefix?: string | undefined
  /** Default: with ECDSA, `0x6701`. */
  readonly algorithmSuite?: ItemAlgorithmSuiteName | undefined
  /** Default: no plaintext is written or read. */
  readonly plaintextOverride?: PlaintextOverride | undefined
  /** The implementation of the primitives. Default: node:crypto. */
  readonly backend?: CryptoBackend | undefined
} & (
  | {
      /** Wraps the data keys. Give either this or `cmm`. */
      readonly keyring: Keyring
      readonly cmm?: undefined
    }
  | {
      readonly keyring?: undefined
      /** Decides on the materials. Give either this or `keyring`. */
      readonly cmm: CryptographicMaterialsManager
    }
)
