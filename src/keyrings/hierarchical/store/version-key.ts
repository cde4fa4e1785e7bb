import { randomUuid } from '../../../crypto/uuid.ts'
import { authenticate } from './authenticate.ts'
import { activeType, attributesOf } from './branch-key-context.ts'
import { conflict } from './failures.ts'
import { createTime, wrappedRecord, versionRecords } from './new-records.ts'
import { fetchRecord } from './read-key.ts'
import { writeTo } from './storage-calls.ts'
import { type BranchKeyVersion, type StoreParts, creatingKeyArn, keyArnFor } from './store-parts.ts'
import { wrapNewKey } from './wrapping.ts'

export async function versionKey(
  parts: StoreParts,
  branchKeyId: string,
): Promise<BranchKeyVersion> {
  creatingKeyArn(parts, 'versionKey')
  const old = await fetchRecord(parts, branchKeyId, activeType)
  const keyArn = keyArnFor(parts, old)
  // Else who can write to the storage could have a new version bound to attributes of their choice.
  await authenticate(parts.access, keyArn, old)

  const { hierarchyVersion } = old
  const branchKeyVersion = randomUuid()
  // All others stay as they are, `kms-arn` too: another store may be configured with that replica
  // alone.
  const attributes = { ...attributesOf(old.context), 'create-time': createTime() }
  const [version, active] = versionRecords(parts, branchKeyId, branchKeyVersion, attributes)
  const wrapping = { access: parts.access, keyArn, hierarchyVersion }
  const [versionKey, activeKey] = await wrapNewKey(wrapping, [version, active] as const)

  const { storage } = parts
  const changes = [
    { record: wrappedRecord(version, versionKey), replaces: undefined },
    // "prevents overwrites due to a race in updating the Active Item"
    { record: wrappedRecord(active, activeKey), replaces: old.ciphertext },
  ]
  const outcome = await writeTo(storage, changes)
  if (outcome === 'conflict') {
    throw conflict(
      `The branch key ${JSON.stringify(branchKeyId)} in ${JSON.stringify(storage.name)} was ` +
        'changed, or just being changed, by another while its new version was made, which is not stored. ' +
        'Call versionKey again if one more is needed',
    )
  }
  return { branchKeyId, branchKeyVersion }
}
