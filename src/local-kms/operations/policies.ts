import { z } from 'zod'
import { parseOwnArn } from '../arn.ts'
import { KmsError } from '../kms-error.ts'
import { keyId, limit, marker } from '../members.ts'
import { resolveKeyButNoAlias } from '../resolve-key.ts'
import { operation } from './operation.ts'

/* Key policies are kept and given back. Nothing looks into them: LocalKms knows no callers. */

const POLICY_NAME = 'default'
/** The quota; the API's own limit is 128 KiB. */
const MAX_POLICY_BYTES = 32 * 1024

const policyName = z
  .string()
  .max(128)
  .default(POLICY_NAME)
  .transform((name) => {
    if (name === POLICY_NAME) return name
    throw new KmsError('NotFoundException', `No such policy exists: ${name}`)
  })

export const policy = z
  .string()
  .min(1)
  .max(131_072)
  .transform((text) => {
    if (!isJsonObject(text)) {
      throw new KmsError('MalformedPolicyDocumentException', 'The policy is not a JSON object.')
    }
    if (Buffer.byteLength(text) <= MAX_POLICY_BYTES) return text
    throw new KmsError(
      'LimitExceededException',
      `The policy is longer than ${MAX_POLICY_BYTES} bytes.`,
    )
  })

export const GetKeyPolicy = operation(
  z.object({ KeyId: keyId, PolicyName: policyName }),
  ({ KeyId, PolicyName }, { store, scope }) => {
    const key = resolveKeyButNoAlias(store, scope, KeyId)
    return { Policy: key.policy ?? defaultPolicy(key.arn), PolicyName }
  },
)

export const PutKeyPolicy = operation(
  z.object({ KeyId: keyId, PolicyName: policyName, Policy: policy }),
  async ({ KeyId, Policy }, { store, scope }) => {
    await store.changeKey(resolveKeyButNoAlias(store, scope, KeyId), (key) => ({
      ...key,
      policy: Policy,
    }))
    return {}
  },
)

export const ListKeyPolicies = operation(
  z.object({ KeyId: keyId, Limit: limit(1000, 100), Marker: marker }),
  ({ KeyId }, { store, scope }) => {
    resolveKeyButNoAlias(store, scope, KeyId)
    return { PolicyNames: [POLICY_NAME], Truncated: false }
  },
)

/** What KMS gives a key that is made by its API without a policy. */
export function defaultPolicy(arn: string): string {
  const principal = { AWS: `arn:aws:iam::${parseOwnArn(arn).accountId}:root` }
  const statement = {
    Sid: 'Enable IAM User Permissions',
    Effect: 'Allow',
    Principal: principal,
    Action: 'kms:*',
    Resource: '*',
  }
  return JSON.stringify({ Version: '2012-10-17', Id: 'key-default-1', Statement: [statement] })
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}
