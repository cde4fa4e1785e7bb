import {
  type BranchKeyContext,
  activeType,
  attributesOf,
  beaconType,
  contextOf,
  versionType,
} from './branch-key-context.ts'
import type { BranchKeyRecord, BranchKeyRecordType } from '../storage/key-storage.ts'
import { type StoreParts, placeOf } from './store-parts.ts'
import type { RecordToWrap } from './wrapping.ts'

/** The time as records have it: "ISO 8601 format in UTC, to microsecond precision". */
export function createTime(): string {
  // The clock has milliseconds.
  return new Date().toISOString().replace('Z', '000Z')
}

/**
 * The two records of a new version: the one that stays, and the active one, which names it.
 *
 * @param attributes - those of both; an active record's `version` is replaced.
 */
export function versionRecords(
  parts: StoreParts,
  branchKeyId: string,
  branchKeyVersion: string,
  attributes: BranchKeyContext,
): readonly [version: RecordToWrap, active: RecordToWrap] {
  const type = versionType(branchKeyVersion)
  const ofBoth = Object.fromEntries(
    Object.entries(attributes).filter(([name]) => name !== 'version'),
  )
  return [
    recordToWrap(parts, branchKeyId, type, ofBoth),
    recordToWrap(parts, branchKeyId, activeType, { ...ofBoth, version: type }),
  ]
}

export function beaconRecord(
  parts: StoreParts,
  branchKeyId: string,
  attributes: BranchKeyContext,
): RecordToWrap {
  return recordToWrap(parts, branchKeyId, beaconType, attributes)
}

function recordToWrap(
  parts: StoreParts,
  branchKeyId: string,
  type: BranchKeyRecordType,
  attributes: BranchKeyContext,
): RecordToWrap {
  const place = placeOf(parts, branchKeyId, type)
  return { place, context: contextOf({ branchKeyId, type, attributes }, parts.logicalKeyStoreName) }
}

/** The record, now that its key is wrapped. */
export function wrappedRecord(
  { place: { branchKeyId, type }, context }: RecordToWrap,
  ciphertext: Uint8Array,
): BranchKeyRecord {
  return { branchKeyId, type, ciphertext, attributes: attributesOf(context) }
}
