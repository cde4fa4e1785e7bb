import type { EncryptedDataKey } from '../../format/encrypted-data-key.ts'
import { describeKey } from '../../keyrings/attempts.ts'
import type { Keyring } from '../../keyrings/keyring.ts'
import type { DecryptionMaterials } from '../../materials/decryption-materials.ts'
import type { EncryptionMaterials } from '../../materials/encryption-materials.ts'
import type { UsedKey } from './session.ts'

/** A keyring, and which key it was that generated or opened the data key. */
export class WatchedKeyring implements Keyring {
  readonly #keyring: Keyring
  readonly #onKey: (key: UsedKey) => void

  constructor(keyring: Keyring, onKey: (key: UsedKey) => void) {
    this.#keyring = keyring
    this.#onKey = onKey
  }

  async onEncrypt(given: EncryptionMaterials): Promise<EncryptionMaterials> {
    const materials = await this.#keyring.onEncrypt(given)
    const generated = materials.encryptedDataKeys[given.encryptedDataKeys.length]
    if (generated && !given.hasDataKey) this.#onKey(describeKey(generated))
    return materials
  }

  /**
   * Keyrings try one encrypted data key after another, and stop at the one that opens: it is the last one whose
   * ciphertext was read. So they have all of them at once, as ever, and the attempts are the same.
   */
  async onDecrypt(
    given: DecryptionMaterials,
    encryptedDataKeys: readonly EncryptedDataKey[],
  ): Promise<DecryptionMaterials> {
    let tried: EncryptedDataKey | undefined
    const watched = encryptedDataKeys.map((key): EncryptedDataKey => {
      const { providerId, providerInfo } = key
      return {
        providerId,
        providerInfo,
        get ciphertext() {
          tried = key
          return key.ciphertext
        },
      }
    })
    const materials = await this.#keyring.onDecrypt(given, watched)
    if (materials.hasDataKey && tried) this.#onKey(describeKey(tried))
    return materials
  }
}
