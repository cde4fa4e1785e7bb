import { EnvelopeError } from '../../errors.ts'

/** Why something outside of the message failed, and what to do about it. */
export interface Cause {
  readonly why: string
  readonly advice: string
}

/**
 * What is known of an error, by its name or code or those of the errors underneath.
 *
 * @param key the key that was asked for, as flags name it; for the advice.
 */
export function causeOf(error: unknown, key: string): Cause | undefined {
  for (const link of chainOf(error)) {
    const { name, code, message } = partsOf(link)
    const found = causes.find(({ names, text }) => {
      const isNamed = names.includes(name) || names.includes(code)
      return text ? text.test(message) && (isNamed || names.length === 0) : isNamed
    })
    if (found) return { why: found.why, advice: found.advice.replaceAll('{key}', () => key) }
  }
  return undefined
}

interface KnownCause extends Cause {
  /** Names of errors and codes of Node and of this library; none: told by the text alone. */
  readonly names: readonly string[]
  readonly text?: RegExp
}

/** The first that fits counts, so what is told by a text stands in front. */
const causes: readonly KnownCause[] = [
  {
    names: ['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture'],
    why: "the clock of this machine is not the service's",
    advice: 'set the clock right, for example by NTP',
  },
  {
    names: ['InvalidSignatureException', 'SignatureDoesNotMatch', 'IncompleteSignature'],
    text: /expired|not yet current|too skewed|must be within/i,
    why: "the clock of this machine is not the service's",
    advice: 'set the clock right, for example by NTP',
  },
  {
    names: ['InvalidSignatureException', 'SignatureDoesNotMatch', 'IncompleteSignature'],
    why: 'AWS refuses the signature of the call',
    advice: 'the secret access key is another one than that of the access key id: see --profile',
  },
  {
    names: ['UnrecognizedClientException', 'InvalidClientTokenId', 'InvalidAccessKeyId'],
    why: 'AWS does not know the credentials',
    advice: 'look which ones are used: aws sts get-caller-identity; give another --profile',
  },
  {
    names: ['ExpiredTokenException', 'ExpiredToken', 'TokenProviderError'],
    why: 'the AWS credentials have expired',
    advice: 'log in again, for example by aws sso login',
  },
  {
    names: ['CredentialsProviderError'],
    why: 'no AWS credentials were found',
    advice: 'log in, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give --profile',
  },
  {
    names: [],
    text: /^region is missing|could not (find|load) .*region/i,
    why: 'no AWS region is known',
    advice: 'give --region, or set AWS_REGION',
  },
  {
    names: ['AccessDeniedException', 'AccessDenied'],
    why: 'AWS denies access',
    advice:
      "allow kms:Decrypt on {key} in the caller's IAM policy and in the key policy, or by a grant (--grant-token); " +
      'aws sts get-caller-identity says who calls',
  },
  {
    names: ['DisabledException'],
    why: 'the key is disabled',
    advice: 'enable it: aws kms enable-key --key-id {key}',
  },
  {
    names: ['KMSInvalidStateException'],
    text: /pending ?deletion/i,
    why: 'the key is pending deletion',
    advice:
      'keep it, while there is time: aws kms cancel-key-deletion --key-id {key}, and then aws kms enable-key',
  },
  {
    names: ['KMSInvalidStateException'],
    text: /pending ?import/i,
    why: 'the key material was not imported, or has expired',
    advice: 'import the same key material again: aws kms import-key-material --key-id {key}',
  },
  {
    names: ['KMSInvalidStateException'],
    why: 'the key is in a state in which it cannot be used',
    advice: 'look at its KeyState: aws kms describe-key --key-id {key}',
  },
  {
    names: ['NotFoundException'],
    why: 'KMS has no such key there',
    advice:
      'the key was deleted, or another KMS was asked than the one it is in: check --region, --endpoint and --local; ' +
      'a deleted key is lost, and so is what only it opens',
  },
  {
    names: ['IncorrectKeyException'],
    why: 'the data key was wrapped under another KMS key than the message says',
    advice: 'the message was changed: get it again from where it comes from',
  },
  {
    names: ['InvalidCiphertextException'],
    why: 'KMS cannot open the data key',
    advice:
      'the encryption context is another one than on encryption (a pair that is not stored has to be given by ' +
      '--context), or the message was changed',
  },
  {
    names: ['InvalidKeyUsageException'],
    why: 'the key is of another kind than the message says',
    advice: 'name a symmetric key for encryption by --kms',
  },
  {
    names: ['InvalidGrantTokenException'],
    why: 'KMS does not know the grant token',
    advice:
      'leave --grant-token out (grants hold without one after some minutes), or make a new one',
  },
  {
    names: ['ThrottlingException', 'LimitExceededException', 'TooManyRequestsException'],
    why: 'KMS throttles the calls',
    advice:
      'try again later; for many messages cache data keys by --cache-max-age, or have the quota raised',
  },
  {
    names: ['KMSInternalException', 'DependencyTimeoutException', 'KeyUnavailableException'],
    why: 'KMS has a failure of its own',
    advice: 'try again; if the message has a key in another region, give that one, too',
  },
  {
    names: [
      'ECONNREFUSED',
      'ENOTFOUND',
      'EAI_AGAIN',
      'ETIMEDOUT',
      'EHOSTUNREACH',
      'ENETUNREACH',
      'ECONNRESET',
      'EPIPE',
      'TimeoutError',
      'NetworkingError',
    ],
    why: 'the endpoint is not reachable',
    advice:
      'check the network, --endpoint (and AWS_ENDPOINT_URL_KMS), and that --region is the name of a region',
  },
  {
    names: ['ResourceNotFoundException'],
    why: 'there is no such table',
    advice: 'check --key-store and --region',
  },
  {
    names: ['ERR_BRANCH_KEY_NOT_FOUND'],
    why: 'the key store does not have this branch key in this version',
    advice: 'check --key-store and --logical-key-store: waxseal keys list {key} --key-store TABLE',
  },
  {
    names: ['ERR_BRANCH_KEY_RECORD'],
    why: 'the record of the branch key was changed, or is of another logical key store',
    advice: 'check --logical-key-store, and who may write to the table',
  },
]

/** An error and those underneath, innermost first, since it says most; a chain of somebody else's can be a ring. */
function chainOf(error: unknown): unknown[] {
  const chain: unknown[] = []
  let link = error
  while (typeof link === 'object' && link !== null && chain.length < 8) {
    chain.unshift(link)
    const inner: unknown =
      'errors' in link && Array.isArray(link.errors) ? link.errors[0] : undefined
    link = inner ?? ('cause' in link ? link.cause : undefined)
  }
  return chain
}

function partsOf(error: unknown): { name: string; code: string; message: string } {
  if (!(error instanceof Error) && !EnvelopeError.is(error))
    return { name: '', code: '', message: '' }
  const code: unknown = 'code' in error ? error.code : undefined
  return { name: error.name, code: typeof code === 'string' ? code : '', message: error.message }
}
