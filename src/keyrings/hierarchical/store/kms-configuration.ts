import { checkObject, checkOptions, show } from '../../../checks.ts'
import { InvalidArgumentError } from '../../../errors.ts'
import { inRegion, isMultiRegionKey, matchesForDecrypt, parseKmsArn } from '../../kms/arn.ts'

/**
 * Which KMS keys a key store uses (framework/branch-key-store.md, "AWS KMS Configuration"):
 *
 * - `key`: the one with this ARN, and no other.
 * - `multi-region-key`: the same; of a multi-Region key, also records that another replica wrapped.
 *   Calls go to the replica that is configured.
 * - `discovery`: the one that each record names. Such a store can only read.
 * - `multi-region-discovery`: the same; of a multi-Region key, its replica in this region.
 */
export type KmsConfiguration =
  | { readonly type: 'key'; readonly keyArn: string }
  | { readonly type: 'multi-region-key'; readonly keyArn: string }
  | { readonly type: 'discovery' }
  | { readonly type: 'multi-region-discovery'; readonly region: string }

const field = 'kmsConfiguration'
const memberOf = {
  key: 'keyArn',
  'multi-region-key': 'keyArn',
  discovery: undefined,
  'multi-region-discovery': 'region',
} as const

/** A frozen copy of what the caller gave. */
export function checkKmsConfiguration(given: KmsConfiguration): KmsConfiguration {
  checkObject(given, field)
  const { type }: { type: unknown } = given
  if (typeof type !== 'string' || !isType(type)) {
    const types = Object.keys(memberOf).join(', ')
    throw new InvalidArgumentError(
      `${field}.type`,
      `${field}.type is ${show(type)}; it must be one of: ${types}`,
    )
  }
  const member = memberOf[type]
  checkOptions(given, member === undefined ? ['type'] : ['type', member], field)
  switch (given.type) {
    case 'key':
    case 'multi-region-key':
      checkKeyArn(given.keyArn, `${field}.keyArn`)
      return Object.freeze({ type: given.type, keyArn: given.keyArn })
    case 'discovery':
      return Object.freeze({ type: given.type })
    case 'multi-region-discovery':
      checkRegion(given.region)
      return Object.freeze({ type: given.type, region: given.region })
  }
}

function isType(type: string): type is KmsConfiguration['type'] {
  return Object.hasOwn(memberOf, type)
}

/** "This ARN MUST NOT be an Alias. This ARN MUST be a valid AWS KMS Key ARN." */
export function checkKeyArn(keyArn: unknown, name: string): asserts keyArn is string {
  if (isKeyArn(keyArn)) return
  throw new InvalidArgumentError(
    name,
    `${name} is ${show(keyArn)}; it must be the ARN of a KMS key, not of an alias`,
  )
}

export function isKeyArn(text: unknown): text is string {
  return typeof text === 'string' && parseKmsArn(text)?.resourceType === 'key'
}

function checkRegion(region: unknown): void {
  if (typeof region === 'string' && /^[a-z0-9-]+$/.test(region)) return
  throw new InvalidArgumentError(
    `${field}.region`,
    `${field}.region is ${show(region)}; it must be the name of a region, such as "eu-central-1"`,
  )
}

/** The key that new branch keys are wrapped under; a store that discovers has none. */
export function configuredKeyArn(configuration: KmsConfiguration): string | undefined {
  return 'keyArn' in configuration ? configuration.keyArn : undefined
}

/**
 * The key to ask KMS for, for a record that names `storedArn`; `undefined` if the configuration
 * does not let that key be used ("AWS Key ARN Compatibility" and "AWS KMS Branch Key Decryption").
 */
export function keyArnToAsk(
  configuration: KmsConfiguration,
  storedArn: string,
): string | undefined {
  switch (configuration.type) {
    case 'key':
      return configuration.keyArn === storedArn ? storedArn : undefined
    case 'multi-region-key':
      return matchesForDecrypt(configuration.keyArn, storedArn) ? configuration.keyArn : undefined
    case 'discovery':
      return storedArn
    case 'multi-region-discovery': {
      const arn = parseKmsArn(storedArn)
      return arn && isMultiRegionKey(arn) ? inRegion(arn, configuration.region) : storedArn
    }
  }
}
