import type { KMSClient } from '@aws-sdk/client-kms'
import { checkOptions } from '../../checks.ts'
import type { EncryptedDataKey } from '../../format/encrypted-data-key.ts'
import type { DecryptionMaterials } from '../../materials/decryption-materials.ts'
import type { EncryptionMaterials } from '../../materials/encryption-materials.ts'
import type { Keyring } from '../keyring.ts'
import { kmsIdentifierKind } from './arn.ts'
import { checkClient, checkGrantTokens, checkKeyId } from './calls.ts'
import { type Choice, unwrapWithKms } from './unwrap.ts'
import { type KmsKey, wrapWithKms } from './wrap.ts'

/** Options of {@link KmsKeyring} and of {@link KmsMrkKeyring}. */
export interface KmsKeyringOptions {
  /** The client that makes the calls, in the key's region. */
  client: KMSClient
  /** A key ARN; a key id, an alias name or an alias ARN can encrypt only. */
  keyId: string
  /** Grant tokens for the calls. */
  grantTokens?: readonly string[]
}

/**
 * Wraps data keys under one AWS KMS key (framework/aws-kms/aws-kms-keyring.md). One GenerateDataKey or
 * Encrypt call a message on encryption; on decryption one Decrypt call for each data key that names
 * the key's ARN, until one opens. Calls are retried by the SDK client, as it is configured, and by
 * nothing else. An answer under another key than a configured ARN is refused.
 *
 * To decrypt, give the key ARN: a message names its key by ARN, and an alias could point to another
 * key by then.
 *
 * @throws InvalidArgumentError if an option is not as described.
 *
 * @example
 * ```ts
 * const keyring = new KmsKeyring({ client: new KMSClient({ region: 'eu-central-1' }), keyId: keyArn })
 * ```
 */
export class KmsKeyring implements Keyring {
  readonly #key: KmsKey

  constructor(options: KmsKeyringOptions) {
    this.#key = checkKmsKey(options)
  }

  // aws-kms-keyring.md, "OnEncrypt"
  async onEncrypt(materials: EncryptionMaterials): Promise<EncryptionMaterials> {
    return wrapWithKms(materials, this.#key)
  }

  // aws-kms-keyring.md, "OnDecrypt"
  async onDecrypt(
    materials: DecryptionMaterials,
    encryptedDataKeys: readonly EncryptedDataKey[],
  ): Promise<DecryptionMaterials> {
    const { keyId } = this.#key
    return unwrapWithKms(materials, encryptedDataKeys, {
      ...this.#key,
      choose: ({ text }) => (text === keyId ? { keyId } : otherKey(keyId)),
    })
  }
}

/** The options of a keyring that has one key, checked. */
export function checkKmsKey(options: KmsKeyringOptions): KmsKey {
  checkOptions(options, ['client', 'keyId', 'grantTokens'])
  const { client, keyId } = options
  checkClient(client)
  checkKeyId(keyId, 'keyId')
  return { client, keyId, grantTokens: checkGrantTokens(options.grantTokens) }
}

/** Why a keyring with one key does not try a data key that names another. */
export function otherKey(keyId: string): Choice {
  const kind = kmsIdentifierKind(keyId)
  if (kind === 'key ARN') return { skip: `this keyring holds ${keyId}` }
  return {
    skip:
      `this keyring was given the ${kind} ${JSON.stringify(keyId)}, which can ` +
      'encrypt but cannot tell whether this is its key',
    hint: 'give the keyring the key ARN, or use a discovery keyring',
  }
}
