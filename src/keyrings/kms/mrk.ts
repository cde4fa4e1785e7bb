import type { EncryptedDataKey } from '../../format/encrypted-data-key.ts'
import type { DecryptionMaterials } from '../../materials/decryption-materials.ts'
import type { EncryptionMaterials } from '../../materials/encryption-materials.ts'
import type { Keyring } from '../keyring.ts'
import { matchesForDecrypt } from './arn.ts'
import { type KmsKeyringOptions, checkKmsKey, otherKey } from './strict.ts'
import { unwrapWithKms } from './unwrap.ts'
import { type KmsKey, wrapWithKms } from './wrap.ts'

/**
 * Wraps data keys under one AWS KMS key, and reads what any replica of a multi-Region key wrapped, by
 * the replica that it was given (framework/aws-kms/aws-kms-mrk-keyring.md). So a message encrypted in
 * one region is decrypted in another without a call between regions. With a single-Region key it is
 * a `KmsKeyring`.
 *
 * Give it the ARN that the key has in the client's region.
 *
 * @throws InvalidArgumentError if an option is not as described.
 *
 * @example
 * ```ts
 * const keyring = new KmsMrkKeyring({ client: new KMSClient({ region: 'eu-west-1' }), keyId: replicaArn })
 * ```
 */
export class KmsMrkKeyring implements Keyring {
  readonly #key: KmsKey

  constructor(options: KmsKeyringOptions) {
    this.#key = checkKmsKey(options)
  }

  // aws-kms-mrk-keyring.md, "OnEncrypt"
  async onEncrypt(materials: EncryptionMaterials): Promise<EncryptionMaterials> {
    return wrapWithKms(materials, this.#key)
  }

  // aws-kms-mrk-keyring.md, "OnDecrypt"
  async onDecrypt(
    materials: DecryptionMaterials,
    encryptedDataKeys: readonly EncryptedDataKey[],
  ): Promise<DecryptionMaterials> {
    const { keyId } = this.#key
    return unwrapWithKms(materials, encryptedDataKeys, {
      ...this.#key,
      choose: ({ text }) => (matchesForDecrypt(keyId, text) ? { keyId } : otherKey(keyId)),
    })
  }
}
