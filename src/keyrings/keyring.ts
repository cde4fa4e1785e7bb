import { hasMethods } from '../checks.ts'
import type { CryptoBackend } from '../crypto/backend.ts'
import { EnvelopeError, InvalidArgumentError } from '../errors.ts'
import type { EncryptedDataKey } from '../format/encrypted-data-key.ts'
import { utf8 } from '../format/bytes.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import type { EncryptionMaterials } from '../materials/encryption-materials.ts'

/**
 * What wraps and unwraps data keys (framework/keyring-interface.md). Implement it to keep wrapping
 * keys anywhere: an HSM, another cloud's key service, a secret store. Both methods return the materials
 * that they were given or what their methods make of them, never materials of their own.
 *
 * @example
 * ```ts
 * const keyring: Keyring = {
 *   async onEncrypt(materials) {
 *     const withKey = materials.hasDataKey ? materials : materials.withDataKey(randomBytes(materials.suite.keyLength))
 *     return withKey.withEncryptedDataKey({ providerId: 'my-hsm', providerInfo: keyName, ciphertext: await hsm.wrap(withKey.dataKey) })
 *   },
 *   async onDecrypt(materials, encryptedDataKeys) {
 *     const mine = encryptedDataKeys.find((key) => key.providerId === 'my-hsm')
 *     return mine ? materials.withDataKey(await hsm.unwrap(mine.ciphertext)) : materials
 *   },
 * }
 * ```
 */
export interface Keyring {
  /**
   * Generates the data key if the materials have none, and adds its encrypted form.
   *
   * What is to be wrapped is the `dataKey` of the materials to which `withEncryptedDataKey` is then added: with
   * items that is another key for each encrypted data key.
   *
   * Return materials with a data key and at least one more encrypted data key. Throw if that is not
   * possible, for whatever reason; nothing is encrypted then.
   */
  onEncrypt(materials: EncryptionMaterials): Promise<EncryptionMaterials>
  /**
   * Unwraps the first encrypted data key that this keyring can.
   *
   * Return the materials with the data key. Where no encrypted data key is this keyring's, or none of
   * them opens, return the materials without one, best with a note for each by `withAttempts`: other
   * keyrings may follow, and the client's error lists the notes. Throw only for a failure that the
   * caller has to hear of even if another keyring could still succeed.
   */
  onDecrypt(
    materials: DecryptionMaterials,
    encryptedDataKeys: readonly EncryptedDataKey[],
  ): Promise<DecryptionMaterials>
}

/** Refuses what has not the two methods of a keyring. */
export function checkKeyring(value: unknown, field: string): void {
  if (hasMethods(value, ['onEncrypt', 'onDecrypt'])) return
  throw new InvalidArgumentError(
    field,
    `${field} must be a keyring: an object with the methods onEncrypt and onDecrypt`,
  )
}

/** The namespace of a raw keyring as the key provider id that stands in messages. */
export function checkKeyNamespace(keyNamespace: string): string {
  checkText(keyNamespace, 'keyNamespace')
  // framework/keyring-interface.md, "key provider ID": reserved for the AWS KMS keyrings.
  if (keyNamespace.startsWith('aws-kms')) {
    throw new InvalidArgumentError(
      'keyNamespace',
      'keyNamespace must not begin with "aws-kms", which names the keys of AWS KMS',
    )
  }
  return keyNamespace
}

/** The name of a raw keyring's key, in the bytes that stand in messages. */
export function checkKeyName(keyName: string): Uint8Array {
  checkText(keyName, 'keyName')
  return utf8(keyName)
}

function checkText(value: unknown, field: string): void {
  if (typeof value !== 'string' || value === '' || !value.isWellFormed()) {
    throw new InvalidArgumentError(field, `${field} must be a string that is not empty`)
  }
  if (utf8(value).length > 0xff00) {
    throw new InvalidArgumentError(field, `${field} must be at most 65,280 bytes of UTF-8`)
  }
}

/** The materials with a random data key, unless they have one. */
export function withRandomDataKey(
  given: EncryptionMaterials,
  backend: CryptoBackend,
): EncryptionMaterials {
  if (given.hasDataKey) return given
  const dataKey = backend.randomBytes(given.suite.keyLength)
  const generated = given.withDataKey(dataKey)
  dataKey.fill(0)
  return generated
}

/** A keyring needs materials that have no data key yet (keyring-interface.md, "OnDecrypt"). */
export function checkNoDataKey(materials: DecryptionMaterials): void {
  if (materials.hasDataKey) {
    throw new EnvelopeError('ERR_UNWRAP_FAILED', 'These materials have a data key already')
  }
}
