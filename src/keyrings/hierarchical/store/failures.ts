import { EnvelopeError } from '../../../errors.ts'
import type { BranchKeyRecordType } from '../storage/key-storage.ts'

/** Which record an error is about; of what a storage has listed, the type can be anything. */
export interface RecordPlace<Type = BranchKeyRecordType> {
  readonly branchKeyId: string
  readonly type: Type
  readonly storageName: string
}

/** A record as errors name it. */
export function describePlace({ branchKeyId, type, storageName }: RecordPlace<unknown>): string {
  return (
    `The record ${JSON.stringify(type)} of the branch key ${JSON.stringify(branchKeyId)} ` +
    `in ${JSON.stringify(storageName)}`
  )
}

/** A record is malformed, or is not what was stored. */
export function badRecord(
  place: RecordPlace<unknown>,
  reason: string,
  cause?: unknown,
): EnvelopeError {
  return new EnvelopeError(
    'ERR_BRANCH_KEY_RECORD',
    `${describePlace(place)} ${reason}. ` +
      'Restore the record from a backup, and find out who can write to the storage',
    cause === undefined ? {} : { cause },
  )
}

/** There is no such record. */
export function notFound(place: RecordPlace): EnvelopeError {
  return new EnvelopeError(
    'ERR_BRANCH_KEY_NOT_FOUND',
    `${describePlace(place)} does not exist. ` +
      'Create the branch key by createKey, or check the id and the storage',
  )
}

/** A record is missing that its branch key has to have. */
export function lost(place: RecordPlace): EnvelopeError {
  return new EnvelopeError(
    'ERR_BRANCH_KEY_NOT_FOUND',
    `${describePlace(place)} does not exist, and others of this branch key do. Restore it from a backup ` +
      'while the KMS key that it is under is still there, and call again',
  )
}

/** Another write came first. */
export function conflict(message: string): EnvelopeError {
  return new EnvelopeError('ERR_BRANCH_KEY_CONFLICT', message)
}
