import {
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  type KMSClient,
  ReEncryptCommand,
} from '@aws-sdk/client-kms'
import { show } from '../../checks.ts'
import { EnvelopeError } from '../../errors.ts'
import type { EncryptionContext } from '../../format/encryption-context.ts'
import { bytesOf, callKms, describe, errorName, hintFor } from '../kms/calls.ts'
import { type RecordPlace, badRecord, describePlace } from './failures.ts'

/** Who to ask, and with what. */
export interface KmsAccess {
  readonly client: KMSClient
  readonly grantTokens: string[] | undefined
}

/** A call for a record, under a key that is named by its ARN. */
interface Call extends KmsAccess {
  readonly keyArn: string
  /** The record that it is for, which errors name. */
  readonly place: RecordPlace
}

/** A key and what a ciphertext under it is bound to. */
export interface Binding {
  readonly keyArn: string
  readonly encryptionContext: EncryptionContext
}

const branchKeyLength = 32

/** A new key, which nobody sees: the ciphertext of 32 random bytes. */
export async function generateWrapped(
  call: KmsAccess & { readonly place: RecordPlace },
  { keyArn, encryptionContext }: Binding,
): Promise<Uint8Array> {
  const operation = 'GenerateDataKeyWithoutPlaintext'
  const command = new GenerateDataKeyWithoutPlaintextCommand({
    KeyId: keyArn,
    NumberOfBytes: branchKeyLength,
    EncryptionContext: { ...encryptionContext },
    GrantTokens: call.grantTokens,
  })
  const asked = { ...call, keyArn }
  const answer = await ask(asked, operation, () => call.client.send(command))
  checkKeyId(asked, operation, 'KeyId', answer.KeyId)
  return ciphertextOf(asked, operation, answer.CiphertextBlob)
}

/** A new key in the clear, the caller's to overwrite: 32 random bytes. */
export async function generatePlaintext(
  call: KmsAccess & { readonly place: RecordPlace },
  { keyArn, encryptionContext }: Binding,
): Promise<Uint8Array> {
  const operation = 'GenerateDataKey'
  const command = new GenerateDataKeyCommand({
    KeyId: keyArn,
    NumberOfBytes: branchKeyLength,
    EncryptionContext: { ...encryptionContext },
    GrantTokens: call.grantTokens,
  })
  const asked = { ...call, keyArn }
  const answer = await ask(asked, operation, () => call.client.send(command))
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
  call: KmsAccess & { readonly place: RecordPlace },
  { keyArn, encryptionContext }: Binding,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  const operation = 'Encrypt'
  const command = new EncryptCommand({
    KeyId: keyArn,
    Plaintext: plaintext,
    EncryptionContext: { ...encryptionContext },
    GrantTokens: call.grantTokens,
  })
  const asked = { ...call, keyArn }
  const answer = await ask(asked, operation, () => call.client.send(command))
  checkKeyId(asked, operation, 'KeyId', answer.KeyId)
  return ciphertextOf(asked, operation, answer.CiphertextBlob)
}

/** What a record's ciphertext holds, the caller's to overwrite. */
export async function decrypt(
  call: KmsAccess & { readonly place: RecordPlace },
  { keyArn, encryptionContext }: Binding,
  ciphertext: Uint8Array,
): Promise<Uint8Array> {
  const operation = 'Decrypt'
  const command = new DecryptCommand({
    KeyId: keyArn,
    CiphertextBlob: ciphertext,
    EncryptionContext: { ...encryptionContext },
    GrantTokens: call.grantTokens,
  })
  const asked = { ...call, keyArn }
  const answer = await ask(asked, operation, () => call.client.send(command), 'of the record')
  const plaintext = bytesOf(answer.Plaintext)
  try {
    checkKeyId(asked, operation, 'KeyId', answer.KeyId)
    return plaintext
  } catch (error) {
    plaintext.fill(0)
    throw error
  }
}

/**
 * The ciphertext of the same under another binding, by KMS alone.
 *
 * @param origin - `of the record` if the ciphertext was read from the storage: KMS's refusal of it then
 * says that the record is not what was stored.
 */
export async function reEncrypt(
  call: KmsAccess & { readonly place: RecordPlace },
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
    GrantTokens: call.grantTokens,
  })
  const source = { ...call, keyArn: from.keyArn }
  const destination = { ...call, keyArn: to.keyArn }
  const answer = await ask(source, operation, () => call.client.send(command), origin)
  checkKeyId(source, operation, 'SourceKeyId', answer.SourceKeyId)
  checkKeyId(destination, operation, 'KeyId', answer.KeyId)
  return ciphertextOf(destination, operation, answer.CiphertextBlob)
}

/** Where a ciphertext that KMS is to open comes from. */
export type Origin = 'of the record' | 'just made'

async function ask<T>(
  call: Call,
  operation: string,
  send: () => Promise<T>,
  origin: Origin = 'just made',
): Promise<T> {
  const { client, keyArn, place } = call
  try {
    return await callKms({ operation, keyId: keyArn }, send)
  } catch (cause) {
    if (origin === 'of the record') refuseRecord(place, cause)
    const hint = await hintFor({ client, operation, keyId: keyArn, cause })
    const failure = `KMS ${operation} with the key ${keyArn} failed: ${describe(cause)}`
    throw kmsFailure(place, hint === undefined ? failure : `${failure} (${hint})`, cause)
  }
}

/** KMS's names for what says that the ciphertext and the attributes of a record don't belong together. */
function refuseRecord(place: RecordPlace, cause: unknown): void {
  switch (errorName(cause)) {
    case 'InvalidCiphertextException':
      throw badRecord(
        place,
        'was changed after it was written, or is of another logicalKeyStoreName: KMS does not open it',
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
