import type { Environment } from '../operations/operation.ts'
import type { Call, KeyUse } from './call.ts'

/** Whether the call carries the token of a grant that allows this use of the key. */
export function isGranted(_use: KeyUse, _call: Call, _environment: Environment): boolean {
  return false
}
