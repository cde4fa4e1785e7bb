import { DecryptCommand, type KMSClient } from '@aws-sdk/client-kms'
import { show } from '../../checks.ts'
import { type UnwrapAttempt, UnwrapError } from '../../errors.ts'
import { fromUtf8 } from '../../format/bytes.ts'
import type { EncryptedDataKey } from '../../format/encrypted-data-key.ts'
import type { DecryptionMaterials } from '../../materials/decryption-materials.ts'
import { failed, skipped } from '../attempts.ts'
import { type Unwrapped, unwrapFirst, unwrappedTo } from '../unwrap-first.ts'
import { type KmsArn, parseKmsArn } from './arn.ts'
import { abortOption, bytesOf, callKms, kmsProviderId, unwrapFailure, withRegion } from './calls.ts'

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
  return unwrapFirst(
    given,
    encryptedDataKeys,
    (key) => chooseFor(key, unwrapping),
    (key, keyId) => decrypt(given, key, keyId, unwrapping),
  )
}

function chooseFor(
  key: EncryptedDataKey,
  { choose }: KmsUnwrapping,
): { how: string } | { attempt: UnwrapAttempt } {
  if (key.providerId !== kmsProviderId) {
    const reason = 'it was not wrapped by a symmetric key of AWS KMS, which this keyring is for'
    return { attempt: skipped(key, reason) }
  }
  const named = namedKey(key)
  const choice = choose(named)
  if ('keyId' in choice) return { how: choice.keyId }
  return { attempt: withRegion(skipped(key, choice.skip, choice.hint), named.text) }
}

/** An ARN of KMS has some 80 characters, all of them visible ones of ASCII. */
const readableArn = /^[!-~]{1,512}$/

/** The key ARN in an encrypted data key of KMS. */
export function namedKey(key: EncryptedDataKey): NamedKey {
  const text = fromUtf8(key.providerInfo) ?? ''
  // Parts of it get into reasons and hints, and so into logs, where a line break would forge a line.
  const arn = readableArn.test(text) ? parseKmsArn(text) : undefined
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
): Promise<Unwrapped> {
  const { suite, signal } = given
  const operation = 'Decrypt'
  const command = new DecryptCommand({
    KeyId: keyId,
    CiphertextBlob: key.ciphertext,
    EncryptionContext: { ...given.encryptionContext },
    GrantTokens: grantTokens,
  })
  const inVain = (reason: string): Unwrapped => ({
    attempt: withRegion(failed(key, reason), keyId),
  })
  let plaintext: Uint8Array | undefined
  try {
    const answer = await callKms({ operation, keyId }, () =>
      client.send(command, abortOption(signal)),
    )
    plaintext = bytesOf(answer.Plaintext)
    // "The KeyId field in the response MUST equal" the one that was asked for.
    if (answer.KeyId !== keyId) return inVain(`KMS answered for the key ${show(answer.KeyId)}`)
    if (plaintext.length !== suite.keyLength) {
      const found = `KMS answered with ${plaintext.length} bytes`
      return inVain(`${found}, and ${suite.name} takes ${suite.keyLength}`)
    }
    const unwrapped = unwrappedTo(given, key, plaintext)
    return 'materials' in unwrapped ? unwrapped : { attempt: withRegion(unwrapped.attempt, keyId) }
  } catch (cause) {
    return { attempt: await unwrapFailure(key, { client, operation, keyId, cause, signal }) }
  } finally {
    plaintext?.fill(0)
  }
}
