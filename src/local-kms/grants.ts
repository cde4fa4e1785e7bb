import { arnPrefix } from './arn.ts'
import type { EncryptionContext } from './encryption-context.ts'
import type { Environment } from './environment.ts'
import { grantIdIn } from './grant-token.ts'
import { factsOf, isAsymmetric, type KeySpec } from './key-specs.ts'
import { KmsError } from './kms-error.ts'
import type { GrantConstraint, GrantRecord, KeyRecord } from './records.ts'

/** What a grant can allow for any key. */
const general = ['CreateGrant', 'DescribeKey', 'RetireGrant'] as const

/** What has an encryption context, and so is subject to a grant's constraints. */
const symmetric = [
  'Decrypt',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
] as const

const ofKind: Record<ReturnType<typeof factsOf>['kind'], readonly string[]> = {
  symmetric,
  rsa: ['Decrypt', 'Encrypt', 'GetPublicKey', 'ReEncryptFrom', 'ReEncryptTo'],
  ecc: ['DeriveSharedSecret', 'GetPublicKey'],
  hmac: ['GenerateMac', 'VerifyMac'],
}

/** Every operation that KMS lets a grant name; some are for keys that LocalKms does not have. */
export const grantOperations = [
  ...general,
  ...symmetric,
  'DeriveSharedSecret',
  'GenerateMac',
  'GetPublicKey',
  'Sign',
  'Verify',
  'VerifyMac',
] as const

export function grantOperationsOf(spec: KeySpec): readonly string[] {
  return [...general, ...ofKind[factsOf(spec).kind]]
}

/**
 * Whether one of the tokens is of a grant on that key that allows the operation, in KMS's name for
 * the permission (`ReEncryptFrom` and `ReEncryptTo` for ReEncrypt), in this encryption context.
 */
export function grantAllows(
  environment: Environment,
  key: KeyRecord,
  operation: string,
  grantTokens: readonly string[],
  encryptionContext: EncryptionContext,
): boolean {
  return grantTokens.some((token) => {
    const grant = grantOf(token, environment)
    return (
      grant?.keyArn === key.arn &&
      grant.operations.includes(operation) &&
      (!isConstrained(key, operation) || satisfies(encryptionContext, grant))
    )
  })
}

/** Refuses a request that carries a token that is no grant's, whatever the request is for. */
export function checkGrantTokens(input: unknown, environment: Environment): void {
  if (typeof input !== 'object' || input === null || !('GrantTokens' in input)) return
  const { GrantTokens } = input
  if (!Array.isArray(GrantTokens)) return
  for (const token of GrantTokens) requireGrantOf(String(token), environment)
}

/** @throws KmsError InvalidGrantTokenException, for the token of another region's grant, too. */
export function requireGrantOf(token: string, environment: Environment): GrantRecord {
  const grant = grantOf(token, environment)
  if (grant) return grant
  throw new KmsError('InvalidGrantTokenException', 'The grant token is not valid.')
}

function grantOf(token: string, { store, scope }: Environment): GrantRecord | undefined {
  const id = grantIdIn(token)
  const grant = id === undefined ? undefined : store.grant(id)
  return grant?.keyArn.startsWith(arnPrefix(scope)) ? grant : undefined
}

/** Asymmetric encryption has no context, and neither have management operations. */
function isConstrained({ spec }: KeyRecord, operation: string): boolean {
  return !isAsymmetric(spec) && symmetric.some((constrained) => constrained === operation)
}

function satisfies(context: EncryptionContext, { constraints }: GrantRecord): boolean {
  return constraints.every((constraint) => isSatisfied(context, constraint))
}

/** The keys of a constraint, unlike its values and unlike those of a context, are in any case. */
function isSatisfied(context: EncryptionContext, { kind, pairs }: GrantConstraint): boolean {
  const given = context.map(([key, value]) => [key.toLowerCase(), value] as const)
  const hasAll = [...pairs].every(([key, value]) =>
    given.some(([name, text]) => name === key.toLowerCase() && text === value),
  )
  return hasAll && (kind === 'EncryptionContextSubset' || given.length === pairs.size)
}
