import { isDeepStrictEqual } from 'node:util'
import type { KMSClient } from '@aws-sdk/client-kms'
import { checkOptions, show } from '../../../checks.ts'
import { EnvelopeError, InvalidArgumentError } from '../../../errors.ts'
import { equalBytes } from '../../../format/bytes.ts'
import { parseKmsArn } from '../../kms/arn.ts'
import { checkClient, checkGrantTokens } from '../../kms/calls.ts'
import { activeType } from './branch-key-context.ts'
import { conflict } from './failures.ts'
import type { BranchKeyRecordType } from '../storage/key-storage.ts'
import { kmsFailure } from './kms-calls.ts'
import { checkKeyArn, configuredKeyArn, keyArnToAsk } from './kms-configuration.ts'
import { listRecords } from './list-records.ts'
import { wrappedRecord } from './new-records.ts'
import type { ReadRecord } from './records.ts'
import { type Rewrapping, authenticateMoved, rewrapRecord } from './rewrap-record.ts'
import { writeTo } from './storage-calls.ts'
import type { StoreParts } from './store-parts.ts'

/** Where `BranchKeyStore.rewrapKey` moves a branch key to. */
export interface RewrapDestination {
  /** The ARN of the KMS key, not of an alias. */
  readonly keyArn: string
  /**
   * The client for that key, where the store's own cannot use it: in another region, or with other
   * credentials. The keys are in this process's memory then, on their way from one client to the other.
   */
  readonly client?: KMSClient
  /**
   * Grant tokens for the calls with that key. With `client` they are all that it sends, and without it they
   * are sent besides those of the store.
   */
  readonly grantTokens?: readonly string[]
}

/** What `BranchKeyStore.rewrapKey` has done; together all records of the branch key. */
export interface RewrapResult {
  /** Records that this call has moved, each of which the destination has opened. */
  readonly rewrapped: number
  /**
   * Records that were under the destination without it: of an earlier call, or of another one meanwhile.
   * KMS has authenticated each of them under the destination, in this call.
   */
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
 * list that is begun after that, and has no record under it, is final. What is written in a record about
 * its key is not believed: the result counts only what this call has seen open under the destination.
 */
export async function rewrapBranchKey(
  parts: StoreParts,
  branchKeyId: string,
  to: RewrapDestination,
): Promise<RewrapResult> {
  const { storage } = parts
  const rewrapping = checkDestination(parts, to)
  const moved = new Set<BranchKeyRecordType>()
  const opened = new Map<BranchKeyRecordType, ReadRecord>()
  let isActiveThere = false
  for (let pass = 0; pass < mostPasses; pass++) {
    const records = await listRecords(parts, branchKeyId)
    const [there, pending] = partition(records, ({ kmsArn }) => kmsArn === to.keyArn)
    // All are looked at before the first is moved, so that what is refused leaves all as it was.
    const moves = pending.map((record) => ({ record, from: sourceOf(parts, record, to) }))
    for (const record of there) {
      if (isSame(opened.get(record.place.type), record)) continue
      await authenticateMoved(rewrapping, record)
      opened.set(record.place.type, record)
    }
    if (pending.length === 0 && isActiveThere) {
      const others = records.filter(({ place }) => !moved.has(place.type))
      return { rewrapped: moved.size, alreadyThere: others.length }
    }
    for (const { record, from } of moves) {
      const rewrapped = await rewrapRecord(rewrapping, record, from)
      const written = wrappedRecord(rewrapped, rewrapped.ciphertext)
      const change = { record: written, replaces: record.ciphertext }
      // Otherwise somebody else has changed it: the next pass sees to what.
      if ((await writeTo(storage, [change])) !== 'written') continue
      moved.add(record.place.type)
      opened.set(record.place.type, rewrapped)
    }
    isActiveThere = opened.has(activeType)
  }
  throw conflict(
    `Others changed the records of the branch key ${JSON.stringify(branchKeyId)} in ` +
      `${JSON.stringify(storage.name)} again and again while they were moved to ${to.keyArn}; ` +
      `${moved.size} were moved. Each record opens under the key that it names. Stop what changes them, ` +
      'and call rewrapKey again',
  )
}

function checkDestination(
  { access, kmsConfiguration }: StoreParts,
  to: RewrapDestination,
): Rewrapping {
  checkOptions(to, ['keyArn', 'client', 'grantTokens'], 'to')
  const { keyArn, client } = to
  checkKeyArn(keyArn, 'to.keyArn')
  if (client !== undefined) checkClient(client, 'to.client')
  const grantTokens = checkGrantTokens(to.grantTokens, 'to.grantTokens')
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
  // Grant tokens are of one region and of its keys.
  if (client)
    return { keyArn, source: access, destination: { client, grantTokens }, ownClient: client }
  checkSameRegion(configured, keyArn)
  // A ReEncrypt has one list for both keys.
  const both = grantTokens
    ? { ...access, grantTokens: [...(access.grantTokens ?? []), ...grantTokens] }
    : access
  return { keyArn, source: both, destination: both, ownClient: undefined }
}

function checkSameRegion(configured: string, keyArn: string): void {
  const [here, there] = [configured, keyArn].map((arn) => parseKmsArn(arn)?.region)
  if (here === there) return
  throw new InvalidArgumentError(
    'to.client',
    `to.keyArn is in ${show(there)} and the key of the store in ${show(here)}, and KMS moves nothing ` +
      `from one region to the other: give to.client, a KMSClient for ${show(there)}`,
  )
}

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): [first: T[], second: T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))]
}

/** Whether a record is, to the byte, one that was seen to open. */
function isSame(seen: ReadRecord | undefined, { ciphertext, context }: ReadRecord): boolean {
  if (seen === undefined) return false
  return equalBytes(seen.ciphertext, ciphertext) && isDeepStrictEqual(seen.context, context)
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
      `${String(configuredKeyArn(kmsConfiguration))}, nor under to.keyArn, ${to.keyArn}. If that key is one ` +
      'of yours, call rewrapKey of a store that is configured with it. Nothing was moved in this pass',
  )
}
