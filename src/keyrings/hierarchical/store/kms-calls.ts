import {
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  type KMSClient,
  ReEncryptCommand,
} from '@aws-sdk/client-kms'
import { show } from '../../../checks.ts'
import { EnvelopeError, errorName } from '../../../errors.ts'
import type { EncryptionContext } from '../../../format/encryption-context.ts'
import { branchKeyLength } from '../../../materials/branch-key-materials.ts'
import { bytesOf, callKms, describe, hintFor } from '../../kms/calls.ts'
import { type RecordPlace, badRecord, describePlace } from './failures.ts'

/** Who to ask, and with what. */
export interface KmsAccess {
  readonly client: KMSClient
  readonly grantTokens: string[] | undefined
}

/** The same, for a record, which errors name. */
export interface RecordAccess extends KmsAccess {
  readonly place: RecordPlace
}

/** A call under a key that is named by its ARN. */
interface Call extends RecordAccess {
  readonly keyArn: string
  /** Of ReEncrypt: the key that the ciphertext is then under. */
  readonly destinationArn?: string
  /** Of what is opened. */
  readonly origin?: Origin
}

/** A key and what a ciphertext under it is bound to. */
export interface Binding {
  readonly keyArn: string
  readonly encryptionContext: EncryptionContext
}

/**
 * Where a ciphertext that KMS is to open comes from. If KMS refuses one that was read from the storage, the
 * record is not what was stored; one that was just made says something about the key, and nothing about
 * the record.
 */
export type Origin = 'of the record' | 'just made'

/** A new key, which nobody sees: the ciphertext of 32 random bytes. */
export async function generateWrapped(access: RecordAccess, binding: Binding): Promise<Uint8Array> {
  const operation = 'GenerateDataKeyWithoutPlaintext'
  const command = new GenerateDataKeyWithoutPlaintextCommand({
    ...under(access, binding),
    NumberOfBytes: branchKeyLength,
  })
  const asked = { ...access, keyArn: binding.keyArn }
  const answer = await ask(asked, operation, () => access.client.send(command))
  checkKeyId(asked, operation, 'KeyId', answer.KeyId)
  return ciphertextOf(asked, operation, answer.CiphertextBlob)
}

/** A new key in the clear, the caller's to overwrite: 32 random bytes. */
export async function generatePlaintext(
  access: RecordAccess,
  binding: Binding,
): Promise<Uint8Array> {
  const operation = 'GenerateDataKey'
  const command = new GenerateDataKeyCommand({
    ...under(access, binding),
    NumberOfBytes: branchKeyLength,
  })
  const asked = { ...access, keyArn: binding.keyArn }
  const answer = await ask(asked, operation, () => access.client.send(command))
  const plaintext = bytesOf(answer.Plaintext)
  try {
    checkKeyId(asked, operation, 'KeyId', answer.KeyId)
    if (plaintext.length === branchKeyLength) return plaintext
    throw unexpected(asked, operation, `a key of ${plaintext.length} bytes`)
  } catch (error) {
    plaintext.fill(0)
    throw error
  }
}

/** The ciphertext of `plaintext`, which is not kept. */
export async function encrypt(
  access: RecordAccess,
  binding: Binding,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  const operation = 'Encrypt'
  const command = new EncryptCommand({
    ...under(access, binding),
    Plaintext: plaintext,
  })
  const asked = { ...access, keyArn: binding.keyArn }
  const answer = await ask(asked, operation, () => access.client.send(command))
  checkKeyId(asked, operation, 'KeyId', answer.KeyId)
  return ciphertextOf(asked, operation, answer.CiphertextBlob)
}

/** What a ciphertext holds, the caller's to overwrite. */
export async function decrypt(
  access: RecordAccess,
  binding: Binding,
  ciphertext: Uint8Array,
  origin: Origin,
): Promise<Uint8Array> {
  const operation = 'Decrypt'
  const command = new DecryptCommand({
    ...under(access, binding),
    CiphertextBlob: ciphertext,
  })
  const asked = { ...access, keyArn: binding.keyArn, origin }
  const answer = await ask(asked, operation, () => access.client.send(command))
  const plaintext = bytesOf(answer.Plaintext)
  try {
    checkKeyId(asked, operation, 'KeyId', answer.KeyId)
    return plaintext
  } catch (error) {
    plaintext.fill(0)
    throw error
  }
}

/** The ciphertext of the same under another binding, by KMS alone. */
export async function reEncrypt(
  access: RecordAccess,
  change: {
    readonly ciphertext: Uint8Array
    readonly origin: Origin
    readonly from: Binding
    readonly to: Binding
  },
): Promise<Uint8Array> {
  const { ciphertext, origin, from, to } = change
  const operation = 'ReEncrypt'
  const command = new ReEncryptCommand({
    CiphertextBlob: ciphertext,
    SourceKeyId: from.keyArn,
    SourceEncryptionContext: { ...from.encryptionContext },
    DestinationKeyId: to.keyArn,
    DestinationEncryptionContext: { ...to.encryptionContext },
    GrantTokens: access.grantTokens,
  })
  const source = { ...access, keyArn: from.keyArn, destinationArn: to.keyArn, origin }
  const destination = { ...access, keyArn: to.keyArn }
  const answer = await ask(source, operation, () => access.client.send(command))
  checkKeyId(source, operation, 'SourceKeyId', answer.SourceKeyId)
  checkKeyId(destination, operation, 'KeyId', answer.KeyId)
  return ciphertextOf(destination, operation, answer.CiphertextBlob)
}

/** What the requests under one key have in common. */
function under({ grantTokens }: KmsAccess, { keyArn, encryptionContext }: Binding) {
  return {
    KeyId: keyArn,
    EncryptionContext: { ...encryptionContext },
    GrantTokens: grantTokens,
  }
}

async function ask<T>(call: Call, operation: string, send: () => Promise<T>): Promise<T> {
  const { keyArn, place, origin } = call
  try {
    return await callKms({ operation, keyId: keyArn }, send)
  } catch (cause) {
    if (origin === 'of the record') refuseRecord(place, cause)
    const hint = await hintOf(call, operation, cause)
    const failure = `KMS ${operation} ${keysOf(call)} failed: ${describe(cause)}`
    throw kmsFailure(place, hint === undefined ? failure : `${failure} (${hint})`, cause)
  }
}

function keysOf({ keyArn, destinationArn = keyArn }: Call): string {
  return destinationArn === keyArn
    ? `with the key ${keyArn}`
    : `from the key ${keyArn} to the key ${destinationArn}`
}

async function hintOf(
  { client, keyArn, destinationArn, origin }: Call,
  operation: string,
  cause: unknown,
): Promise<string | undefined> {
  // Of these the usual hints are about a ciphertext that was changed.
  if (origin === 'just made' && ciphertextErrors.includes(errorName(cause))) {
    return 'KMS does not open what it has just encrypted; this record was not written'
  }
  // IAM has two permissions for this one operation.
  if (destinationArn !== undefined && errorName(cause) === 'AccessDeniedException') {
    return (
      `allow kms:ReEncryptFrom on ${keyArn} and kms:ReEncryptTo on ${destinationArn} ` +
      "in the caller's IAM policy, in the key policies or by grants"
    )
  }
  return hintFor({ client, operation, keyId: keyArn, cause })
}

const ciphertextErrors = ['InvalidCiphertextException', 'IncorrectKeyException']

/**
 * KMS's names for what says that the ciphertext and the attributes of a record don't belong
 * together.
 */
function refuseRecord(place: RecordPlace, cause: unknown): void {
  switch (errorName(cause)) {
    case 'InvalidCiphertextException':
      throw badRecord(
        place,
        'was changed after it was written, or is of another logicalKeyStoreName: ' +
          'KMS does not open it',
        cause,
      )
    case 'IncorrectKeyException':
      throw badRecord(
        place,
        'was changed after it was written: its key is not wrapped under its kms-arn',
        cause,
      )
  }
}

/** An error of KMS, or of what it answered. */
export function kmsFailure(place: RecordPlace, failure: string, cause?: unknown): EnvelopeError {
  return new EnvelopeError(
    'ERR_BRANCH_KEY_KMS',
    `${describePlace(place)}: ${failure}`,
    cause === undefined ? {} : { cause },
  )
}

/** An answer under another key than was asked for is not what was asked for. */
function checkKeyId(call: Call, operation: string, member: string, found: unknown): void {
  if (found === call.keyArn) return
  throw unexpected(call, operation, `the ${member} ${show(found)}`)
}

function ciphertextOf(call: Call, operation: string, member: unknown): Uint8Array {
  const ciphertext = bytesOf(member)
  if (ciphertext.length > 0) return ciphertext
  throw unexpected(call, operation, 'no ciphertext')
}

function unexpected({ keyArn, place }: Call, operation: string, found: string): EnvelopeError {
  return kmsFailure(
    place,
    `KMS ${operation} with the key ${keyArn} answered with ${found}, which is not valid`,
  )
}
