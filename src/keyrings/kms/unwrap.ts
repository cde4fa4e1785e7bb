import { DecryptCommand, type KMSClient } from '@aws-sdk/client-kms'
import { traceKmsCall } from '../../diagnostics.ts'
import { type UnwrapAttempt, UnwrapError } from '../../errors.ts'
import { fromUtf8 } from '../../format/bytes.ts'
import type { EncryptedDataKey } from '../../format/encrypted-data-key.ts'
import type { DecryptionMaterials } from '../../materials/decryption-materials.ts'
import { failed, skipped } from '../attempts.ts'
import { checkNoDataKey } from '../keyring.ts'
import { otherTurn } from '../turns.ts'
import { type KmsArn, parseKmsArn } from './arn.ts'
import { abortOption, kmsProviderId, unwrapFailure, withRegion } from './calls.ts'

/** The key ARN that an encrypted data key names. */
export interface NamedKey {
  readonly text: string
  readonly arn: KmsArn
}

/** What a keyring makes of an encrypted data key: the KeyId to ask KMS for, or why it must not try. */
export type Choice = { keyId: string } | { skip: string; hint?: string }

/** How a keyring decrypts by KMS. */
export interface KmsUnwrapping {
  readonly client: KMSClient
  readonly grantTokens: string[] | undefined
  readonly choose: (named: NamedKey) => Choice
}

/** Has KMS decrypt the first data key that the keyring chooses (aws-kms-keyring.md, "OnDecrypt"). */
export async function unwrapWithKms(
  given: DecryptionMaterials,
  encryptedDataKeys: readonly EncryptedDataKey[],
  unwrapping: KmsUnwrapping,
): Promise<DecryptionMaterials> {
  checkNoDataKey(given)
  // "The set of encrypted data keys MUST first be filtered to match this keyring's configuration."
  const choices: { key: EncryptedDataKey; choice: { keyId: string } | UnwrapAttempt }[] = []
  for (const key of encryptedDataKeys) {
    if (choices.length % 64 === 63) await otherTurn(given.signal)
    choices.push({ key, choice: chooseFor(key, unwrapping) })
  }
  const attempts: UnwrapAttempt[] = []
  for (const { key, choice } of choices) {
    if (!('keyId' in choice)) {
      attempts.push(choice)
      continue
    }
    const result = await decrypt(given, key, choice.keyId, unwrapping)
    if ('materials' in result) return result.materials
    attempts.push(result.attempt)
  }
  return given.withAttempts(attempts)
}

function chooseFor(
  key: EncryptedDataKey,
  { choose }: KmsUnwrapping,
): { keyId: string } | UnwrapAttempt {
  if (key.providerId !== kmsProviderId) {
    return skipped(
      key,
      'it was not wrapped by a symmetric key of AWS KMS, which this keyring is for',
    )
  }
  const named = namedKey(key)
  const choice = choose(named)
  return 'keyId' in choice ? choice : withRegion(skipped(key, choice.skip, choice.hint), named.text)
}

/** The key ARN in an encrypted data key of KMS. */
export function namedKey(key: EncryptedDataKey): NamedKey {
  const text = fromUtf8(key.providerInfo) ?? ''
  const arn = parseKmsArn(text)
  if (arn?.resourceType === 'key') return { text, arn }
  // "MUST be a valid AWS KMS ARN with a resource type of key or OnDecrypt MUST fail": KMS always
  // answers with one, so this message was not made by a keyring, and no key of it is tried.
  throw new UnwrapError([failed(key, 'the message does not name a KMS key by its ARN')])
}

async function decrypt(
  given: DecryptionMaterials,
  key: EncryptedDataKey,
  keyId: string,
  { client, grantTokens }: KmsUnwrapping,
): Promise<{ materials: DecryptionMaterials } | { attempt: UnwrapAttempt }> {
  const { suite, signal } = given
  const operation = 'Decrypt'
  const command = new DecryptCommand({
    KeyId: keyId,
    CiphertextBlob: key.ciphertext,
    EncryptionContext: { ...given.encryptionContext },
    GrantTokens: grantTokens,
  })
  let plaintext: Uint8Array | undefined
  try {
    const answer = await traceKmsCall({ operation, keyId }, () =>
      client.send(command, abortOption(signal)),
    )
    plaintext = answer.Plaintext
    // "The KeyId field in the response MUST equal" the one that was asked for.
    if (answer.KeyId !== keyId) {
      const reason = `KMS answered for the key ${JSON.stringify(answer.KeyId)}`
      return { attempt: withRegion(failed(key, reason), keyId) }
    }
    if (plaintext?.length !== suite.keyLength) {
      const reason = `KMS answered with ${plaintext?.length ?? 0} bytes, and ${suite.name} takes ${suite.keyLength}`
      return { attempt: withRegion(failed(key, reason), keyId) }
    }
    return { materials: given.withDataKey(plaintext) }
  } catch (cause) {
    return { attempt: await unwrapFailure(key, { client, operation, keyId, cause, signal }) }
  } finally {
    plaintext?.fill(0)
  }
}
