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
import type { Unwrapped } from './wrapping.ts'

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
): readonly [version: Unwrapped, active: Unwrapped] {
  const type = versionType(branchKeyVersion)
  const ofBoth = Object.fromEntries(
    Object.entries(attributes).filter(([name]) => name !== 'version'),
  )
  return [
    unwrapped(parts, branchKeyId, type, ofBoth),
    unwrapped(parts, branchKeyId, activeType, { ...ofBoth, version: type }),
  ]
}

export function beaconRecord(
  parts: StoreParts,
  branchKeyId: string,
  attributes: BranchKeyContext,
): Unwrapped {
  return unwrapped(parts, branchKeyId, beaconType, attributes)
}

function unwrapped(
  parts: StoreParts,
  branchKeyId: string,
  type: BranchKeyRecordType,
  attributes: BranchKeyContext,
): Unwrapped {
  const place = placeOf(parts, branchKeyId, type)
  return { place, context: contextOf({ branchKeyId, type, attributes }, parts.logicalKeyStoreName) }
}

/** The record, now that its key is wrapped. */
export function recordOf(
  { place: { branchKeyId, type }, context }: Unwrapped,
  ciphertext: Uint8Array,
): BranchKeyRecord {
  return { branchKeyId, type, ciphertext, attributes: attributesOf(context) }
}
