import type { KeyObject } from 'node:crypto'
import { DecryptCommand, type KMSClient } from '@aws-sdk/client-kms'
import { checkOptions, show } from '../../checks.ts'
import { sha384 } from '../../crypto/digest.ts'
import { nodeBackend } from '../../crypto/node.ts'
import { type RsaKey, encryptRsa, importRsaPublicKey } from '../../crypto/rsa.ts'
import { EnvelopeError, InvalidArgumentError, type UnwrapAttempt } from '../../errors.ts'
import { concat, utf8 } from '../../format/bytes.ts'
import type { EncryptedDataKey } from '../../format/encrypted-data-key.ts'
import { serializeContext } from '../../format/encryption-context.ts'
import type { DecryptionMaterials } from '../../materials/decryption-materials.ts'
import type { EncryptionMaterials } from '../../materials/encryption-materials.ts'
import { itemAlgorithmSuites } from '../../suites/item-suites.ts'
import { isItemSuite } from '../../suites/materials-suite.ts'
import { algorithmSuites } from '../../suites/suites.ts'
import { failed, skipped } from '../attempts.ts'
import { type Unwrapped, unwrapFirst, unwrappedTo } from '../unwrap-first.ts'
import { type Keyring, withRandomDataKey } from '../keyring.ts'
import { kmsIdentifierKind, matchesForDecrypt } from './arn.ts'
import {
  abortOption,
  bytesOf,
  callKms,
  checkClient,
  checkGrantTokens,
  kmsRsaProviderId,
  unwrapFailure,
  withRegion,
} from './calls.ts'
import { namedKey } from './unwrap.ts'

/** Options of {@link KmsRsaKeyring}; at least one of `publicKey` and `client`. */
export interface KmsRsaKeyringOptions {
  /** The ARN of an RSA key for ENCRYPT_DECRYPT; stands in every message. */
  keyId: string
  /**
   * Encrypts: the public key of `keyId`, as PEM, DER or KeyObject. Whether it is that key's is not
   * checked: if it is not, nobody can decrypt.
   */
  publicKey?: RsaKey
  /** Decrypts: the client that makes the calls, in the key's region. */
  client?: KMSClient
  /** How the data key is padded. */
  encryptionAlgorithm: KmsRsaAlgorithm
  /** Grant tokens for the calls. */
  grantTokens?: readonly string[]
}

/** The paddings that KMS has for RSA. */
export type KmsRsaAlgorithm = 'RSAES_OAEP_SHA_1' | 'RSAES_OAEP_SHA_256'

const paddings = { RSAES_OAEP_SHA_1: 'oaep-sha1', RSAES_OAEP_SHA_256: 'oaep-sha256' } as const

/** Bytes of SHA-384. */
const digestLength = 48

/**
 * Wraps data keys under an RSA key of AWS KMS (framework/aws-kms/aws-kms-rsa-keyring.md). With its
 * public key in hand, encrypting makes no call and needs no AWS account; decrypting asks KMS, which
 * alone has the private key. The encryption context is bound to the data key by its hash.
 *
 * Takes no suite that signs: anyone may have the public key, so a signature would prove nothing. The
 * default suite signs, so give `algorithmSuite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY'` on encryption.
 *
 * @throws InvalidArgumentError if an option is not as described.
 *
 * @example
 * ```ts
 * const keyring = new KmsRsaKeyring({ keyId: keyArn, publicKey: pem, encryptionAlgorithm: 'RSAES_OAEP_SHA_256' })
 * ```
 */
export class KmsRsaKeyring implements Keyring {
  readonly #keyId: string
  readonly #publicKey: KeyObject | undefined
  readonly #client: KMSClient | undefined
  readonly #algorithm: KmsRsaAlgorithm
  readonly #grantTokens: string[] | undefined

  constructor(options: KmsRsaKeyringOptions) {
    checkOptions(options, ['keyId', 'publicKey', 'client', 'encryptionAlgorithm', 'grantTokens'])
    const { keyId, publicKey, client, encryptionAlgorithm } = options
    // A message has to name its key by ARN ("OnDecrypt"), and nobody is asked for it on encryption.
    if (typeof keyId !== 'string' || kmsIdentifierKind(keyId) !== 'key ARN') {
      throw new InvalidArgumentError(
        'keyId',
        `keyId is ${show(keyId)}, and has to be a KMS key ARN`,
      )
    }
    if (typeof encryptionAlgorithm !== 'string' || !Object.hasOwn(paddings, encryptionAlgorithm)) {
      const known = Object.keys(paddings).join(' or ')
      throw new InvalidArgumentError('encryptionAlgorithm', `encryptionAlgorithm must be ${known}`)
    }
    if (publicKey === undefined && client === undefined) {
      throw new InvalidArgumentError(
        'publicKey',
        'A KMS RSA keyring needs publicKey to encrypt, client to decrypt, or both',
      )
    }
    if (client !== undefined) checkClient(client)
    this.#keyId = keyId
    this.#publicKey =
      publicKey === undefined ? undefined : importRsaPublicKey(publicKey, 'publicKey')
    this.#client = client
    this.#algorithm = encryptionAlgorithm
    this.#grantTokens = checkGrantTokens(options.grantTokens)
  }

  // aws-kms-rsa-keyring.md, "OnEncrypt"
  async onEncrypt(given: EncryptionMaterials): Promise<EncryptionMaterials> {
    if (!this.#publicKey) {
      throw new EnvelopeError(
        'ERR_WRAP_FAILED',
        'This KMS RSA keyring has no publicKey, so it can only decrypt',
      )
    }
    if (given.suite.signature) throw new EnvelopeError('ERR_WRAP_FAILED', noSignatures(given))
    const materials = withRandomDataKey(given, nodeBackend)
    const plaintext = concat(contextDigest(materials), materials.dataKey)
    try {
      return materials.withEncryptedDataKey({
        providerId: kmsRsaProviderId,
        providerInfo: utf8(this.#keyId),
        ciphertext: encryptRsa(this.#publicKey, paddings[this.#algorithm], plaintext),
      })
    } finally {
      plaintext.fill(0)
    }
  }

  // aws-kms-rsa-keyring.md, "OnDecrypt"
  async onDecrypt(
    given: DecryptionMaterials,
    encryptedDataKeys: readonly EncryptedDataKey[],
  ): Promise<DecryptionMaterials> {
    return unwrapFirst(
      given,
      encryptedDataKeys,
      (key) => this.#choose(given, key),
      (key, client) => this.#decrypt(client, given, key),
    )
  }

  /** The client to ask for a data key, or why nobody is to be asked. */
  #choose(
    given: DecryptionMaterials,
    key: EncryptedDataKey,
  ): { how: KMSClient } | { attempt: UnwrapAttempt } {
    if (key.providerId !== kmsRsaProviderId) {
      return { attempt: skipped(key, 'it was not wrapped by an RSA key of AWS KMS') }
    }
    const { text } = namedKey(key)
    const noCall = (attempt: UnwrapAttempt) => ({ attempt: withRegion(attempt, text) })
    if (!matchesForDecrypt(this.#keyId, text)) {
      return noCall(skipped(key, `this keyring holds ${this.#keyId}`))
    }
    if (!this.#client) {
      const hint = 'give the keyring its client'
      return noCall(skipped(key, 'this KMS RSA keyring has a public key only', hint))
    }
    return given.suite.signature ? noCall(failed(key, noSignatures(given))) : { how: this.#client }
  }

  async #decrypt(
    client: KMSClient,
    given: DecryptionMaterials,
    key: EncryptedDataKey,
  ): Promise<Unwrapped> {
    const { suite, signal } = given
    const keyId = this.#keyId
    const operation = 'Decrypt'
    const inVain = (reason: string, hint?: string): Unwrapped => ({
      attempt: withRegion(failed(key, reason, hint === undefined ? {} : { hint }), keyId),
    })
    const command = new DecryptCommand({
      KeyId: keyId,
      CiphertextBlob: key.ciphertext,
      EncryptionAlgorithm: this.#algorithm,
      GrantTokens: this.#grantTokens,
    })
    let plaintext: Uint8Array | undefined
    try {
      const answer = await callKms({ operation, keyId }, () =>
        client.send(command, abortOption(signal)),
      )
      plaintext = bytesOf(answer.Plaintext)
      if (answer.KeyId !== keyId) {
        return inVain(`KMS answered for the key ${show(answer.KeyId)}`)
      }
      if (plaintext.length !== digestLength + suite.keyLength) {
        const found = `KMS answered with ${plaintext.length} bytes`
        const wanted = `a hash and a data key of ${suite.name} take ${digestLength + suite.keyLength}`
        return inVain(`${found}, and ${wanted}`)
      }
      // The hash is of what the message says, so it binds the context that KMS never saw.
      const digest = plaintext.subarray(0, digestLength)
      if (!nodeBackend.equalInConstantTime(digest, contextDigest(given))) {
        const hint = 'the encryption context is another one than on encryption'
        return inVain('the data key was wrapped with another context', hint)
      }
      const unwrapped = unwrappedTo(given, key, plaintext.subarray(digestLength))
      return 'materials' in unwrapped
        ? unwrapped
        : { attempt: withRegion(unwrapped.attempt, keyId) }
    } catch (cause) {
      return { attempt: await unwrapFailure(key, { client, operation, keyId, cause, signal }) }
    } finally {
      plaintext?.fill(0)
    }
  }
}

/** aws-kms-rsa-keyring.md, "Encryption Context Digest" */
function contextDigest({
  encryptionContext,
}: EncryptionMaterials | DecryptionMaterials): Uint8Array {
  return sha384(serializeContext(encryptionContext))
}

/** aws-kms-rsa-keyring.md, "Security Considerations" */
function noSignatures({ suite }: EncryptionMaterials | DecryptionMaterials): string {
  const unsigned = isItemSuite(suite)
    ? itemAlgorithmSuites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384
    : algorithmSuites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY
  return (
    `A KMS RSA keyring takes no suite that signs, and ${suite.name} does: encrypt with ` +
    `algorithmSuite: '${unsigned.name}'`
  )
}
