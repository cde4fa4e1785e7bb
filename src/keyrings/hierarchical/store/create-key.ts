import { checkOptions } from '../../../checks.ts'
import { randomUuid } from '../../../crypto/uuid.ts'
import { type EnvelopeError, InvalidArgumentError } from '../../../errors.ts'
import type { EncryptionContext } from '../../../format/encryption-context.ts'
import { checkCustomContext, checkHierarchyVersion, checkText } from './arguments.ts'
import { type HierarchyVersion, activeType, prefixed } from './branch-key-context.ts'
import { conflict } from './failures.ts'
import type { KeyStorage } from '../storage/key-storage.ts'
import { beaconRecord, createTime, wrappedRecord, versionRecords } from './new-records.ts'
import { readFrom, writeTo } from './storage-calls.ts'
import { type BranchKeyVersion, type StoreParts, creatingKeyArn } from './store-parts.ts'
import { wrapNewKey } from './wrapping.ts'

/** Options of `BranchKeyStore.createKey`. */
export interface CreateKeyOptions {
  /**
   * What it is called. Default: a random UUID. With one of your own, give an encryption context
   * too.
   */
  branchKeyId?: string
  /**
   * Pairs that are bound to the branch key; they are stored in the clear. No name begins with
   * `aws-crypto-`; under hierarchy version 2 none is that of an attribute of a record either:
   * `branch-key-id`, `type`, `enc`, `tablename`, `kms-arn`, `create-time`, `hierarchy-version`,
   * `version`.
   */
  encryptionContext?: EncryptionContext
  /** How its records are bound to their attributes. Default: 1. */
  hierarchyVersion?: HierarchyVersion
}

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
  if (outcome === 'conflict') throw await conflictOf(storage, branchKeyId)
  return { branchKeyId, branchKeyVersion }
}

function checkCreateKey(options: CreateKeyOptions) {
  checkOptions(options, ['branchKeyId', 'encryptionContext', 'hierarchyVersion'])
  const { branchKeyId = randomUuid(), hierarchyVersion = 1 } = options
  checkText(branchKeyId, 'branchKeyId')
  checkHierarchyVersion(hierarchyVersion)
  const context = checkCustomContext(options.encryptionContext, hierarchyVersion)
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

/**
 * Why nothing was written. DynamoDB also calls it a conflict if another transaction is under way, which may come to
 * nothing; no retry here, for the client has retried already.
 */
async function conflictOf(storage: KeyStorage, branchKeyId: string): Promise<EnvelopeError> {
  const [id, name] = [JSON.stringify(branchKeyId), JSON.stringify(storage.name)]
  // Who may only write is told of the conflict, and not of what the look at it failed with.
  const isThere = await readFrom(storage, branchKeyId, activeType).then(
    (record) => record !== undefined,
    () => undefined,
  )
  if (isThere === true) {
    return conflict(
      `The branch key ${id} exists already, in ${name}. Choose another id, or rotate it by versionKey`,
    )
  }
  const why =
    isThere === false
      ? `another write to its records was under way in ${name}`
      : `it exists already in ${name}, or another write to its records was under way`
  return conflict(
    `The branch key ${id} was not created: ${why}. Nothing of it is stored by this call. Call createKey again`,
  )
}
