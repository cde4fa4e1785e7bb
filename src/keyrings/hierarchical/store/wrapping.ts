import { nodeBackend } from '../../../crypto/node.ts'
import type { EnvelopeError } from '../../../errors.ts'
import { concat } from '../../../format/bytes.ts'
import { branchKeyLength } from '../../../materials/branch-key-materials.ts'
import {
  type BranchKeyContext,
  type HierarchyVersion,
  contextDigest,
  kmsContextOf,
} from './branch-key-context.ts'
import { type RecordPlace, badRecord } from './failures.ts'
import {
  type KmsAccess,
  type Origin,
  decrypt,
  encrypt,
  generatePlaintext,
  generateWrapped,
  kmsFailure,
  reEncrypt,
} from './kms-calls.ts'
import type { ReadRecord } from './records.ts'

/** What a new key is wrapped as. */
export interface Wrapping {
  readonly access: KmsAccess
  readonly keyArn: string
  readonly hierarchyVersion: HierarchyVersion
}

/** A record that is to be written, without its ciphertext. */
export interface RecordToWrap {
  readonly place: RecordPlace
  readonly context: BranchKeyContext
}

/**
 * A new key, wrapped for each of the records: one, or two of which it is the same (framework/
 * branch-key-store.md, "Wrapped Branch Key Creation" and "Wrapped Beacon Key Creation"). Under
 * hierarchy version 1 the key never leaves KMS.
 */
export async function wrapNewKey<Records extends readonly [RecordToWrap, ...RecordToWrap[]]>(
  wrapping: Wrapping,
  records: Records,
): Promise<{ [Index in keyof Records]: Uint8Array }>
export async function wrapNewKey(
  wrapping: Wrapping,
  records: readonly [RecordToWrap, ...RecordToWrap[]],
): Promise<readonly Uint8Array[]> {
  return wrapping.hierarchyVersion === 1
    ? wrapVersion1(wrapping, records)
    : wrapVersion2(wrapping, records)
}

async function wrapVersion1(
  { access, keyArn }: Wrapping,
  [first, ...others]: readonly [RecordToWrap, ...RecordToWrap[]],
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
  records: readonly [RecordToWrap, ...RecordToWrap[]],
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
  { place, context }: RecordToWrap,
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
 * ERR_BRANCH_KEY_KMS if KMS failed, or if it gives back something else than was just encrypted.
 */
export async function unwrapRecord(
  access: KmsAccess,
  keyArn: string,
  record: ReadRecord,
  origin: Origin,
): Promise<Uint8Array> {
  const { place, context, hierarchyVersion, ciphertext } = record
  const binding = { keyArn, encryptionContext: kmsContextOf(context, hierarchyVersion) }
  const plaintext = await decrypt({ ...access, place }, binding, ciphertext, origin)
  try {
    const digest = hierarchyVersion === 1 ? undefined : contextDigest(context)
    const wrong = whatIsWrong(plaintext, digest)
    if (wrong === undefined) return new Uint8Array(plaintext.subarray(digest?.length ?? 0))
    if (origin === 'just made') throw notGivenBack(place, keyArn)
    throw badRecord(place, `was changed after it was written${wrong}`)
  } finally {
    plaintext.fill(0)
  }
}

/** What a KMS key encrypts it has to decrypt, or it would take the branch key with it. */
export function notGivenBack(place: RecordPlace, keyArn: string): EnvelopeError {
  return kmsFailure(place, `KMS has not given back what it was given to encrypt under ${keyArn}`)
}

/**
 * Why a plaintext is no branch key, after the digest if there is one. KMS has authenticated the
 * custom encryption context alone then; all other attributes are in the digest.
 */
function whatIsWrong(plaintext: Uint8Array, digest: Uint8Array | undefined): string | undefined {
  const length = (digest?.length ?? 0) + branchKeyLength
  if (plaintext.length !== length) {
    return `: its ciphertext holds ${plaintext.length} bytes, not ${length}`
  }
  const isBound =
    digest === undefined ||
    nodeBackend.equalInConstantTime(plaintext.subarray(0, digest.length), digest)
  return isBound
    ? undefined
    : ', or is of another logicalKeyStoreName: its attributes do not match the digest that is ' +
        'encrypted with its key'
}
