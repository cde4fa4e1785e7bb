import { toEncryptionContext } from '../encryption-context.ts'
import { grantAllows } from '../grants.ts'
import type { Environment } from '../environment.ts'
import type { Call, KeyUse } from './call.ts'

/**
 * Whether the call carries the token of a grant that allows this use of the key.
 *
 * @throws KmsError for an encryption context that is none, as the operation itself would.
 */
export function isGranted(
  { keyArn, action, encryptionContext }: KeyUse,
  { grantTokens }: Call,
  environment: Environment,
): boolean {
  const key = environment.store.key(keyArn)
  if (!key || !Array.isArray(grantTokens)) return false
  const tokens = grantTokens.filter((token) => typeof token === 'string')
  const context = toEncryptionContext(encryptionContext ?? {})
  return grantAllows(environment, key, action, tokens, context)
}
