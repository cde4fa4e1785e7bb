import type { KeyObject } from 'node:crypto'
import { checkOptions } from '../checks.ts'
import { type CryptoBackend, checkBackend } from '../crypto/backend.ts'
import { nodeBackend } from '../crypto/node.ts'
import { secretKeyBytes } from '../crypto/secret-key.ts'
import type { UnwrapAttempt } from '../errors.ts'
import { concat, equalBytes, readUint32, writeUint32 } from '../format/bytes.ts'
import type { EncryptedDataKey } from '../format/encrypted-data-key.ts'
import { serializeContext, serializeContextByLocale } from '../format/encryption-context.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import type { EncryptionMaterials } from '../materials/encryption-materials.ts'
import { isItemSuite } from '../suites/materials-suite.ts'
import { nonceLength, tagLength } from '../suites/suites.ts'
import { failed, rawAesInfoLength, skipped } from './attempts.ts'
import { type Keyring, checkKeyName, checkKeyNamespace, checkNoDataKey } from './keyring.ts'
import { otherTurn } from './turns.ts'
import { unwrappedTo } from './unwrap-first.ts'

const wrongKeyHint = 'the wrapping key or the encryption context is another one, or it was changed'

/** Options of {@link RawAesKeyring}. */
export interface RawAesKeyringOptions {
  /** Names the group that the key belongs to; stands in every message. Not `aws-kms…`. */
  keyNamespace: string
  /** Names the key within the namespace; stands in every message. */
  keyName: string
  /** The AES wrapping key: 16, 24 or 32 random bytes. Copied. */
  wrappingKey: Uint8Array | KeyObject
  /** The implementation of AES-GCM. Default: node:crypto. */
  backend?: CryptoBackend
}

/**
 * Wraps data keys under an AES key that the application holds, by AES-GCM
 * (framework/raw-aes-keyring.md). For tests, and for keys that come from a secret store; where KMS is
 * at hand, prefer it: this key has to be kept and rotated by you. Also reads data keys that AWS's library
 * for JavaScript wrapped without `utf8Sorting`.
 *
 * @throws InvalidArgumentError if an option is not as described.
 *
 * @example
 * ```ts
 * const keyring = new RawAesKeyring({ keyNamespace: 'my-app', keyName: 'key-1', wrappingKey: randomBytes(32) })
 * ```
 */
export class RawAesKeyring implements Keyring {
  readonly #providerId: string
  readonly #keyName: Uint8Array
  readonly #wrappingKey: Uint8Array
  readonly #backend: CryptoBackend

  constructor(options: RawAesKeyringOptions) {
    checkOptions(options, ['keyNamespace', 'keyName', 'wrappingKey', 'backend'])
    this.#providerId = checkKeyNamespace(options.keyNamespace)
    this.#keyName = checkKeyName(options.keyName)
    this.#wrappingKey = secretKeyBytes(options.wrappingKey, 'wrappingKey', [16, 24, 32])
    this.#backend = checkBackend(options.backend ?? nodeBackend)
  }

  // framework/raw-aes-keyring.md, "OnEncrypt"
  async onEncrypt(given: EncryptionMaterials): Promise<EncryptionMaterials> {
    // The nonce and, in case it is needed, a data key: two calls took a tenth of a small message's time.
    const random = this.#backend.randomBytes(nonceLength + given.suite.keyLength)
    try {
      const nonce = random.subarray(0, nonceLength)
      const materials = given.hasDataKey ? given : given.withDataKey(random.subarray(nonceLength))
      const context = serializeContext(materials.encryptionContext)
      const encryption = this.#backend.encryptGcm(this.#wrappingKey, nonce, context)
      return materials.withEncryptedDataKey({
        providerId: this.#providerId,
        providerInfo: this.#providerInfo(nonce),
        ciphertext: concat(encryption.update(materials.dataKey), encryption.finish()),
      })
    } finally {
      random.fill(0)
    }
  }

  // framework/raw-aes-keyring.md, "OnDecrypt"
  async onDecrypt(
    materials: DecryptionMaterials,
    encryptedDataKeys: readonly EncryptedDataKey[],
  ): Promise<DecryptionMaterials> {
    checkNoDataKey(materials)
    const { suite, encryptionContext } = materials
    // Serialized once, and only if needed: a message can have thousands of keys and of pairs.
    let context: Uint8Array | undefined
    let contextByLocale: Uint8Array | undefined
    const attempts: UnwrapAttempt[] = []
    for (const key of encryptedDataKeys) {
      if (attempts.length % 64 === 63) await otherTurn(materials.signal)
      const nonce = this.#nonceFor(key)
      if (!nonce) {
        attempts.push(skipped(key, 'this raw AES keyring holds another key'))
        continue
      }
      const { ciphertext } = key
      let dataKey: Uint8Array | undefined
      if (ciphertext.length === suite.keyLength + tagLength) {
        context ??= serializeContext(encryptionContext)
        dataKey = this.#open(ciphertext, nonce, context)
        // No library for JavaScript has ever written an item, and sorting by locale takes long.
        if (!dataKey && !isItemSuite(suite)) {
          contextByLocale ??= serializeContextByLocale(encryptionContext)
          dataKey = this.#open(ciphertext, nonce, contextByLocale)
        }
      }
      if (dataKey) {
        const unwrapped = unwrappedTo(materials, key, dataKey)
        dataKey.fill(0)
        if ('materials' in unwrapped) return unwrapped.materials
        attempts.push(unwrapped.attempt)
      } else {
        attempts.push(failed(key, 'the wrapped key is not authentic', { hint: wrongKeyHint }))
      }
    }
    return materials.withAttempts(attempts)
  }

  /** raw-aes-keyring.md, "Key Provider Information": key name, tag bits, nonce length, nonce. */
  #providerInfo(nonce: Uint8Array): Uint8Array {
    const info = new Uint8Array(this.#keyName.length + rawAesInfoLength)
    info.set(this.#keyName)
    writeUint32(info, this.#keyName.length, tagLength * 8)
    writeUint32(info, this.#keyName.length + 4, nonceLength)
    info.set(nonce, this.#keyName.length + 8)
    return info
  }

  /** The nonce of an encrypted data key that names this keyring's key; otherwise `undefined`. */
  #nonceFor({ providerId, providerInfo }: EncryptedDataKey): Uint8Array | undefined {
    if (providerId !== this.#providerId) return undefined
    const nonce = providerInfo.subarray(-nonceLength)
    const nameLength = this.#keyName.length
    const matches =
      providerInfo.length === nameLength + rawAesInfoLength &&
      readUint32(providerInfo, nameLength) === tagLength * 8 &&
      readUint32(providerInfo, nameLength + 4) === nonceLength &&
      equalBytes(providerInfo.subarray(0, nameLength), this.#keyName)
    return matches ? nonce : undefined
  }

  #open(ciphertext: Uint8Array, nonce: Uint8Array, context: Uint8Array): Uint8Array | undefined {
    const decryption = this.#backend.decryptGcm(this.#wrappingKey, nonce, context)
    const start = decryption.update(ciphertext.subarray(0, -tagLength))
    const rest = decryption.finish(ciphertext.subarray(-tagLength))
    const dataKey = rest && concat(start, rest)
    start.fill(0)
    rest?.fill(0)
    return dataKey
  }
}
