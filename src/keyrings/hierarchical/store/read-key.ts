import { BranchKeyMaterials } from '../../../materials/branch-key-materials.ts'
import { customContextOf } from './branch-key-context.ts'
import { notFound } from './failures.ts'
import type { BranchKeyRecordType } from '../storage/key-storage.ts'
import { type ReadRecord, readRecord } from './records.ts'
import { readFrom } from './storage-calls.ts'
import { type StoreParts, keyArnFor, placeOf } from './store-parts.ts'
import { unwrapRecord } from './wrapping.ts'

/** A record as the storage has it: well formed, and not authenticated. */
export async function fetchRecord(
  parts: StoreParts,
  branchKeyId: string,
  type: BranchKeyRecordType,
): Promise<ReadRecord> {
  const { storage, logicalKeyStoreName } = parts
  const place = placeOf(parts, branchKeyId, type)
  const record = await readFrom(storage, branchKeyId, type)
  if (record === undefined) throw notFound(place)
  return readRecord(record, place, logicalKeyStoreName)
}

/** The key of a record ("GetActiveBranchKey", "GetBranchKeyVersion", "GetBeaconKey"). */
export async function getMaterials(
  parts: StoreParts,
  branchKeyId: string,
  type: BranchKeyRecordType,
): Promise<BranchKeyMaterials> {
  const record = await fetchRecord(parts, branchKeyId, type)
  const key = await unwrapRecord(parts.access, keyArnFor(parts, record), record, 'of the record')
  try {
    return new BranchKeyMaterials({
      branchKeyId,
      branchKeyVersion: record.branchKeyVersion,
      encryptionContext: customContextOf(record.context),
      key,
    })
  } finally {
    key.fill(0)
  }
}
