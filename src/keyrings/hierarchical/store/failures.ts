import { EnvelopeError, reasonOf } from '../../../errors.ts'
import type { BranchKeyRecordType } from '../storage/key-storage.ts'

/** Which record an error is about. */
export interface RecordPlace {
  readonly branchKeyId: string
  readonly type: BranchKeyRecordType
  readonly storageName: string
}

/** A record as errors name it. */
export function describePlace({ branchKeyId, type, storageName }: RecordPlace): string {
  return (
    `The record ${JSON.stringify(type)} of the branch key ${JSON.stringify(branchKeyId)} ` +
    `in ${JSON.stringify(storageName)}`
  )
}

/** A record is malformed, or is not what was stored. */
export function badRecord(place: RecordPlace, reason: string, cause?: unknown): EnvelopeError {
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

/** Another write came first. */
export function conflict(message: string): EnvelopeError {
  return new EnvelopeError('ERR_BRANCH_KEY_CONFLICT', message)
}

/** Has the storage do something; what it fails with becomes an error of this library. */
export async function withStorage<T>(storageName: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (EnvelopeError.is(cause)) throw cause
    throw new EnvelopeError(
      'ERR_KEY_STORAGE',
      `The key storage ${JSON.stringify(storageName)} failed: ${reasonOf(cause)}`,
      { cause },
    )
  }
}
