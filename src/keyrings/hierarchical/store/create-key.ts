import { checkOptions } from '../../../checks.ts'
import { randomUuid } from '../../../crypto/uuid.ts'
import { InvalidArgumentError } from '../../../errors.ts'
import { checkNoReservedKeys, copyContext } from '../../../format/encryption-context.ts'
import { checkHierarchyVersion, checkText } from './arguments.ts'
import { prefixed } from './branch-key-context.ts'
import type { BranchKeyVersion, CreateKeyOptions } from './branch-key-store.ts'
import { conflict } from './failures.ts'
import { beaconRecord, createTime, wrappedRecord, versionRecords } from './new-records.ts'
import { writeTo } from './storage-calls.ts'
import { type StoreParts, creatingKeyArn } from './store-parts.ts'
import { wrapNewKey } from './wrapping.ts'

export async function createKey(
  parts: StoreParts,
  options: CreateKeyOptions,
): Promise<BranchKeyVersion> {
  const { branchKeyId, custom, hierarchyVersion } = checkCreateKey(options)
  const keyArn = creatingKeyArn(parts, 'createKey')
  const branchKeyVersion = randomUuid()
  const attributes = {
    ...custom,
    'kms-arn': keyArn,
    'create-time': createTime(),
    'hierarchy-version': String(hierarchyVersion),
  }
  const [version, active] = versionRecords(parts, branchKeyId, branchKeyVersion, attributes)
  const beacon = beaconRecord(parts, branchKeyId, attributes)
  const wrapping = { access: parts.access, keyArn, hierarchyVersion }
  const [versionKey, activeKey] = await wrapNewKey(wrapping, [version, active] as const)
  const [beaconKey] = await wrapNewKey(wrapping, [beacon] as const)

  const { storage } = parts
  const records = [
    wrappedRecord(version, versionKey),
    wrappedRecord(active, activeKey),
    wrappedRecord(beacon, beaconKey),
  ]
  const changes = records.map((record) => ({ record, replaces: undefined }))
  const outcome = await writeTo(storage, changes)
  if (outcome === 'conflict') {
    throw conflict(
      `The branch key ${JSON.stringify(branchKeyId)} exists already, ` +
        `in ${JSON.stringify(storage.name)}. Choose another id, or rotate it by versionKey`,
    )
  }
  return { branchKeyId, branchKeyVersion }
}

function checkCreateKey(options: CreateKeyOptions) {
  checkOptions(options, ['branchKeyId', 'encryptionContext', 'hierarchyVersion'])
  const { branchKeyId = randomUuid(), hierarchyVersion = 1 } = options
  checkText(branchKeyId, 'branchKeyId')
  checkHierarchyVersion(hierarchyVersion)
  const context = copyContext(options.encryptionContext, 'encryptionContext')
  checkNoReservedKeys(context, 'encryptionContext')
  // "If an optional branch key id is provided and no encryption context is provided this operation
  // MUST fail."
  if (options.branchKeyId !== undefined && Object.keys(context).length === 0) {
    throw new InvalidArgumentError(
      'encryptionContext',
      'A branchKeyId of your own needs an encryptionContext, for example { tenant: … }; ' +
        'or leave the id out',
    )
  }
  return { branchKeyId, custom: prefixed(context), hierarchyVersion }
}
