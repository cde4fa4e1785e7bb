import { sha384Text } from '../crypto/digest.ts'
import { randomUuid } from '../crypto/uuid.ts'
import { InvalidArgumentError } from '../errors.ts'
import { compareBytes, utf8 } from '../format/bytes.ts'
import { type EncryptedDataKey, writeEncryptedDataKey } from '../format/encrypted-data-key.ts'
import { type EncryptionContext, serializeContext } from '../format/encryption-context.ts'
import { ByteWriter } from '../format/writer.ts'
import {
  type CommitmentPolicy,
  checkCommitmentPolicy,
  defaultCommitmentPolicy,
} from '../suites/commitment-policy.ts'
import type { MaterialsSuite } from '../suites/materials-suite.ts'

/*
 * Cache entry identifiers (framework/caching-cmm.md and aws-kms/aws-kms-hierarchical-keyring.md, "Appendix A:
 * Cache Entry Identifier Formulas"): SHA-384 over what the materials depend on, so that an entry serves no
 * request but those it was made for.
 *
 * Where the formulas leave out something that materials depend on, it is appended behind two zero bytes. No
 * serialized encryption context begins so: an empty one is no bytes at all. Requests without such things
 * have the identifiers of the specification.
 */

const resources = { cachingCmm: 0x01, hierarchicalKeyring: 0x02 } as const
const scopes = { encrypt: 0x01, decrypt: 0x02 } as const
const policies: Readonly<Record<CommitmentPolicy, number>> = {
  REQUIRE_ENCRYPT_REQUIRE_DECRYPT: 0,
  REQUIRE_ENCRYPT_ALLOW_DECRYPT: 1,
  FORBID_ENCRYPT_ALLOW_DECRYPT: 2,
}

/** The partition id that was given, or one that nobody else has; refuses what cannot be one. */
export function checkPartitionId(partitionId: string | undefined): string {
  const given: unknown = partitionId ?? randomUuid()
  // A null byte ends the partition id in the formulas: with one of its own it could pass for another.
  if (typeof given === 'string' && given !== '' && given.isWellFormed() && !given.includes('\0')) {
    return given
  }
  throw new InvalidArgumentError(
    'partitionId',
    'partitionId must be a string that is not empty and has no null character',
  )
}

/** What the materials that a message is encrypted with depend on. */
export interface EncryptionIdentity {
  readonly encryptionContext: EncryptionContext
  /** The suite that was asked for; `undefined` if the choice is the CMM's. */
  readonly algorithmSuite: MaterialsSuite | undefined
  /** Not in the formula: the choice depends on it, and a CMM underneath may refuse what it likes under it. */
  readonly commitmentPolicy: CommitmentPolicy
  /** Not in the formula: a message with required keys does not store their pairs. */
  readonly requiredContextKeys: readonly string[]
}

/** "Encryption Materials, Without Algorithm Suite" and "Encryption Materials, With Algorithm Suite". */
export function encryptionIdentifier(partitionId: string, identity: EncryptionIdentity): string {
  const { algorithmSuite, commitmentPolicy, requiredContextKeys } = identity
  const writer = begin(resources.cachingCmm, scopes.encrypt, partitionId)
  writer.uint8(algorithmSuite ? 1 : 0)
  writer.uint8(0)
  if (algorithmSuite) {
    writer.uint16(algorithmSuite.id)
    writer.uint8(0)
  }
  writer.bytes(serializeContext(identity.encryptionContext))
  if (commitmentPolicy !== defaultCommitmentPolicy || requiredContextKeys.length > 0) {
    beginExtension(writer, commitmentPolicy)
    for (const key of requiredContextKeys.map(utf8).sort(compareBytes)) {
      writer.uint32(key.length)
      writer.bytes(key)
    }
  }
  return sha384Text(writer.written())
}

/** What the materials that a message is decrypted with depend on. */
export interface DecryptionIdentity {
  readonly algorithmSuite: MaterialsSuite
  /** Not in the formula: a CMM underneath may refuse what it likes under it. */
  readonly commitmentPolicy: CommitmentPolicy
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
  readonly encryptionContext: EncryptionContext
  /**
   * Not in the formula: pairs that the message does not store, and those without which a CMM underneath
   * would refuse it.
   */
  readonly reproducedEncryptionContext: EncryptionContext
}

/**
 * "Decryption Materials". The formula does not say how many encrypted data keys there are, so a context
 * can be made to look like one more: whoever finds an entry has to compare their number.
 */
export function decryptionIdentifier(partitionId: string, identity: DecryptionIdentity): string {
  const { algorithmSuite, commitmentPolicy } = identity
  const writer = begin(resources.cachingCmm, scopes.decrypt, partitionId)
  writer.uint16(algorithmSuite.id)
  writer.uint8(0)
  writeSorted(writer, identity.encryptedDataKeys)
  writer.uint8(0)
  writer.bytes(serializeContext(identity.encryptionContext))
  const reproduced = serializeContext(identity.reproducedEncryptionContext)
  if (commitmentPolicy !== defaultCommitmentPolicy || reproduced.length > 0) {
    beginExtension(writer, commitmentPolicy)
    writer.bytes(reproduced)
  }
  return sha384Text(writer.written())
}

/** Which branch key a hierarchical keyring uses. */
export interface BranchKeyIdentity {
  readonly partitionId: string
  readonly logicalKeyStoreName: string
  readonly branchKeyId: string
}

/** "Encryption Materials" of the hierarchical keyring: its active branch key. */
export function branchKeyEncryptId(identity: BranchKeyIdentity): string {
  return sha384Text(beginBranchKey(scopes.encrypt, identity).written())
}

/** "Decryption Materials" of the hierarchical keyring: the version of the branch key that a message names. */
export function branchKeyDecryptId(
  identity: BranchKeyIdentity & { readonly branchKeyVersion: string },
): string {
  const writer = beginBranchKey(scopes.decrypt, identity)
  writer.uint8(0)
  writer.bytes(utf8(identity.branchKeyVersion))
  return sha384Text(writer.written())
}

function beginBranchKey(scope: number, identity: BranchKeyIdentity): ByteWriter {
  const writer = begin(resources.hierarchicalKeyring, scope, identity.partitionId)
  writer.bytes(utf8(identity.logicalKeyStoreName))
  writer.uint8(0)
  writer.bytes(utf8(identity.branchKeyId))
  return writer
}

function begin(resource: number, scope: number, partitionId: string): ByteWriter {
  const writer = new ByteWriter()
  writer.uint8(resource)
  writer.uint8(0)
  writer.uint8(scope)
  writer.uint8(0)
  writer.bytes(utf8(partitionId))
  writer.uint8(0)
  return writer
}

/** What stands where a context, if there is no more of it, would have its number of pairs: none. */
function beginExtension(writer: ByteWriter, commitmentPolicy: CommitmentPolicy): void {
  writer.uint16(0)
  writer.uint8(policies[checkCommitmentPolicy(commitmentPolicy)])
}

/** The encrypted data keys as a message has them, one behind the other in the order of their bytes. */
function writeSorted(writer: ByteWriter, keys: readonly EncryptedDataKey[]): void {
  const [first] = keys
  if (first && keys.length === 1) {
    writeEncryptedDataKey(writer, first)
    return
  }
  const serialized = keys.map((key) => {
    const one = new ByteWriter()
    writeEncryptedDataKey(one, key)
    return one.written()
  })
  for (const bytes of serialized.sort(compareBytes)) writer.bytes(bytes)
}
