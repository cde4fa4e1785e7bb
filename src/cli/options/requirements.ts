import { show } from '../../checks.ts'
import { EnvelopeError } from '../../errors.ts'
import {
  type EncryptionContext,
  checkNoReservedKeys,
  copyContext,
} from '../../format/encryption-context.ts'
import type { MessageHeader } from '../../format/header.ts'
import { checkPolicyOnEncrypt, defaultCommitmentPolicy } from '../../suites/commitment-policy.ts'
import { algorithmSuites } from '../../suites/suites.ts'
import { CommandFailure, UsageError } from '../failures.ts'
import type { MessageSettings } from './settings.ts'

/** Refuses what could encrypt nothing, before any file is looked at. */
export function checkEncryption({
  context,
  requireContext,
  suite,
  commitmentPolicy = defaultCommitmentPolicy,
}: MessageSettings): void {
  asUsage(() => {
    checkNoReservedKeys(copyContext({ ...context }, '--context'), '--context')
  })
  const missing = requireContext.find((key) => !Object.hasOwn(context, key))
  if (missing !== undefined) {
    throw new UsageError(
      `--require-context ${missing} needs the pair: give --context ${missing}=VALUE, too`,
    )
  }
  if (suite === undefined) return
  asUsage(() => {
    checkPolicyOnEncrypt(commitmentPolicy, algorithmSuites[suite])
  }, ': choose another --suite or --commitment-policy')
}

/** What the library finds wrong with its arguments is what is wrong with the flags. */
function asUsage(check: () => void, advice = ''): void {
  try {
    check()
  } catch (cause) {
    if (!EnvelopeError.is(cause)) throw cause
    throw new UsageError(`${cause.message}${advice}`)
  }
}

/** Refuses a message that is not as it was asked for, though it opens. */
export function checkMessage(
  { requireContext, maxLength }: MessageSettings,
  { contentType, frameLength }: MessageHeader,
  encryptionContext: EncryptionContext,
): void {
  const missing = requireContext.find((key) => !Object.hasOwn(encryptionContext, key))
  if (missing !== undefined) {
    throw new EnvelopeError(
      'ERR_ENCRYPTION_CONTEXT_MISMATCH',
      `The encryption context of the message lacks the key ${show(missing)}, which --require-context asks for`,
    )
  }
  if (maxLength === undefined) return
  if (contentType === 'non-framed') {
    throw new CommandFailure(
      'ERR_INPUT',
      'The message is not framed, so its header does not say how much would have to be held in memory: ' +
        '--max-length refuses it',
    )
  }
  if (frameLength <= maxLength) return
  throw new CommandFailure(
    'ERR_INPUT',
    `The message has frames of ${frameLength} bytes, and --max-length allows ${maxLength}`,
  )
}
