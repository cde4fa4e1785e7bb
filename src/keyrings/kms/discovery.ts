import type { KMSClient } from '@aws-sdk/client-kms'
import { checkOptions } from '../../checks.ts'
import { EnvelopeError } from '../../errors.ts'
import type { EncryptedDataKey } from '../../format/encrypted-data-key.ts'
import type { DecryptionMaterials } from '../../materials/decryption-materials.ts'
import type { EncryptionMaterials } from '../../materials/encryption-materials.ts'
import type { Keyring } from '../keyring.ts'
import { checkClient, checkGrantTokens, checkHasRegion, regionOf } from './calls.ts'
import {
  type CheckedFilter,
  type DiscoveryFilterOption,
  checkDiscoveryFilter,
} from './discovery-filter.ts'
import { type NamedKey, unwrapWithKms } from './unwrap.ts'

/** Options of {@link KmsDiscoveryKeyring} and of {@link KmsMrkDiscoveryKeyring}. */
export interface KmsDiscoveryKeyringOptions {
  /** The client that makes the calls; its region is the only one that is asked. */
  client: KMSClient
  /** The accounts whose keys may be used. */
  discoveryFilter: DiscoveryFilterOption
  /** Grant tokens for the calls. */
  grantTokens?: readonly string[]
}

/** The options of a discovery keyring, checked. */
export interface Discovery {
  readonly client: KMSClient
  readonly grantTokens: string[] | undefined
  readonly filter: CheckedFilter
}

/**
 * Decrypts under whichever KMS key a message names, if the filter lets it through and it is in the
 * client's region (framework/aws-kms/aws-kms-discovery-keyring.md). It cannot encrypt. For readers of
 * messages under many keys, and for those who know a key by its alias only.
 *
 * @throws InvalidArgumentError if an option is not as described.
 *
 * @example
 * ```ts
 * const keyring = new KmsDiscoveryKeyring({
 *   client: new KMSClient({ region: 'eu-central-1' }),
 *   discoveryFilter: { accountIds: ['111122223333'], partition: 'aws' },
 * })
 * ```
 */
export class KmsDiscoveryKeyring implements Keyring {
  readonly #discovery: Discovery

  constructor(options: KmsDiscoveryKeyringOptions) {
    this.#discovery = checkDiscovery(options)
  }

  // aws-kms-discovery-keyring.md, "OnEncrypt": "This function MUST fail."
  onEncrypt(_materials: EncryptionMaterials): Promise<EncryptionMaterials> {
    return Promise.reject(cannotEncrypt())
  }

  // aws-kms-discovery-keyring.md, "OnDecrypt"
  async onDecrypt(
    materials: DecryptionMaterials,
    encryptedDataKeys: readonly EncryptedDataKey[],
  ): Promise<DecryptionMaterials> {
    return unwrapByDiscovery(
      materials,
      encryptedDataKeys,
      this.#discovery,
      ({ text, arn }, region) => (arn.region === region ? text : undefined),
    )
  }
}

/**
 * Has KMS decrypt under the keys that the message names, as far as the filter lets them through.
 *
 * @param keyIdIn gives the KeyId to ask for in the client's region, or `undefined` if the key is not there:
 * KMS refuses a key of another region, so that call is spared.
 */
export async function unwrapByDiscovery(
  materials: DecryptionMaterials,
  encryptedDataKeys: readonly EncryptedDataKey[],
  { client, grantTokens, filter }: Discovery,
  keyIdIn: (named: NamedKey, region: string) => string | undefined,
): Promise<DecryptionMaterials> {
  const region = await regionOf(client)
  return unwrapWithKms(materials, encryptedDataKeys, {
    client,
    grantTokens,
    choose: (named) => {
      const skip = filter(named.arn)
      if (skip !== undefined) return { skip }
      const keyId = keyIdIn(named, region)
      return keyId === undefined ? otherRegion(region) : { keyId }
    },
  })
}

/** Checks the options of a discovery keyring. */
export function checkDiscovery(options: KmsDiscoveryKeyringOptions): Discovery {
  checkOptions(options, ['client', 'discoveryFilter', 'grantTokens'])
  const { client, grantTokens } = options
  checkClient(client)
  checkHasRegion(client)
  return {
    client,
    grantTokens: checkGrantTokens(grantTokens),
    filter: checkDiscoveryFilter(options.discoveryFilter),
  }
}

/** Why a discovery keyring does not try a key of another region. */
function otherRegion(region: string): { skip: string; hint: string } {
  return {
    skip: `the key is in another region, and the KMS client of this keyring is for ${region}`,
    hint: "add a discovery keyring with a client for the key's region",
  }
}

/** The error of a keyring that names no key to encrypt under. */
export function cannotEncrypt(): EnvelopeError {
  return new EnvelopeError(
    'ERR_WRAP_FAILED',
    'A discovery keyring can only decrypt, since it names no key: encrypt with a KmsKeyring',
  )
}
