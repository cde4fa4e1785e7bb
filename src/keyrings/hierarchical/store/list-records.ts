import { activeType, beaconType, versionPrefix, versionType } from './branch-key-context.ts'
import { type RecordPlace, badRecord, lost, notFound } from './failures.ts'
import type { BranchKeyRecordType } from '../storage/key-storage.ts'
import { type ReadRecord, isUuid, readRecord } from './records.ts'
import { listFrom } from './storage-calls.ts'
import { type StoreParts, placeOf } from './store-parts.ts'

/**
 * All records of a branch key, the active one first; well formed, and not authenticated.
 *
 * @throws EnvelopeError ERR_BRANCH_KEY_NOT_FOUND if there is none, or if one is missing of those that each
 * branch key has: the active one, the version that it names, and the beacon key.
 */
export async function listRecords(
  parts: StoreParts,
  branchKeyId: string,
): Promise<readonly ReadRecord[]> {
  const first = await listOnce(parts, branchKeyId)
  if (missingOf(first) === undefined) return first
  // A list need not be of one moment: a rotation may have come into it.
  const second = await listOnce(parts, branchKeyId)
  const missing = missingOf(second)
  if (missing === undefined) return second
  throw lost(placeOf(parts, branchKeyId, missing))
}

async function listOnce(parts: StoreParts, branchKeyId: string): Promise<readonly ReadRecord[]> {
  const { storage, logicalKeyStoreName } = parts
  const listed = await listFrom(storage, branchKeyId)
  if (listed.length === 0) throw notFound(placeOf(parts, branchKeyId, activeType))
  const records = listed.map((record) => {
    const place: RecordPlace = placeOf(parts, branchKeyId, typeOf(parts, branchKeyId, record))
    return readRecord(record, place, logicalKeyStoreName)
  })
  const rank = ({ place }: ReadRecord): number => (place.type === activeType ? 0 : 1)
  return records.sort((a, b) => rank(a) - rank(b))
}

function typeOf({ storage }: StoreParts, branchKeyId: string, record: object): BranchKeyRecordType {
  const type: unknown = Reflect.get(record, 'type')
  if (type === activeType || type === beaconType) return type
  if (typeof type === 'string' && type.startsWith(versionPrefix)) {
    const version = type.slice(versionPrefix.length)
    if (isUuid(version)) return versionType(version)
  }
  // For example those by which AWS's tools note that they are changing the branch key just now.
  throw badRecord(
    { branchKeyId, type, storageName: storage.name },
    'is of a type that is not known',
  )
}

/**
 * The type of a record that is not there and has to be. A move ends with the old KMS key being given up:
 * what is found in a backup after that does not open any more, not the beacon key either.
 */
function missingOf(records: readonly ReadRecord[]): BranchKeyRecordType | undefined {
  const active = records.find(({ place }) => place.type === activeType)
  if (active?.branchKeyVersion === undefined) return activeType
  const required = [versionType(active.branchKeyVersion), beaconType] as const
  return required.find((type) => !records.some(({ place }) => place.type === type))
}
