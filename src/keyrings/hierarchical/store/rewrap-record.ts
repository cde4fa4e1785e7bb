import type { KMSClient } from '@aws-sdk/client-kms'
import { nodeBackend } from '../../../crypto/node.ts'
import { authenticate, authenticateByKey } from './authenticate.ts'
import { type KmsAccess, encrypt, reEncrypt } from './kms-calls.ts'
import type { ReadRecord } from './records.ts'
import { notGivenBack, unwrapRecord, wrapWithDigest } from './wrapping.ts'

/** Who makes which calls of a move. */
export interface Rewrapping {
  /** The KMS key to move to. */
  readonly keyArn: string
  /** For the calls with the key of the store. */
  readonly source: KmsAccess
  /** For the calls with `keyArn`: the same, unless the caller gave a client for it. */
  readonly destination: KmsAccess
  readonly ownClient: KMSClient | undefined
}

/**
 * The record under the destination. What replaces a record has been opened once under the destination:
 * a key that encrypts and does not decrypt would otherwise take the branch key with it.
 */
export async function rewrapRecord(
  rewrapping: Rewrapping,
  record: ReadRecord,
  from: string,
): Promise<ReadRecord> {
  const { keyArn } = rewrapping
  const context = { ...record.context, 'kms-arn': keyArn }
  const target = { ...record, context, kmsArn: keyArn }
  // KMS moves it by itself, unless there are two clients, or the ARN is part of what is encrypted.
  const ciphertext = isWithinKms(rewrapping, record)
    ? await rewrapWithinKms(rewrapping, record, from, target)
    : await rewrapInMemory(rewrapping, record, from, target)
  return { ...target, ciphertext }
}

/**
 * Throws if a record that says to be under the destination is not, or is not what was stored: whoever can
 * write to the storage could otherwise have it left behind under a KMS key that is about to be given up.
 */
export async function authenticateMoved(rewrapping: Rewrapping, record: ReadRecord): Promise<void> {
  const { destination, keyArn } = rewrapping
  // By the calls that a move makes, so that it takes the same permissions.
  return isWithinKms(rewrapping, record)
    ? authenticate(destination, keyArn, record)
    : authenticateByKey(destination, keyArn, record)
}

function isWithinKms({ ownClient }: Rewrapping, { hierarchyVersion }: ReadRecord): boolean {
  return ownClient === undefined && hierarchyVersion === 1
}

/** Hierarchy version 1: the branch key does not leave KMS. */
async function rewrapWithinKms(
  { source: access, keyArn }: Rewrapping,
  record: ReadRecord,
  from: string,
  { place, context }: ReadRecord,
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
  { source, destination, keyArn }: Rewrapping,
  record: ReadRecord,
  from: string,
  target: ReadRecord,
): Promise<Uint8Array> {
  const { place, context } = target
  const key = await unwrapRecord(source, from, record, 'of the record')
  let opened: Uint8Array | undefined
  try {
    const ciphertext =
      record.hierarchyVersion === 1
        ? await encrypt({ ...destination, place }, { keyArn, encryptionContext: context }, key)
        : await wrapWithDigest(destination, keyArn, target, key)
    opened = await unwrapRecord(destination, keyArn, { ...target, ciphertext }, 'just made')
    if (nodeBackend.equalInConstantTime(opened, key)) return ciphertext
    throw notGivenBack(place, keyArn)
  } finally {
    key.fill(0)
    opened?.fill(0)
  }
}
