import { randomUuid } from '../../../crypto/uuid.ts'
import { activeType, attributesOf } from './branch-key-context.ts'
import type { BranchKeyVersion } from './branch-key-store.ts'
import { conflict, withStorage } from './failures.ts'
import { reEncrypt } from './kms-calls.ts'
import { createTime, recordOf, versionRecords } from './new-records.ts'
import { fetchRecord } from './read-key.ts'
import type { ReadRecord } from './records.ts'
import { type StoreParts, creatingKeyArn, keyArnFor } from './store-parts.ts'
import { unwrapRecord, wrapNewKey } from './wrapping.ts'

export async function versionKey(
  parts: StoreParts,
  branchKeyId: string,
): Promise<BranchKeyVersion> {
  creatingKeyArn(parts, 'versionKey')
  const old = await fetchRecord(parts, branchKeyId, activeType)
  const keyArn = keyArnFor(parts, old)
  await authenticate(parts, keyArn, old)

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
    { record: recordOf(version, versionKey), replaces: undefined },
    // "prevents overwrites due to a race in updating the Active Item"
    { record: recordOf(active, activeKey), replaces: old.ciphertext },
  ]
  const outcome = await withStorage(storage.name, () => storage.write(changes))
  if (outcome === 'conflict') {
    throw conflict(
      `The branch key ${JSON.stringify(branchKeyId)} in ${JSON.stringify(storage.name)} was ` +
        'changed by another while its new version was made, which is not stored. ' +
        'Call versionKey again if one more is needed',
    )
  }
  return { branchKeyId, branchKeyVersion }
}

/**
 * Throws if the record is not what was stored ("Authenticating a Branch Keystore item"). Else who
 * can write to the storage could have a new version bound to attributes of their choice.
 */
async function authenticate(
  { access }: StoreParts,
  keyArn: string,
  record: ReadRecord,
): Promise<void> {
  const { place, context, ciphertext } = record
  if (record.hierarchyVersion === 2) {
    const key = await unwrapRecord(access, keyArn, record)
    key.fill(0)
    return
  }
  // ReEncrypt to the same: KMS checks it and the key stays there.
  const binding = { keyArn, encryptionContext: context }
  await reEncrypt(
    { ...access, place },
    { ciphertext, origin: 'of the record', from: binding, to: binding },
  )
}
