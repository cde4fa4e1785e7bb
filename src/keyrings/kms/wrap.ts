import { EncryptCommand, GenerateDataKeyCommand, type KMSClient } from '@aws-sdk/client-kms'
import { show } from '../../checks.ts'
import { utf8 } from '../../format/bytes.ts'
import type { EncryptedDataKey } from '../../format/encrypted-data-key.ts'
import type { EncryptionMaterials } from '../../materials/encryption-materials.ts'
import { kmsIdentifierKind, parseKmsArn } from './arn.ts'
import {
  abortOption,
  bytesOf,
  callKms,
  kmsProviderId,
  unexpectedAnswer,
  wrapFailure,
} from './calls.ts'

/** A symmetric KMS key, and who to ask for it. */
export interface KmsKey {
  readonly client: KMSClient
  /** A key ARN, a key id, an alias name or an alias ARN. */
  readonly keyId: string
  readonly grantTokens: string[] | undefined
}

/** Has KMS generate a data key, or encrypt the one there is (aws-kms-keyring.md, "OnEncrypt"). */
export async function wrapWithKms(
  materials: EncryptionMaterials,
  key: KmsKey,
): Promise<EncryptionMaterials> {
  return materials.hasDataKey ? await encrypt(materials, key) : await generate(materials, key)
}

async function generate(materials: EncryptionMaterials, key: KmsKey): Promise<EncryptionMaterials> {
  const { keyId, grantTokens } = key
  const { suite, signal } = materials
  const operation = 'GenerateDataKey'
  const command = new GenerateDataKeyCommand({
    KeyId: keyId,
    NumberOfBytes: suite.keyLength,
    EncryptionContext: { ...materials.encryptionContext },
    GrantTokens: grantTokens,
  })
  const answer = await ask(key, operation, signal, () =>
    key.client.send(command, abortOption(signal)),
  )
  const plaintext = bytesOf(answer.Plaintext)
  try {
    // "OnEncrypt MUST verify that the response Plaintext length matches"
    if (plaintext.length !== suite.keyLength) {
      throw unexpectedAnswer(operation, keyId, `a data key of ${plaintext.length} bytes`)
    }
    return materials
      .withDataKey(plaintext)
      .withEncryptedDataKey(encryptedDataKey(operation, keyId, answer))
  } finally {
    plaintext.fill(0)
  }
}

async function encrypt(materials: EncryptionMaterials, key: KmsKey): Promise<EncryptionMaterials> {
  const { keyId, grantTokens } = key
  const { signal } = materials
  const operation = 'Encrypt'
  const command = new EncryptCommand({
    KeyId: keyId,
    Plaintext: materials.dataKey,
    EncryptionContext: { ...materials.encryptionContext },
    GrantTokens: grantTokens,
  })
  const answer = await ask(key, operation, signal, () =>
    key.client.send(command, abortOption(signal)),
  )
  return materials.withEncryptedDataKey(encryptedDataKey(operation, keyId, answer))
}

async function ask<T>(
  { client, keyId }: KmsKey,
  operation: string,
  signal: AbortSignal | undefined,
  send: () => Promise<T>,
): Promise<T> {
  try {
    return await callKms({ operation, keyId }, send)
  } catch (cause) {
    throw await wrapFailure({ client, operation, keyId, cause, signal })
  }
}

function encryptedDataKey(
  operation: string,
  keyId: string,
  answer: { KeyId?: string | undefined; CiphertextBlob?: Uint8Array | undefined },
): EncryptedDataKey {
  const { KeyId: keyArn } = answer
  const ciphertext = bytesOf(answer.CiphertextBlob)
  if (ciphertext.length === 0) throw unexpectedAnswer(operation, keyId, 'no ciphertext')
  // aws-kms-keyring.md, "OnEncrypt": the response's KeyId must be a valid key ARN. Under another key
  // than the one asked for, this keyring could not decrypt its own message.
  const isKeyArn = typeof keyArn === 'string' && parseKmsArn(keyArn)?.resourceType === 'key'
  if (!isKeyArn || (kmsIdentifierKind(keyId) === 'key ARN' && keyArn !== keyId)) {
    throw unexpectedAnswer(operation, keyId, `the KeyId ${show(keyArn)}`)
  }
  return { providerId: kmsProviderId, providerInfo: utf8(keyArn), ciphertext }
}
