import { KmsError } from './kms-error.ts'
import type { KeyUsage } from './key-specs.ts'
import type { KeyRecord, KeyState } from './records.ts'

/** The states in which a key can be managed, that is all but those on the way to its deletion. */
export const manageable = ['Enabled', 'Disabled', 'PendingImport'] as const

const inWords = {
  Enabled: 'enabled',
  PendingDeletion: 'pending deletion',
  PendingImport: 'pending import',
  PendingReplicaDeletion: 'pending replica deletion',
}

/** Holds an operation to its line in KMS's table "Key states of AWS KMS keys". */
export function requireState(
  { arn, state }: KeyRecord,
  ...allowed: readonly KeyState['name'][]
): void {
  if (allowed.includes(state.name)) return
  if (state.name === 'Disabled') throw new KmsError('DisabledException', `${arn} is disabled.`)
  throw new KmsError('KMSInvalidStateException', `${arn} is ${inWords[state.name]}.`)
}

/** For the cryptographic operations: the key is of the kind that `operation` needs, and enabled. */
export function requireUsable(key: KeyRecord, usage: KeyUsage, operation: string): void {
  if (key.usage !== usage) {
    throw new KmsError(
      'InvalidKeyUsageException',
      `${key.arn} key usage is ${key.usage} which is not valid for ${operation}.`,
    )
  }
  requireState(key, 'Enabled')
}

export function incompatible(algorithm: string, spec: string): KmsError {
  return new KmsError(
    'InvalidKeyUsageException',
    `Algorithm ${algorithm} is incompatible with key spec ${spec}.`,
  )
}
