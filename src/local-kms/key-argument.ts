import { wrongArgument } from './arguments.ts'
import { parseKmsArn } from './arn.ts'
import { KmsError } from './kms-error.ts'
import type { Environment } from './environment.ts'
import type { KeyRecord } from './records.ts'
import { resolveKey } from './resolve-key.ts'

/** The key that a caller of LocalKms means. Without a `region`, an ARN is taken in its own. */
export function keyArgument(
  method: string,
  field: string,
  keyId: string,
  { store, scope, clock }: Environment,
  region = parseKmsArn(keyId)?.region ?? scope.region,
): KeyRecord {
  try {
    return resolveKey(store.asOf(clock.now()), { ...scope, region }, keyId)
  } catch (cause) {
    if (!(cause instanceof KmsError)) throw cause
    throw wrongArgument(method, field, cause.message, cause)
  }
}
