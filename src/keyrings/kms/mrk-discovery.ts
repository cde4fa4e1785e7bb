import type { EncryptedDataKey } from '../../format/encrypted-data-key.ts'
import type { DecryptionMaterials } from '../../materials/decryption-materials.ts'
import type { EncryptionMaterials } from '../../materials/encryption-materials.ts'
import type { Keyring } from '../keyring.ts'
import { inRegion, isMultiRegionKey } from './arn.ts'
import {
  type Discovery,
  type KmsDiscoveryKeyringOptions,
  cannotEncrypt,
  checkDiscovery,
  unwrapByDiscovery,
} from './discovery.ts'

/**
 * A `KmsDiscoveryKeyring` that also reads what was wrapped under a multi-Region key in another region,
 * by the key's replica in the client's own (framework/aws-kms/aws-kms-mrk-discovery-keyring.md). It
 * cannot encrypt. The region is the client's: there is no other place to state one that could differ.
 *
 * @throws InvalidArgumentError if an option is not as described.
 *
 * @example
 * ```ts
 * const keyring = new KmsMrkDiscoveryKeyring({
 *   client: new KMSClient({ region: 'eu-west-1' }),
 *   discoveryFilter: { accountIds: ['111122223333'], partition: 'aws' },
 * })
 * ```
 */
export class KmsMrkDiscoveryKeyring implements Keyring {
  readonly #discovery: Discovery

  constructor(options: KmsDiscoveryKeyringOptions) {
    this.#discovery = checkDiscovery(options)
  }

  // aws-kms-mrk-discovery-keyring.md, "OnEncrypt": "This function MUST fail."
  onEncrypt(_materials: EncryptionMaterials): Promise<EncryptionMaterials> {
    return Promise.reject(cannotEncrypt())
  }

  // aws-kms-mrk-discovery-keyring.md, "OnDecrypt"
  async onDecrypt(
    materials: DecryptionMaterials,
    encryptedDataKeys: readonly EncryptedDataKey[],
  ): Promise<DecryptionMaterials> {
    return unwrapByDiscovery(
      materials,
      encryptedDataKeys,
      this.#discovery,
      ({ text, arn }, region) => {
        if (isMultiRegionKey(arn)) return inRegion(arn, region)
        return arn.region === region ? text : undefined
      },
    )
  }
}
