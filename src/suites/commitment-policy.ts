import { show } from '../checks.ts'
import { EnvelopeError, InvalidArgumentError } from '../errors.ts'
import type { MaterialsSuite } from './materials-suite.ts'
import { type AlgorithmSuite, algorithmSuites, suiteIdText } from './suites.ts'

/**
 * Which messages a client writes and reads, by whether they commit to their key
 * (framework/commitment-policy.md). Stay with `REQUIRE_ENCRYPT_REQUIRE_DECRYPT` unless messages of
 * old SDK versions have to be read, or be written for them.
 */
export type CommitmentPolicy =
  | 'FORBID_ENCRYPT_ALLOW_DECRYPT'
  | 'REQUIRE_ENCRYPT_ALLOW_DECRYPT'
  | 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'

const policies: readonly CommitmentPolicy[] = [
  'FORBID_ENCRYPT_ALLOW_DECRYPT',
  'REQUIRE_ENCRYPT_ALLOW_DECRYPT',
  'REQUIRE_ENCRYPT_REQUIRE_DECRYPT',
]

/** The policy of a client that was told none (client-apis/client.md, "Initialization"). */
export const defaultCommitmentPolicy: CommitmentPolicy = 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'

/** Refuses what is not one of the three policies. */
export function checkCommitmentPolicy(policy: CommitmentPolicy): CommitmentPolicy {
  if (policies.includes(policy)) return policy
  throw new InvalidArgumentError(
    'commitmentPolicy',
    `commitmentPolicy is ${show(policy)}, which is not one of: ${policies.join(', ')}`,
  )
}

/**
 * The suite that is used when none is asked for.
 *
 * For `FORBID_ENCRYPT_ALLOW_DECRYPT` the specification's text names `NO_KDF`; every AWS library uses
 * 0x0378 instead, and so do we: it is the strongest suite without commitment.
 */
export function defaultSuite(policy: CommitmentPolicy): AlgorithmSuite {
  return policy === 'FORBID_ENCRYPT_ALLOW_DECRYPT'
    ? algorithmSuites.ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384
    : algorithmSuites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384
}

/** Refuses to encrypt under a suite that the policy forbids (commitment-policy.md, each policy). */
export function checkPolicyOnEncrypt(policy: CommitmentPolicy, suite: MaterialsSuite): void {
  const required = policy !== 'FORBID_ENCRYPT_ALLOW_DECRYPT'
  if (suite.commitment === required) return
  throw new EnvelopeError(
    'ERR_COMMITMENT_POLICY',
    `commitmentPolicy ${policy} ${required ? 'requires' : 'forbids'} key commitment, and ` +
      `algorithmSuite ${suite.name} (${suiteIdText(suite.id)}) ${required ? 'has none' : 'has it'}`,
  )
}

/** Refuses to decrypt a message whose suite the policy forbids. */
export function checkPolicyOnDecrypt(policy: CommitmentPolicy, suite: MaterialsSuite): void {
  if (suite.commitment || policy !== 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT') return
  throw new EnvelopeError(
    'ERR_COMMITMENT_POLICY',
    `The message was written with ${suite.name} (${suiteIdText(suite.id)}), which has no key ` +
      `commitment, and commitmentPolicy ${policy} requires it. To read messages of older SDK ` +
      'versions, use a client with the policy REQUIRE_ENCRYPT_ALLOW_DECRYPT',
  )
}
