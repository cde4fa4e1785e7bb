import type { EncryptedDataKey } from '../format/encrypted-data-key.ts'
import type { EncryptionContext } from '../format/encryption-context.ts'
import type { ItemAlgorithmSuite } from '../suites/item-suites.ts'

/**
 * What happens to an attribute when its item is encrypted (structured-encryption/structures.md, "Crypto
 * Action"):
 *
 * - `ENCRYPT_AND_SIGN`: nobody can read or change it unnoticed.
 * - `SIGN_ONLY`: everybody can read it, nobody can change it unnoticed.
 * - `SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT`: the same, and keyrings see it, in the encryption context.
 * - `DO_NOTHING`: everybody can read and change it.
 */
export type CryptoAction =
  'ENCRYPT_AND_SIGN' | 'SIGN_ONLY' | 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT' | 'DO_NOTHING'

/** What is signed; everything else does not exist for structured encryption. */
export type SignedAction = Exclude<CryptoAction, 'DO_NOTHING'>

/** A value in bytes, and what kind of value it is (structures.md, "Terminal Data"). */
export interface Terminal {
  /** Two bytes, for example `0x0001` of a string; `0xffff` of binary data, which all that is encrypted is. */
  readonly typeId: number
  readonly value: Uint8Array
}

/** A signed attribute as it is stored: an encrypted one is binary, with its own type id in front. */
export interface StoredField extends Terminal {
  readonly name: string
}

/** A signed attribute, and what is done to it. */
export interface Field extends StoredField {
  readonly action: SignedAction
}

/** The version of the format: 2 if an attribute is signed and in the encryption context. */
export type StructureVersion = 1 | 2

/** The header of an encrypted item, parsed and not verified (structured-encryption/header.md). */
export interface StructureHeader {
  readonly version: StructureVersion
  readonly suite: ItemAlgorithmSuite
  /** 32 random bytes, of this encryption alone. */
  readonly messageId: Uint8Array
  /** A byte for each signed attribute, in the order of their canonical paths ("Encrypt Legend"). */
  readonly legend: Uint8Array
  /** The pairs that the item stores; what it is bound to is not among them. */
  readonly encryptionContext: EncryptionContext
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
  /** All bytes of the header. */
  readonly bytes: Uint8Array
  /** Those that the commitment is over. */
  readonly body: Uint8Array
  readonly commitment: Uint8Array
}

/** The names of the two attributes that encryption adds. */
export const headerName = 'aws_dbe_head'
export const footerName = 'aws_dbe_foot'
/** Names that begin so belong to the library. */
export const reservedAttributePrefix = 'aws_dbe_'
/** The type id of binary data, and so of all that is encrypted. */
export const binaryTypeId = 0xffff
/** Bytes of a type id, which stands in front of what is encrypted. */
export const typeIdLength = 2
