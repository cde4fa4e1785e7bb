import { sha384 } from '../../../crypto/digest.ts'
import { type EncryptionContext, serializeContext } from '../../../format/encryption-context.ts'
import type { BranchKeyRecord, BranchKeyRecordType } from '../storage/key-storage.ts'

/**
 * What a record's wrapped key is bound to: all its attributes but the ciphertext, its id, its type
 * and the name of the logical key store (framework/branch-key-store.md, "Branch Key Context").
 */
export type BranchKeyContext = Readonly<Record<string, string>>

/** How a record's key is bound to its context. */
export type HierarchyVersion = 1 | 2

/** What the attributes of the custom encryption context begin with. */
export const contextPrefix = 'aws-crypto-ec:'
/** What the type of the record of one version begins with. */
export const versionPrefix = 'branch:version:'
export const activeType = 'branch:ACTIVE'
export const beaconType = 'beacon:ACTIVE'

/** The attribute that binds the logical key store's name; it is never stored. */
export const logicalNameAttribute = 'tablename'

/** All that a record and its context have besides the custom encryption context. */
export const attributeNames: readonly string[] = [
  'branch-key-id',
  'type',
  'enc',
  logicalNameAttribute,
  'kms-arn',
  'create-time',
  'hierarchy-version',
  'version',
]

export function contextOf(
  record: Omit<BranchKeyRecord, 'ciphertext'>,
  logicalKeyStoreName: string,
): BranchKeyContext {
  const { branchKeyId, type, attributes } = record
  return {
    ...attributes,
    'branch-key-id': branchKeyId,
    type,
    [logicalNameAttribute]: logicalKeyStoreName,
  }
}

/** The attributes of the record that a context is of, as they are stored. */
export function attributesOf(context: BranchKeyContext): BranchKeyContext {
  const elsewhere = ['branch-key-id', 'type', logicalNameAttribute]
  return Object.fromEntries(Object.entries(context).filter(([name]) => !elsewhere.includes(name)))
}

export function versionType(branchKeyVersion: string): BranchKeyRecordType {
  return `${versionPrefix}${branchKeyVersion}`
}

/** The custom encryption context as attributes. */
export function prefixed(encryptionContext: EncryptionContext): BranchKeyContext {
  const pairs = Object.entries(encryptionContext)
  return Object.fromEntries(pairs.map(([key, value]) => [contextPrefix + key, value]))
}

/** The custom encryption context ("Encryption Context From Authenticated Branch Key Context"). */
export function customContextOf(context: BranchKeyContext): EncryptionContext {
  const pairs = Object.entries(context).filter(([name]) => name.startsWith(contextPrefix))
  return Object.freeze(
    Object.fromEntries(pairs.map(([name, value]) => [name.slice(contextPrefix.length), value])),
  )
}

/** The encryption context of the calls of KMS ("AWS KMS Encryption Context"). */
export function kmsContextOf(
  context: BranchKeyContext,
  hierarchyVersion: HierarchyVersion,
): EncryptionContext {
  return hierarchyVersion === 1 ? context : customContextOf(context)
}

/**
 * The digest that hierarchy version 2 encrypts together with the key ("Wrapped Branch Key Creation
 * v2").
 */
export function contextDigest(context: BranchKeyContext): Uint8Array {
  return sha384(serializeContext(context))
}
