import type { KMSClient } from '@aws-sdk/client-kms'
import { checkOptions, show } from '../../../checks.ts'
import { nodeBackend } from '../../../crypto/node.ts'
import { EnvelopeError, InvalidArgumentError } from '../../../errors.ts'
import { parseKmsArn } from '../../kms/arn.ts'
import { checkClient } from '../../kms/calls.ts'
import {
  type BranchKeyContext,
  activeType,
  attributesOf,
  beaconType,
  versionPrefix,
} from './branch-key-context.ts'
import { type RecordPlace, badRecord, conflict, notFound, withStorage } from './failures.ts'
import type { BranchKeyRecord, BranchKeyRecordType } from '../storage/key-storage.ts'
import { type KmsAccess, encrypt, kmsFailure, reEncrypt } from './kms-calls.ts'
import { checkKeyArn, configuredKeyArn, keyArnToAsk } from './kms-configuration.ts'
import { type ReadRecord, isUuid, readRecord } from './records.ts'
import { type StoreParts, placeOf } from './store-parts.ts'
import { unwrapRecord, wrapWithDigest } from './wrapping.ts'

/** Where `BranchKeyStore.rewrapKey` moves a branch key to. */
export interface RewrapDestination {
  /** The ARN of the KMS key, not of an alias. */
  readonly keyArn: string
  /**
   * The client for that key, where the store's own cannot use it: in another region, or with other
   * credentials. The keys are in this process's memory then, on their way from one client to the other.
   */
  readonly client?: KMSClient
}

/** What `BranchKeyStore.rewrapKey` has done; together all records of the branch key. */
export interface RewrapResult {
  /** Records that this call has moved. */
  readonly rewrapped: number
  /** Records that were under the destination without it: of an earlier call, or of another one meanwhile. */
  readonly alreadyThere: number
}

/** After the active record is under the destination nothing new comes under the old key: few are needed. */
const mostPasses = 16

/**
 * Moves all records of a branch key to another KMS key; see `BranchKeyStore.rewrapKey`.
 *
 * Each record is replaced by one conditional write, and there is no other state: at every moment each
 * record opens under exactly one of the two keys, and a call after a crash goes on with what is left.
 *
 * The active record goes first. `versionKey` wraps a new version under the key of the active record and
 * replaces that record in the same transaction. So from then on nothing new comes under the old key, and a
 * list without a record under it is final.
 */
export async function rewrapBranchKey(
  parts: StoreParts,
  branchKeyId: string,
  to: RewrapDestination,
): Promise<RewrapResult> {
  const { storage } = parts
  checkDestination(parts, to)
  const moved = new Set<BranchKeyRecordType>()
  for (let pass = 0; pass < mostPasses; pass++) {
    const records = await listRecords(parts, branchKeyId)
    const pending = records.filter(({ kmsArn }) => kmsArn !== to.keyArn)
    if (pending.length === 0) {
      const others = records.filter(({ place }) => !moved.has(place.type))
      return { rewrapped: moved.size, alreadyThere: others.length }
    }
    // All are looked at before the first is moved, so that what is refused leaves all as it was.
    const moves = pending.map((record) => ({ record, from: sourceOf(parts, record, to) }))
    for (const { record, from } of moves) {
      const { place, ciphertext: replaces } = record
      const rewrapped = await rewrap(parts.access, record, from, to)
      const change = { record: rewrapped, replaces }
      const outcome = await withStorage(storage.name, () => storage.write([change]))
      // Otherwise somebody else has changed it: the next pass sees to what.
      if (outcome === 'written') moved.add(place.type)
    }
  }
  throw conflict(
    `Others changed the records of the branch key ${JSON.stringify(branchKeyId)} in ` +
      `${JSON.stringify(storage.name)} again and again while they were moved to ${to.keyArn}; ` +
      `${moved.size} were moved. Each record opens under the key that it names. Stop what changes them, ` +
      'and call rewrapKey again',
  )
}

function checkDestination({ kmsConfiguration }: StoreParts, to: RewrapDestination): void {
  checkOptions(to, ['keyArn', 'client'], 'to')
  checkKeyArn(to.keyArn, 'to.keyArn')
  if (to.client !== undefined) checkClient(to.client, 'to.client')
  const configured = configuredKeyArn(kmsConfiguration)
  // Who can write to the storage can leave a record there whose branch key he knows, under a KMS key of
  // his own. Discovery would take it over to the new key, and stores that trust only that would use it.
  if (configured === undefined) {
    throw new EnvelopeError(
      'ERR_BRANCH_KEY_KMS',
      'rewrapKey needs the KMS key that the branch key is under now, and this store discovers its keys ' +
        `(kmsConfiguration.type is "${kmsConfiguration.type}"). Use a store of the type "key" or ` +
        '"multi-region-key": only what is under its key is moved, and nothing that someone else may ' +
        'have left in the storage',
    )
  }
  const [here, there] = [configured, to.keyArn].map((keyArn) => parseKmsArn(keyArn)?.region ?? '')
  if (to.client === undefined && here !== there) {
    throw new InvalidArgumentError(
      'to.client',
      `to.keyArn is in ${show(there)} and the key of the store in ${show(here)}, and KMS moves nothing ` +
        `from one region to the other: give to.client, a KMSClient for ${show(there)}`,
    )
  }
}

/** All records, the active one first; checked, and not authenticated yet. */
async function listRecords(parts: StoreParts, branchKeyId: string): Promise<readonly ReadRecord[]> {
  const { storage, logicalKeyStoreName } = parts
  const listed = await withStorage(storage.name, () => storage.list(branchKeyId))
  if (listed.length === 0) throw notFound(placeOf(parts, branchKeyId, activeType))
  const records = listed.map((record) => {
    const place = placeOf(parts, branchKeyId, record.type)
    // For example those by which AWS's tools note that they are changing the branch key just now.
    if (!isKnownType(record.type)) throw badRecord(place, 'is of a type that is not known')
    return readRecord(record, place, logicalKeyStoreName)
  })
  const rank = ({ place }: ReadRecord): number => (place.type === activeType ? 0 : 1)
  return records.sort((a, b) => rank(a) - rank(b))
}

function isKnownType(type: string): boolean {
  if (type === activeType || type === beaconType) return true
  return type.startsWith(versionPrefix) && isUuid(type.slice(versionPrefix.length))
}

/** The key to ask KMS for, of a record that is not under the destination yet. */
function sourceOf(
  { kmsConfiguration }: StoreParts,
  { place, kmsArn }: ReadRecord,
  to: RewrapDestination,
): string {
  const from = keyArnToAsk(kmsConfiguration, kmsArn)
  if (from !== undefined) return from
  throw kmsFailure(
    place,
    `it is under ${kmsArn}, and neither under the key of the store, ` +
      `${configuredKeyArn(kmsConfiguration) ?? ''}, nor under to.keyArn, ${to.keyArn}. If that key is one ` +
      'of yours, call rewrapKey of a store that is configured with it. Nothing was moved in this pass',
  )
}

/**
 * The record under the destination. What replaces a record has been opened once under the destination:
 * a key that encrypts and does not decrypt would otherwise take the branch key with it.
 */
async function rewrap(
  access: KmsAccess,
  record: ReadRecord,
  from: string,
  to: RewrapDestination,
): Promise<BranchKeyRecord> {
  const context = { ...record.context, 'kms-arn': to.keyArn }
  const target: RewrapTarget = { place: record.place, context, keyArn: to.keyArn }
  // KMS moves it by itself, unless there are two clients, or the ARN is part of what is encrypted.
  const ciphertext =
    to.client === undefined && record.hierarchyVersion === 1
      ? await rewrapWithinKms(access, record, from, target)
      : await rewrapInMemory(access, record, from, target, to.client)
  const { branchKeyId, type } = record.place
  return { branchKeyId, type, ciphertext, attributes: attributesOf(context) }
}

/** A record under its new key. */
interface RewrapTarget {
  readonly place: RecordPlace
  readonly context: BranchKeyContext
  readonly keyArn: string
}

/** Hierarchy version 1: the branch key does not leave KMS. */
async function rewrapWithinKms(
  access: KmsAccess,
  record: ReadRecord,
  from: string,
  { place, context, keyArn }: RewrapTarget,
): Promise<Uint8Array> {
  const source = { keyArn: from, encryptionContext: record.context }
  const target = { keyArn, encryptionContext: context }
  const ciphertext = await reEncrypt(
    { ...access, place },
    { ciphertext: record.ciphertext, origin: 'of the record', from: source, to: target },
  )
  await reEncrypt(
    { ...access, place },
    { ciphertext, origin: 'just made', from: target, to: target },
  )
  return ciphertext
}

/** The branch key is in this process's memory for the time of the calls. */
async function rewrapInMemory(
  access: KmsAccess,
  record: ReadRecord,
  from: string,
  target: RewrapTarget,
  client: KMSClient | undefined,
): Promise<Uint8Array> {
  const { place, context, keyArn } = target
  // Grant tokens are of one region and of its keys.
  const targetAccess = client ? { client, grantTokens: undefined } : access
  const key = await unwrapRecord(access, from, record)
  let opened: Uint8Array | undefined
  try {
    const ciphertext =
      record.hierarchyVersion === 1
        ? await encrypt({ ...targetAccess, place }, { keyArn, encryptionContext: context }, key)
        : await wrapWithDigest(targetAccess, keyArn, target, key)
    opened = await unwrapRecord(targetAccess, keyArn, { ...record, context, ciphertext })
    if (nodeBackend.equalInConstantTime(opened, key)) return ciphertext
    throw kmsFailure(place, `KMS has not given back what it was given to encrypt under ${keyArn}`)
  } finally {
    key.fill(0)
    opened?.fill(0)
  }
}
