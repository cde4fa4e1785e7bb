import { EnvelopeError } from '../../errors.ts'
import type { EncryptOptions } from '../../client/options.ts'
import { type EncryptionContext, reservedPrefix } from '../../format/encryption-context.ts'
import type { MessageHeader } from '../../format/header.ts'
import {
  checkPolicyOnEncrypt,
  defaultCommitmentPolicy,
  defaultSuite,
} from '../../suites/commitment-policy.ts'
import {
  type AlgorithmSuite,
  type AlgorithmSuiteName,
  algorithmSuites,
} from '../../suites/suites.ts'
import type { MessageSettings } from '../options/settings.ts'

/** The new message is as the old one was, but for its keys and for what was asked for. */
export function likeBefore(
  header: MessageHeader,
  encryptionContext: EncryptionContext,
  settings: MessageSettings,
): EncryptOptions {
  const pairs = ownPairs(encryptionContext)
  // A message that is not framed has no length of frames.
  const frameLength = settings.frameLength ?? (header.frameLength || undefined)
  return {
    encryptionContext: pairs,
    // What was authenticated and not stored stays so.
    requiredContextKeys: Object.keys(pairs).filter(
      (key) => !Object.hasOwn(header.encryptionContext, key),
    ),
    algorithmSuite: settings.suite ?? suiteLike(header.algorithmSuite, settings),
    ...(frameLength !== undefined && { frameLength }),
  }
}

/** All pairs but the key that the old message was signed with. */
export function ownPairs(encryptionContext: EncryptionContext): Record<string, string> {
  const pairs = Object.entries(encryptionContext)
  return Object.fromEntries(pairs.filter(([key]) => !key.startsWith(reservedPrefix)))
}

/** The same suite where the policy lets it be written, else the policy's own: signed if the old one was. */
function suiteLike(name: AlgorithmSuiteName, settings: MessageSettings): AlgorithmSuiteName {
  const policy = settings.commitmentPolicy ?? defaultCommitmentPolicy
  const suite: AlgorithmSuite = algorithmSuites[name]
  try {
    checkPolicyOnEncrypt(policy, suite)
    return name
  } catch (error) {
    if (!EnvelopeError.is(error)) throw error
  }
  const { commitment, keyLength, name: own } = defaultSuite(policy)
  if (suite.signature) return own
  const unsigned = Object.values<AlgorithmSuite>(algorithmSuites).find(
    (other) =>
      other.commitment === commitment &&
      other.keyLength === keyLength &&
      other.kdfHash !== undefined &&
      !other.signature,
  )
  return unsigned?.name ?? own
}
