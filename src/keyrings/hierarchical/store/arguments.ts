import { checkObject, checkOptions, show } from '../../../checks.ts'
import { EnvelopeError, InvalidArgumentError } from '../../../errors.ts'
import {
  type EncryptionContext,
  copyContext,
  reservedPrefix,
} from '../../../format/encryption-context.ts'
import { type HierarchyVersion, attributeNames } from './branch-key-context.ts'

export function checkBranchKeyId(
  options: { branchKeyId: string },
  others: readonly string[] = [],
): string {
  checkOptions(options, ['branchKeyId', ...others])
  checkText(options.branchKeyId, 'branchKeyId')
  return options.branchKeyId
}

/**
 * "MUST not be an empty string"; and KMS and the digest get it as UTF-8, which lone surrogates have
 * none of.
 */
export function checkText(value: unknown, field: string): void {
  if (typeof value === 'string' && value !== '' && value.isWellFormed()) return
  throw new InvalidArgumentError(
    field,
    `${field} is ${show(value)}; it must be a text that is not empty and has no lone surrogate`,
  )
}

export function checkStorage(storage: unknown): void {
  checkObject(storage, 'storage')
  const methods = ['read', 'list', 'write']
  const missing = methods.find((name) => typeof Reflect.get(storage, name) !== 'function')
  if (missing === undefined && typeof Reflect.get(storage, 'name') === 'string') return
  const lack = missing === undefined ? 'no name' : `no method ${missing}`
  throw new InvalidArgumentError('storage', `storage must be a KeyStorage; it has ${lack}`)
}

export function checkHierarchyVersion(given: unknown): asserts given is HierarchyVersion {
  if (given === 1 || given === 2) return
  throw new InvalidArgumentError(
    'hierarchyVersion',
    `hierarchyVersion is ${show(given)}; it must be 1 or 2`,
  )
}

/**
 * A copy of the custom encryption context of a new branch key.
 *
 * Under hierarchy version 2 KMS gets the names without their prefix, and AWS's libraries neither write nor read
 * a record in which one of these is then an attribute's name. Records that have such are still read: nothing
 * is ambiguous in what is authenticated, and whoever was refused would lose the branch key.
 */
export function checkCustomContext(
  given: EncryptionContext | undefined,
  hierarchyVersion: HierarchyVersion,
): EncryptionContext {
  const context = copyContext(given, 'encryptionContext')
  for (const name of Object.keys(context)) {
    if (name.startsWith(reservedPrefix)) {
      throw refusedName(name, `names that begin with "${reservedPrefix}" are reserved`)
    }
    if (hierarchyVersion === 2 && attributeNames.includes(name)) {
      throw refusedName(
        name,
        'hierarchy version 2 has no pair of that name, which is an attribute of its records',
      )
    }
  }
  return context
}

function refusedName(name: string, reason: string): EnvelopeError {
  return new EnvelopeError(
    'ERR_ENCRYPTION_CONTEXT',
    `encryptionContext has the key ${JSON.stringify(name)}; ${reason}. Choose another name`,
  )
}
