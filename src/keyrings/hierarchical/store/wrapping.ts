import { nodeBackend } from '../../../crypto/node.ts'
import { concat } from '../../../format/bytes.ts'
import {
  type BranchKeyContext,
  type HierarchyVersion,
  contextDigest,
  kmsContextOf,
} from './branch-key-context.ts'
import { type RecordPlace, badRecord } from './failures.ts'
import {
  type KmsAccess,
  decrypt,
  encrypt,
  generatePlaintext,
  generateWrapped,
  reEncrypt,
} from './kms-calls.ts'
import type { ReadRecord } from './records.ts'

const branchKeyLength = 32
const digestLength = 48

/** What a new key is wrapped as. */
export interface Wrapping {
  readonly access: KmsAccess
  readonly keyArn: string
  readonly hierarchyVersion: HierarchyVersion
}

/** A record that is to be written, without its ciphertext. */
export interface Unwrapped {
  readonly place: RecordPlace
  readonly context: BranchKeyContext
}

/**
 * A new key, wrapped for each of the records: one, or two of which it is the same (framework/
 * branch-key-store.md, "Wrapped Branch Key Creation" and "Wrapped Beacon Key Creation"). Under
 * hierarchy version 1 the key never leaves KMS.
 */
export async function wrapNewKey<Records extends readonly [Unwrapped, ...Unwrapped[]]>(
  wrapping: Wrapping,
  records: Records,
): Promise<{ [Index in keyof Records]: Uint8Array }>
export async function wrapNewKey(
  wrapping: Wrapping,
  records: readonly [Unwrapped, ...Unwrapped[]],
): Promise<readonly Uint8Array[]> {
  return wrapping.hierarchyVersion === 1
    ? wrapVersion1(wrapping, records)
    : wrapVersion2(wrapping, records)
}

async function wrapVersion1(
  { access, keyArn }: Wrapping,
  [first, ...others]: readonly [Unwrapped, ...Unwrapped[]],
): Promise<readonly Uint8Array[]> {
  const from = { keyArn, encryptionContext: first.context }
  const ciphertext = await generateWrapped({ ...access, place: first.place }, from)
  const ciphertexts = [ciphertext]
  for (const { place, context } of others) {
    const to = { keyArn, encryptionContext: context }
    const change = { ciphertext, origin: 'just made', from, to } as const
    ciphertexts.push(await reEncrypt({ ...access, place }, change))
  }
  return ciphertexts
}

async function wrapVersion2(
  wrapping: Wrapping,
  records: readonly [Unwrapped, ...Unwrapped[]],
): Promise<readonly Uint8Array[]> {
  const { access, keyArn } = wrapping
  const [{ place, context }] = records
  const binding = { keyArn, encryptionContext: kmsContextOf(context, 2) }
  const key = await generatePlaintext({ ...access, place }, binding)
  try {
    const ciphertexts: Uint8Array[] = []
    for (const record of records)
      ciphertexts.push(await wrapWithDigest(access, keyArn, record, key))
    return ciphertexts
  } finally {
    key.fill(0)
  }
}

/** Hierarchy version 2: has KMS encrypt the digest of the record's context, and the key. */
export async function wrapWithDigest(
  access: KmsAccess,
  keyArn: string,
  { place, context }: Unwrapped,
  key: Uint8Array,
): Promise<Uint8Array> {
  const tuple = concat(contextDigest(context), key)
  try {
    const binding = { keyArn, encryptionContext: kmsContextOf(context, 2) }
    return await encrypt({ ...access, place }, binding, tuple)
  } finally {
    tuple.fill(0)
  }
}

/**
 * The key of a record, authenticated together with all of the record's attributes; the caller's to
 * overwrite ("AWS KMS Branch Key Decryption").
 *
 * @param keyArn - the key to ask KMS for.
 * @throws EnvelopeError ERR_BRANCH_KEY_RECORD if the record is not what was stored,
 * ERR_BRANCH_KEY_KMS if KMS failed.
 */
export async function unwrapRecord(
  access: KmsAccess,
  keyArn: string,
  record: ReadRecord,
): Promise<Uint8Array> {
  const { place, context, hierarchyVersion, ciphertext } = record
  const binding = { keyArn, encryptionContext: kmsContextOf(context, hierarchyVersion) }
  const plaintext = await decrypt({ ...access, place }, binding, ciphertext)
  try {
    return hierarchyVersion === 1 ? wholeKey(place, plaintext) : keyAfterDigest(record, plaintext)
  } finally {
    plaintext.fill(0)
  }
}

function wholeKey(place: RecordPlace, plaintext: Uint8Array): Uint8Array {
  checkLength(place, plaintext, branchKeyLength)
  return new Uint8Array(plaintext)
}

function keyAfterDigest({ place, context }: ReadRecord, plaintext: Uint8Array): Uint8Array {
  checkLength(place, plaintext, digestLength + branchKeyLength)
  const digest = plaintext.subarray(0, digestLength)
  // KMS has authenticated the custom encryption context alone; all other attributes are in the
  // digest.
  if (!nodeBackend.equalInConstantTime(digest, contextDigest(context))) {
    throw badRecord(
      place,
      'was changed after it was written, or is of another logicalKeyStoreName: its attributes do ' +
        'not match the digest that is encrypted with its key',
    )
  }
  return new Uint8Array(plaintext.subarray(digestLength))
}

function checkLength(place: RecordPlace, plaintext: Uint8Array, length: number): void {
  if (plaintext.length === length) return
  throw badRecord(
    place,
    'was changed after it was written: ' +
      `its ciphertext holds ${plaintext.length} bytes, not ${length}`,
  )
}
