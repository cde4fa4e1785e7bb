import type { KMSClient } from '@aws-sdk/client-kms'
import { isBytes, show } from '../../checks.ts'
import { type KmsCall, traceKmsCall } from '../../diagnostics.ts'
import {
  EnvelopeError,
  InvalidArgumentError,
  type UnwrapAttempt,
  checkNotAborted,
  errorName,
} from '../../errors.ts'
import type { EncryptedDataKey } from '../../format/encrypted-data-key.ts'
import { failed } from '../attempts.ts'
import { type KmsIdentifierKind, kmsIdentifierKind, parseKmsArn } from './arn.ts'

/** The key provider id of every data key that a symmetric KMS key wraps (aws-kms-keyring.md, "OnEncrypt"). */
export const kmsProviderId = 'aws-kms'
/** The same of an RSA key (aws-kms-rsa-keyring.md, "OnEncrypt"). */
export const kmsRsaProviderId = 'aws-kms-rsa'

/** The options of `client.send` that pass on an abort. */
export function abortOption(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal ? { abortSignal: signal } : {}
}

/**
 * Makes a call, once: the client retries it, as it is configured, and nothing else does. It is told of on
 * the tracing channel.
 */
export async function callKms<T>(
  call: Pick<KmsCall, 'operation' | 'keyId'>,
  send: () => Promise<T>,
): Promise<T> {
  return traceKmsCall(call, async () => {
    try {
      return await send()
    } catch (cause) {
      throw withoutAnswer(cause)
    }
  })
}

/** An error of parsing an answer quotes it, and it holds a data key. */
function withoutAnswer(cause: unknown): unknown {
  if (!(cause instanceof SyntaxError)) return cause
  return new Error('the answer of KMS could not be read: it is not valid JSON')
}

/** The bytes in an answer; none if there is something else, which a stand-in for KMS may send. */
export function bytesOf(member: unknown): Uint8Array {
  return isBytes(member) ? member : new Uint8Array(0)
}

/** A call that failed. */
interface FailedCall {
  readonly client: KMSClient
  readonly operation: string
  readonly keyId: string
  readonly cause: unknown
  readonly signal: AbortSignal | undefined
}

/** The error for a call that failed while encrypting; KMS's own error is the cause. An abort is thrown. */
export async function wrapFailure(call: FailedCall): Promise<EnvelopeError> {
  const { operation, keyId, cause, signal } = call
  checkNotAborted(signal)
  const hint = await hintFor(call)
  const message = `KMS ${operation} with the key ${keyId} failed: ${describe(cause)}`
  return new EnvelopeError('ERR_WRAP_FAILED', hint ? `${message} (${hint})` : message, { cause })
}

/** The error for an answer of KMS that the specification says to refuse. */
export function unexpectedAnswer(operation: string, keyId: string, found: string): EnvelopeError {
  const message = `KMS ${operation} with the key ${keyId} answered with ${found}, which is not valid`
  return new EnvelopeError('ERR_WRAP_FAILED', message)
}

/** The note for a call that failed while decrypting. An abort is thrown: no other key is to be tried then. */
export async function unwrapFailure(
  key: EncryptedDataKey,
  call: FailedCall,
): Promise<UnwrapAttempt> {
  const { operation, keyId, cause, signal } = call
  checkNotAborted(signal)
  const hint = isRsaMismatch(key, cause) ? rsaMismatchHint : await hintFor(call)
  const attempt = failed(key, `KMS ${operation} failed: ${describe(cause)}`, {
    cause,
    ...(hint ? { hint } : {}),
  })
  return withRegion(attempt, keyId)
}

/** The attempt, with the region of the key that was or would have been asked for. */
export function withRegion(attempt: UnwrapAttempt, keyArn: string): UnwrapAttempt {
  const region = parseKmsArn(keyArn)?.region
  return region === undefined ? attempt : { ...attempt, region }
}

/** For those who have to ask a client for its region; a stand-in for tests may only send. */
export function checkHasRegion(client: KMSClient): void {
  const { config }: { config: unknown } = client
  const isRegional = typeof config === 'object' && config !== null && 'region' in config
  if (!isRegional || typeof config.region !== 'function') throw notAClient()
}

/** The region that a client makes its calls in, which may have to be read from a file or from EC2. */
export async function regionOf(client: KMSClient): Promise<string> {
  return client.config.region()
}

export function checkClient(client: unknown, field = 'client'): asserts client is KMSClient {
  if (typeof client === 'object' && client !== null && 'send' in client) return
  throw notAClient(field)
}

function notAClient(field = 'client'): InvalidArgumentError {
  return new InvalidArgumentError(field, `${field} must be a KMSClient of @aws-sdk/client-kms`)
}

/** How a caller named a key. */
export function checkKeyId(keyId: unknown, field: string): KmsIdentifierKind {
  const kind = typeof keyId === 'string' ? kmsIdentifierKind(keyId) : undefined
  if (kind) return kind
  throw new InvalidArgumentError(
    field,
    `${field} is ${show(keyId)}, which is not a KMS key id, key ARN, alias name or alias ARN`,
  )
}

/** A copy of the grant tokens, for the SDK's requests. */
export function checkGrantTokens(
  grantTokens: readonly string[] | undefined,
  field = 'grantTokens',
): string[] | undefined {
  const given: unknown = grantTokens
  if (given === undefined) return undefined
  if (Array.isArray(given) && given.every((token) => typeof token === 'string')) return [...given]
  throw new InvalidArgumentError(field, `${field} must be an array of strings`)
}

/** What to do about a call that failed, where there is something to do. */
export async function hintFor({
  client,
  operation,
  keyId,
  cause,
}: Omit<FailedCall, 'signal'>): Promise<string | undefined> {
  const name = errorName(cause)
  const hint = Object.hasOwn(hints, name) ? hints[name] : undefined
  if (typeof hint === 'string') return hint
  return hint?.(operation, keyId, await regionOf(client).catch(() => undefined))
}

type Hint = string | ((operation: string, keyId: string, region: string | undefined) => string)

/** What to do about an error, by KMS's name for it. The guide to the KMS keyrings has the same table. */
const hints: Partial<Record<string, Hint>> = {
  AccessDeniedException: (operation, keyId) =>
    `allow kms:${operation} on ${keyId} in the caller's IAM policy, in the key policy or by a grant`,
  CredentialsProviderError: 'the KMS client found no AWS credentials',
  DisabledException: 'enable the key again',
  IncorrectKeyException: 'the data key was wrapped under another KMS key',
  InvalidCiphertextException:
    'the encryption context is another one than on encryption, or the encrypted data key was changed',
  InvalidKeyUsageException: 'the key is of another kind than this keyring is for',
  KMSInvalidStateException:
    'the key may be pending deletion or import: cancel its deletion, or import its key material',
  NotFoundException: (_operation, keyId, region) => {
    const keyRegion = parseKmsArn(keyId)?.region
    return region !== undefined && keyRegion !== undefined && region !== keyRegion
      ? `the KMS client is for ${region}, and the key is in ${keyRegion}`
      : `check the key's account and region${region === undefined ? '' : `; the KMS client is for ${region}`}`
  },
  ThrottlingException:
    "the SDK's retries are used up: make fewer calls by caching data keys, allow the client more " +
    "attempts (maxAttempts), or have the account's KMS quota raised",
}

/** For RSA, KMS never sees the encryption context, so that cannot be what is wrong. */
function isRsaMismatch({ providerId }: EncryptedDataKey, cause: unknown): boolean {
  return providerId === kmsRsaProviderId && errorName(cause) === 'InvalidCiphertextException'
}

const rsaMismatchHint =
  'the encryptionAlgorithm or the public key is another one than on encryption, or the encrypted ' +
  'data key was changed'

/** What a call failed with, in one sentence. */
export function describe(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : 'no reason given'
}
