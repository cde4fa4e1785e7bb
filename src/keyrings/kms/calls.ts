import { EnvelopeError, type UnwrapAttempt, checkNotAborted } from '../../errors.ts'
import type { EncryptedDataKey } from '../../format/encrypted-data-key.ts'
import { failed } from '../attempts.ts'

/** The key provider id of every data key that KMS wraps (aws-kms-keyring.md, "OnEncrypt"). */
export const kmsProviderId = 'aws-kms'

/** The options of `client.send` that pass on an abort. */
export function abortOption(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal ? { abortSignal: signal } : {}
}

/** The error for a call that failed while encrypting; KMS's own error is the cause. An abort is thrown. */
export function kmsFailure(
  operation: string,
  keyId: string,
  cause: unknown,
  signal: AbortSignal | undefined,
): EnvelopeError {
  checkNotAborted(signal)
  const hint = hints[errorName(cause)]
  const message = `KMS ${operation} with the key ${keyId} failed: ${describe(cause)}`
  return new EnvelopeError('ERR_WRAP_FAILED', hint ? `${message} (${hint})` : message, { cause })
}

/** The error for an answer of KMS that the specification says to refuse. */
export function unexpectedAnswer(operation: string, keyId: string, found: string): EnvelopeError {
  const message = `KMS ${operation} with the key ${keyId} answered with ${found}, which is not valid`
  return new EnvelopeError('ERR_WRAP_FAILED', message)
}

/** The note for a Decrypt call that failed. An abort is thrown: no other key is to be tried then. */
export function unwrapFailure(
  key: EncryptedDataKey,
  cause: unknown,
  signal: AbortSignal | undefined,
): UnwrapAttempt {
  checkNotAborted(signal)
  const hint = hints[errorName(cause)]
  return failed(key, `KMS Decrypt failed: ${describe(cause)}`, { cause, ...(hint ? { hint } : {}) })
}

const hints: Partial<Record<string, string>> = {
  AccessDeniedException:
    'the caller needs kms:GenerateDataKey and kms:Encrypt to encrypt, kms:Decrypt to decrypt, in its policy or in the key policy',
  CredentialsProviderError: 'the KMS client found no AWS credentials',
  DisabledException: 'enable the key again',
  IncorrectKeyException: 'the data key was wrapped under another KMS key',
  InvalidCiphertextException:
    'the encryption context is another one, or the encrypted data key was changed',
  InvalidKeyUsageException: 'the key must be a symmetric one for ENCRYPT_DECRYPT',
  KMSInvalidStateException: 'the key may be pending deletion: cancel its deletion',
  NotFoundException: "check the key's account and region, and the region of the KMS client",
  ThrottlingException: "slow down, or have the account's KMS quota raised",
}

function errorName(cause: unknown): string {
  return cause instanceof Error ? cause.name : ''
}

function describe(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : 'no reason given'
}
