import type { BranchKeyRecordType, KeyStorage } from '../storage/key-storage.ts'
import type { RecordPlace } from './failures.ts'
import { EnvelopeError } from '../../../errors.ts'
import type { KmsAccess } from './kms-calls.ts'
import { kmsFailure } from './kms-calls.ts'
import { type KmsConfiguration, configuredKeyArn, keyArnToAsk } from './kms-configuration.ts'
import type { ReadRecord } from './records.ts'

/** A version of a branch key. */
export interface BranchKeyVersion {
  readonly branchKeyId: string
  /** A UUID. */
  readonly branchKeyVersion: string
}

/** What the operations of a key store work with. */
export interface StoreParts {
  readonly access: KmsAccess
  readonly kmsConfiguration: KmsConfiguration
  readonly logicalKeyStoreName: string
  readonly storage: KeyStorage
}

export function placeOf(
  { storage }: StoreParts,
  branchKeyId: string,
  type: BranchKeyRecordType,
): RecordPlace {
  return { branchKeyId, type, storageName: storage.name }
}

/**
 * The key to ask for a record, or an error if the store may not use the one that the record names.
 */
export function keyArnFor({ kmsConfiguration }: StoreParts, { place, kmsArn }: ReadRecord): string {
  const keyArn = keyArnToAsk(kmsConfiguration, kmsArn)
  if (keyArn !== undefined) return keyArn
  const configured = String(configuredKeyArn(kmsConfiguration))
  throw kmsFailure(
    place,
    `it is wrapped under ${kmsArn}, and this store is configured with ${configured}. ` +
      'Configure that key, or discovery to read whatever was stored',
  )
}

/**
 * The key that new keys are wrapped under; "this operation MUST fail" for a store that discovers.
 */
export function creatingKeyArn({ kmsConfiguration }: StoreParts, operation: string): string {
  const keyArn = configuredKeyArn(kmsConfiguration)
  if (keyArn !== undefined) return keyArn
  throw new EnvelopeError(
    'ERR_BRANCH_KEY_KMS',
    `${operation} needs a KMS key, and this store discovers its keys (kmsConfiguration.type is ` +
      `"${kmsConfiguration.type}"). Use a store of the type "key" or "multi-region-key"`,
  )
}
