import { checkOptions } from '../../checks.ts'
import { InvalidArgumentError } from '../../errors.ts'
import type { KmsArn } from './arn.ts'

/** Whose keys a discovery keyring uses: those of some accounts, in one partition. */
export interface DiscoveryFilter {
  /** Account ids of twelve digits, at least one. */
  accountIds: readonly string[]
  /** `aws`, or for example `aws-cn` or `aws-us-gov`. */
  partition: string
}

/**
 * Stands in place of a {@link DiscoveryFilter} and lets a discovery keyring use any key that it may.
 *
 * Dangerous: whoever can send you a message then chooses the KMS key that opens it, in any account, for
 * example one of their own. So it proves nothing about where the message comes from, and they see
 * in their logs when it is read.
 */
export const dangerouslyAnyAccount: unique symbol = Symbol.for('waxseal.dangerouslyAnyAccount')

/** A filter, or the name that says what it means to have none. */
export type DiscoveryFilterOption = DiscoveryFilter | typeof dangerouslyAnyAccount

/** Why a filter does not let a key through, or `undefined` if it does. */
export type CheckedFilter = (arn: KmsArn) => string | undefined

/** Checks a filter and makes the function of it that a keyring calls for each data key. */
export function checkDiscoveryFilter(filter: DiscoveryFilterOption): CheckedFilter {
  if (filter === dangerouslyAnyAccount) return () => undefined
  const given: unknown = filter
  if (given === undefined) {
    throw new InvalidArgumentError(
      'discoveryFilter',
      'discoveryFilter is missing: without { accountIds, partition }, whoever writes a message chooses ' +
        'the account whose key opens it. If that is what you want, give dangerouslyAnyAccount',
    )
  }
  checkOptions(filter, ['accountIds', 'partition'], 'discoveryFilter')
  const { partition } = filter
  const accountIds = checkAccountIds(filter.accountIds)
  if (typeof partition !== 'string' || !/^aws(-[a-z]+)*$/.test(partition)) {
    throw new InvalidArgumentError(
      'discoveryFilter.partition',
      'discoveryFilter.partition must be the partition of the keys: "aws", "aws-cn", "aws-us-gov"',
    )
  }
  return (arn) => {
    if (arn.partition !== partition) return `the discovery filter wants the partition ${partition}`
    if (!accountIds.has(arn.account))
      return `the discovery filter does not have the account ${arn.account}`
    return undefined
  }
}

function checkAccountIds(accountIds: unknown): ReadonlySet<string> {
  const isAccountId = (id: unknown): id is string => typeof id === 'string' && /^\d{12}$/.test(id)
  if (Array.isArray(accountIds) && accountIds.length > 0 && accountIds.every(isAccountId)) {
    return new Set(accountIds)
  }
  throw new InvalidArgumentError(
    'discoveryFilter.accountIds',
    'discoveryFilter.accountIds must be an array of account ids, each twelve digits, and not empty',
  )
}
