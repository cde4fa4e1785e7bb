import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { NativeAttributeValue } from '@aws-sdk/util-dynamodb'
import type { EncryptedDataKey } from '../format/encrypted-data-key.ts'
import type { EncryptionContext } from '../format/encryption-context.ts'
import type { CryptoAction, StructureVersion } from '../structured/structure.ts'
import type { ItemAlgorithmSuiteName } from '../suites/item-suites.ts'
import type { AttributeActions } from './table-config.ts'

/** An item with its values as DynamoDB's API has them. */
export type Item = Record<string, AttributeValue>

/** An item with plain values, as DynamoDBDocumentClient has them. */
export type ItemDocument = Record<string, NativeAttributeValue>

/** What an encrypted item says of itself. */
export interface ItemHeader {
  /** The version of the format: 2 if an attribute is in the encryption context. */
  readonly version: StructureVersion
  readonly algorithmSuite: ItemAlgorithmSuiteName
  /** All pairs that are authenticated: those that the item stores, and those that it is bound to. */
  readonly encryptionContext: EncryptionContext
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
  /** What was done to each signed attribute when the item was encrypted. */
  readonly attributeActions: Readonly<Record<string, CryptoAction>>
}

/** The names whose action is the one that puts them into the encryption context: no item lacks them. */
type ContextNames<Actions extends AttributeActions> = {
  [Name in keyof Actions]: Actions[Name] extends 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT'
    ? Name
    : never
}[keyof Actions]

/** An object with these attributes, and with no others than those of the configuration. */
type Attributes<
  Value,
  Required extends PropertyKey,
  Optional extends PropertyKey,
  Prefix extends string,
> = { [Name in Required]: Value } & { [Name in Exclude<Optional, Required>]?: Value } & {
  [Name in `${Prefix}${string}`]: Value
}

/**
 * What `encryptItem` takes: the keys and all attributes of the encryption context, and any others that the
 * configuration names. Where the names are not known at compile time, any.
 */
export type PlaintextAttributes<
  Value,
  Actions extends AttributeActions,
  Key extends string,
  Unsigned extends string,
  Prefix extends string,
> = string extends keyof Actions
  ? Record<string, Value>
  : // Or else an interface, which has no index signature, would not be one.
    | Attributes<Value, Key | ContextNames<Actions>, keyof Actions | Unsigned, Prefix>
    | Attributes<Value, Key | ContextNames<Actions>, keyof Actions | Unsigned, never>

/**
 * What `decryptItem` returns: the keys, and any others that the configuration names. An item may be older than
 * the configuration, so nothing else is sure.
 */
export type DecryptedAttributes<
  Value,
  Actions extends AttributeActions,
  Key extends string,
  Unsigned extends string,
  Prefix extends string,
> = string extends keyof Actions
  ? Record<string, Value>
  : Attributes<Value, Key, keyof Actions | Unsigned, Prefix>
