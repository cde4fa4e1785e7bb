import type { KMSClient } from '@aws-sdk/client-kms'
import { checkOptions, show } from '../../checks.ts'
import { InvalidArgumentError } from '../../errors.ts'
import type { Keyring } from '../keyring.ts'
import { MultiKeyring, type MultiKeyringOptions } from '../multi.ts'
import { type KmsArn, isMultiRegionKey, parseKmsArn } from './arn.ts'
import { type KmsClientSupplier, checkRegions, kmsClientSupplier } from './clients.ts'
import { type DiscoveryFilterOption, checkDiscoveryFilter } from './discovery-filter.ts'
import { KmsDiscoveryKeyring, type KmsDiscoveryKeyringOptions } from './discovery.ts'
import { KmsMrkDiscoveryKeyring } from './mrk-discovery.ts'
import { KmsMrkKeyring } from './mrk.ts'
import { KmsKeyring, type KmsKeyringOptions } from './strict.ts'

/** Options of {@link kmsMultiKeyring} and of {@link kmsMrkMultiKeyring}. */
export interface KmsMultiKeyringOptions extends Pick<
  MultiKeyringOptions,
  'minimumWrapped' | 'cooldownMs'
> {
  /**
   * The ARN of the key that generates the data keys. Without one it can only decrypt. An alias ARN can
   * encrypt only.
   */
  generator?: string
  /** The ARNs of the keys that wrap the data key besides. */
  keyIds?: readonly string[]
  /** Default: `kmsClientSupplier()`, which makes a client for each region. */
  clientSupplier?: KmsClientSupplier
  /** Grant tokens for the calls. */
  grantTokens?: readonly string[]
}

/** Options of {@link kmsDiscoveryMultiKeyring} and of {@link kmsMrkDiscoveryMultiKeyring}. */
export interface KmsDiscoveryMultiKeyringOptions {
  /** The regions to ask, nearest first. Those for which the supplier has no client are left out. */
  regions: readonly string[]
  /** The accounts whose keys may be used. */
  discoveryFilter: DiscoveryFilterOption
  /** Default: `kmsClientSupplier()`, which makes a client for each region. */
  clientSupplier?: KmsClientSupplier
  /** Grant tokens for the calls. */
  grantTokens?: readonly string[]
}

/**
 * A multi-keyring of one `KmsKeyring` a key, each with a client for its key's region
 * (framework/aws-kms/aws-kms-multi-keyrings.md, "AWS KMS Multi-Keyring").
 *
 * @throws InvalidArgumentError if an option is not as described, or the supplier has no client for a
 * key's region.
 *
 * @example
 * ```ts
 * const keyring = kmsMultiKeyring({ generator: frankfurtKeyArn, keyIds: [irelandKeyArn] })
 * ```
 */
export function kmsMultiKeyring(options: KmsMultiKeyringOptions): MultiKeyring {
  return multiKeyringOf(options, (key) => new KmsKeyring(key))
}

/**
 * A multi-keyring of one `KmsMrkKeyring` a key (framework/aws-kms/aws-kms-mrk-multi-keyrings.md, "AWS KMS
 * MRK Multi-Keyring"). Two replicas of one multi-Region key are refused: which one to ask would be
 * left open, and one replica reads what any of them wrapped.
 *
 * @throws InvalidArgumentError if an option is not as described, two of the ARNs are replicas of one
 * key, or the supplier has no client for a key's region.
 *
 * @example
 * ```ts
 * const keyring = kmsMrkMultiKeyring({ generator: replicaArn, keyIds: [emergencyKeyArn] })
 * ```
 */
export function kmsMrkMultiKeyring(options: KmsMultiKeyringOptions): MultiKeyring {
  return multiKeyringOf(options, (key) => new KmsMrkKeyring(key), checkReplicasAreUnique)
}

/**
 * A multi-keyring of one `KmsDiscoveryKeyring` a region, to decrypt with
 * (framework/aws-kms/aws-kms-multi-keyrings.md, "AWS KMS Discovery Multi-Keyring").
 *
 * @throws InvalidArgumentError if an option is not as described, or the supplier has a client for none
 * of the regions.
 *
 * @example
 * ```ts
 * const keyring = kmsDiscoveryMultiKeyring({
 *   regions: ['eu-central-1', 'eu-west-1'],
 *   discoveryFilter: { accountIds: ['111122223333'], partition: 'aws' },
 * })
 * ```
 */
export function kmsDiscoveryMultiKeyring(options: KmsDiscoveryMultiKeyringOptions): MultiKeyring {
  return discoveryOf(options, (region) => new KmsDiscoveryKeyring(region))
}

/**
 * A multi-keyring of one `KmsMrkDiscoveryKeyring` a region, to decrypt with
 * (framework/aws-kms/aws-kms-mrk-multi-keyrings.md, "AWS KMS MRK Discovery Multi-Keyring").
 *
 * @throws InvalidArgumentError if an option is not as described, or the supplier has a client for none
 * of the regions.
 *
 * @example
 * ```ts
 * const keyring = kmsMrkDiscoveryMultiKeyring({
 *   regions: ['eu-central-1', 'eu-west-1'],
 *   discoveryFilter: { accountIds: ['111122223333'], partition: 'aws' },
 * })
 * ```
 */
export function kmsMrkDiscoveryMultiKeyring(
  options: KmsDiscoveryMultiKeyringOptions,
): MultiKeyring {
  return discoveryOf(options, (region) => new KmsMrkDiscoveryKeyring(region))
}

interface RegionalKey {
  readonly field: string
  readonly text: string
  readonly arn: KmsArn
}

function multiKeyringOf(
  options: KmsMultiKeyringOptions,
  keyringOf: (key: KmsKeyringOptions) => Keyring,
  checkAll?: (keys: readonly RegionalKey[]) => void,
): MultiKeyring {
  checkOptions(options, [
    'generator',
    'keyIds',
    'clientSupplier',
    'grantTokens',
    'minimumWrapped',
    'cooldownMs',
  ])
  const { generator, keyIds = [], grantTokens, minimumWrapped, cooldownMs } = options
  const clientSupplier = checkSupplier(options.clientSupplier)
  const given: unknown = keyIds
  if (!Array.isArray(given)) {
    throw new InvalidArgumentError('keyIds', 'keyIds must be an array of key ARNs')
  }
  const generatorKey = generator === undefined ? undefined : regionalKey(generator, 'generator')
  const childKeys = keyIds.map((keyId, index) => regionalKey(keyId, `keyIds[${index}]`))
  checkAll?.(generatorKey ? [generatorKey, ...childKeys] : childKeys)
  const make = ({ field, text, arn }: RegionalKey): Keyring => {
    const client = clientSupplier(arn.region)
    if (!client) {
      throw new InvalidArgumentError(
        field,
        `${field} is in ${arn.region}, for which the client supplier has no client`,
      )
    }
    return keyringOf({ client, keyId: text, ...(grantTokens ? { grantTokens } : {}) })
  }
  return new MultiKeyring({
    ...(generatorKey ? { generator: make(generatorKey) } : {}),
    children: childKeys.map(make),
    ...(minimumWrapped === undefined ? {} : { minimumWrapped }),
    ...(cooldownMs === undefined ? {} : { cooldownMs }),
  })
}

function discoveryOf(
  options: KmsDiscoveryMultiKeyringOptions,
  keyringOf: (region: KmsDiscoveryKeyringOptions) => Keyring,
): MultiKeyring {
  checkOptions(options, ['regions', 'discoveryFilter', 'clientSupplier', 'grantTokens'])
  const { discoveryFilter, grantTokens } = options
  const regions = checkRegions(options.regions, 'regions')
  checkDiscoveryFilter(discoveryFilter)
  const clientSupplier = checkSupplier(options.clientSupplier)
  const clients = [...new Set(regions)]
    .map((region) => clientSupplier(region))
    .filter((client): client is KMSClient => client !== undefined)
  if (clients.length === 0) {
    throw new InvalidArgumentError(
      'regions',
      'regions has no region for which the client supplier has a client',
    )
  }
  return new MultiKeyring({
    children: clients.map((client) =>
      keyringOf({ client, discoveryFilter, ...(grantTokens ? { grantTokens } : {}) }),
    ),
  })
}

function checkSupplier(clientSupplier: KmsClientSupplier = kmsClientSupplier()): KmsClientSupplier {
  if (typeof clientSupplier === 'function') return clientSupplier
  throw new InvalidArgumentError(
    'clientSupplier',
    'clientSupplier must be a function that takes a region and returns a KMSClient',
  )
}

/** A key whose ARN says which region's client is to make the calls. */
function regionalKey(keyId: string, field: string): RegionalKey {
  const arn = typeof keyId === 'string' ? parseKmsArn(keyId) : undefined
  if (arn) return { field, text: keyId, arn }
  throw new InvalidArgumentError(
    field,
    `${field} is ${show(keyId)}, which is not the ARN of a KMS key or alias: only an ARN tells its region`,
  )
}

/** aws-kms-mrk-are-unique.md: the error has all that are ambiguous. */
function checkReplicasAreUnique(keys: readonly RegionalKey[]): void {
  const multiRegion = keys.filter(({ arn }) => isMultiRegionKey(arn))
  const ambiguous = multiRegion.filter((key) =>
    multiRegion.some((other) => other !== key && other.arn.resourceId === key.arn.resourceId),
  )
  const [first] = ambiguous
  if (!first) return
  throw new InvalidArgumentError(
    first.field,
    'Replicas of one multi-Region key cannot be told apart in messages, so give only the nearest: ' +
      ambiguous.map(({ field, text }) => `${field} is ${text}`).join(', '),
  )
}
