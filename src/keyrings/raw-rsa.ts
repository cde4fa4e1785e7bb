import type { KeyObject } from 'node:crypto'
import { checkOptions } from '../checks.ts'
import { type CryptoBackend, checkBackend } from '../crypto/backend.ts'
import { nodeBackend } from '../crypto/node.ts'
import {
  type RsaKey,
  type RsaPadding,
  decryptRsaOaep,
  decryptRsaPkcs1,
  encryptRsa,
  importRsaPrivateKey,
  importRsaPublicKey,
  pkcs1RejectionKey,
  rsaPaddings,
} from '../crypto/rsa.ts'
import { EnvelopeError, InvalidArgumentError, type UnwrapAttempt } from '../errors.ts'
import { equalBytes } from '../format/bytes.ts'
import type { EncryptedDataKey } from '../format/encrypted-data-key.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import type { EncryptionMaterials } from '../materials/encryption-materials.ts'
import { failed, skipped } from './attempts.ts'
import { type Keyring, checkKeyName, checkKeyNamespace, withRandomDataKey } from './keyring.ts'
import { unwrapFirst, unwrappedTo } from './unwrap-first.ts'

/** Options of {@link RawRsaKeyring}; at least one of the two keys. */
export interface RawRsaKeyringOptions {
  /** Names the group that the key belongs to; stands in every message. Not `aws-kms…`. */
  keyNamespace: string
  /** Names the key within the namespace; stands in every message. */
  keyName: string
  /** Encrypts. PEM, DER or KeyObject; at least 2,048 bits. */
  publicKey?: RsaKey
  /** Decrypts. PEM, DER (PKCS #8 or PKCS #1) or KeyObject; at least 2,048 bits. */
  privateKey?: RsaKey
  /**
   * Prefer `oaep-sha256` or longer; `pkcs1` is there to read and write old messages. With `pkcs1` each
   * key needs a name of its own: whether an encrypted data key opened is not told
   * (`docs/architecture.md` says why), so a keyring does not go on to a second one of the same name.
   */
  padding: RsaPadding
  /** The source of random data keys. Default: node:crypto. RSA itself is always node:crypto's. */
  backend?: CryptoBackend
}

const rawRsaOptions = ['keyNamespace', 'keyName', 'publicKey', 'privateKey', 'padding', 'backend']

/**
 * Wraps data keys under an RSA key pair that the application holds (framework/raw-rsa-keyring.md): who
 * has only the public key can encrypt and not decrypt. The encryption context is not bound to the
 * wrapped key (RSA has no place for it); the message's header still authenticates it.
 *
 * @throws InvalidArgumentError if an option is not as described.
 *
 * @example
 * ```ts
 * const keyring = new RawRsaKeyring({ keyNamespace: 'partner', keyName: 'rsa-1', publicKey: pem, padding: 'oaep-sha256' })
 * ```
 */
export class RawRsaKeyring implements Keyring {
  readonly #providerId: string
  readonly #keyName: Uint8Array
  readonly #publicKey: KeyObject | undefined
  readonly #privateKey: KeyObject | undefined
  readonly #padding: RsaPadding
  readonly #rejectionKey: Uint8Array
  readonly #backend: CryptoBackend

  constructor(options: RawRsaKeyringOptions) {
    checkOptions(options, rawRsaOptions)
    const { publicKey, privateKey, padding } = options
    this.#providerId = checkKeyNamespace(options.keyNamespace)
    this.#keyName = checkKeyName(options.keyName)
    if (typeof padding !== 'string' || !Object.hasOwn(rsaPaddings, padding)) {
      const known = Object.keys(rsaPaddings).join(', ')
      throw new InvalidArgumentError('padding', `padding must be one of: ${known}`)
    }
    if (publicKey === undefined && privateKey === undefined) {
      throw new InvalidArgumentError('publicKey', 'A raw RSA keyring needs publicKey or privateKey')
    }
    this.#publicKey =
      publicKey === undefined ? undefined : importRsaPublicKey(publicKey, 'publicKey')
    this.#privateKey =
      privateKey === undefined ? undefined : importRsaPrivateKey(privateKey, 'privateKey')
    this.#padding = padding
    this.#rejectionKey = pkcs1RejectionKey()
    this.#backend = checkBackend(options.backend ?? nodeBackend)
  }

  // framework/raw-rsa-keyring.md, "OnEncrypt"
  async onEncrypt(given: EncryptionMaterials): Promise<EncryptionMaterials> {
    if (!this.#publicKey) {
      throw new EnvelopeError(
        'ERR_WRAP_FAILED',
        'This raw RSA keyring has no publicKey, so it can only decrypt',
      )
    }
    const materials = withRandomDataKey(given, this.#backend)
    return materials.withEncryptedDataKey({
      providerId: this.#providerId,
      providerInfo: this.#keyName,
      ciphertext: encryptRsa(this.#publicKey, this.#padding, materials.dataKey),
    })
  }

  // framework/raw-rsa-keyring.md, "OnDecrypt"
  async onDecrypt(
    given: DecryptionMaterials,
    encryptedDataKeys: readonly EncryptedDataKey[],
  ): Promise<DecryptionMaterials> {
    return unwrapFirst(
      given,
      encryptedDataKeys,
      (key) => this.#choose(key),
      async (key, privateKey) => {
        const { keyLength } = given.suite
        const dataKey = this.#unwrap(privateKey, key.ciphertext, keyLength)
        try {
          if (dataKey?.length === keyLength) return unwrappedTo(given, key, dataKey)
        } finally {
          dataKey?.fill(0)
        }
        const hint = 'the private key or the padding is another one, or it was changed'
        return { attempt: failed(key, 'RSA decryption failed', { hint }) }
      },
    )
  }

  /** The key to unwrap with, or why there is none. */
  #choose(key: EncryptedDataKey): { how: KeyObject } | { attempt: UnwrapAttempt } {
    if (key.providerId !== this.#providerId || !equalBytes(key.providerInfo, this.#keyName)) {
      return { attempt: skipped(key, 'this raw RSA keyring holds another key') }
    }
    if (this.#privateKey) return { how: this.#privateKey }
    const hint = 'give the keyring its privateKey'
    return { attempt: skipped(key, 'this raw RSA keyring has a public key only', hint) }
  }

  #unwrap(key: KeyObject, ciphertext: Uint8Array, length: number): Uint8Array | undefined {
    return this.#padding === 'pkcs1'
      ? decryptRsaPkcs1(key, this.#rejectionKey, ciphertext, length)
      : decryptRsaOaep(key, this.#padding, ciphertext)
  }
}
