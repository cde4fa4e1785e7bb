import { checkObject, checkOptions, show } from '../../../checks.ts'
import { InvalidArgumentError } from '../../../errors.ts'
import type { HierarchyVersion } from './branch-key-context.ts'

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
