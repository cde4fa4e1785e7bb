import {
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { checkOptions, show } from '../../checks.ts'
import { InvalidArgumentError, type UnwrapAttempt, UnwrapError } from '../../errors.ts'
import { fromUtf8, utf8 } from '../../format/bytes.ts'
import type { EncryptedDataKey } from '../../format/encrypted-data-key.ts'
import type { DecryptionMaterials } from '../../materials/decryption-materials.ts'
import type { EncryptionMaterials } from '../../materials/encryption-materials.ts'
import { failed, skipped } from '../attempts.ts'
import { type Keyring, checkNoDataKey } from '../keyring.ts'
import { otherTurn } from '../turns.ts'
import { type KmsIdentifierKind, kmsIdentifierKind, parseKmsArn } from './arn.ts'
import { abortOption, kmsFailure, kmsProviderId, unexpectedAnswer, unwrapFailure } from './calls.ts'

/** Options of {@link KmsKeyring}. */
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
  readonly #client: KMSClient
  readonly #keyId: string
  readonly #kind: KmsIdentifierKind
  readonly #grantTokens: string[] | undefined

  constructor(options: KmsKeyringOptions) {
    checkOptions(options, ['client', 'keyId', 'grantTokens'])
    const { client, keyId, grantTokens } = options
    checkClient(client)
    const kind = typeof keyId === 'string' ? kmsIdentifierKind(keyId) : undefined
    if (!kind) {
      throw new InvalidArgumentError(
        'keyId',
        `keyId is ${show(keyId)}, which is not a KMS key id, key ARN, alias name or alias ARN`,
      )
    }
    checkGrantTokens(grantTokens)
    this.#client = client
    this.#keyId = keyId
    this.#kind = kind
    this.#grantTokens = grantTokens && [...grantTokens]
  }

  // aws-kms-keyring.md, "OnEncrypt"
  async onEncrypt(materials: EncryptionMaterials): Promise<EncryptionMaterials> {
    return materials.hasDataKey ? await this.#encrypt(materials) : await this.#generate(materials)
  }

  async #generate(materials: EncryptionMaterials): Promise<EncryptionMaterials> {
    const command = new GenerateDataKeyCommand({
      KeyId: this.#keyId,
      NumberOfBytes: materials.suite.keyLength,
      EncryptionContext: { ...materials.encryptionContext },
      GrantTokens: this.#grantTokens,
    })
    const answer = await this.#client
      .send(command, abortOption(materials.signal))
      .catch((cause: unknown) => {
        throw kmsFailure('GenerateDataKey', this.#keyId, cause, materials.signal)
      })
    const { Plaintext: plaintext, CiphertextBlob: ciphertext, KeyId: keyArn } = answer
    try {
      // "OnEncrypt MUST verify that the response Plaintext length matches"
      if (plaintext?.length !== materials.suite.keyLength || !ciphertext) {
        const found = `a data key of ${plaintext?.length ?? 0} bytes`
        throw unexpectedAnswer('GenerateDataKey', this.#keyId, found)
      }
      return materials
        .withDataKey(plaintext)
        .withEncryptedDataKey(this.#encryptedDataKey('GenerateDataKey', keyArn, ciphertext))
    } finally {
      plaintext?.fill(0)
    }
  }

  async #encrypt(materials: EncryptionMaterials): Promise<EncryptionMaterials> {
    const command = new EncryptCommand({
      KeyId: this.#keyId,
      Plaintext: materials.dataKey,
      EncryptionContext: { ...materials.encryptionContext },
      GrantTokens: this.#grantTokens,
    })
    const answer = await this.#client
      .send(command, abortOption(materials.signal))
      .catch((cause: unknown) => {
        throw kmsFailure('Encrypt', this.#keyId, cause, materials.signal)
      })
    if (!answer.CiphertextBlob) throw unexpectedAnswer('Encrypt', this.#keyId, 'no ciphertext')
    return materials.withEncryptedDataKey(
      this.#encryptedDataKey('Encrypt', answer.KeyId, answer.CiphertextBlob),
    )
  }

  #encryptedDataKey(
    operation: string,
    keyArn: string | undefined,
    ciphertext: Uint8Array,
  ): EncryptedDataKey {
    // aws-kms-keyring.md, "OnEncrypt": the response's KeyId must be a valid key ARN. Under another key
    // than the one asked for, this keyring could not decrypt its own message.
    const isKeyArn = keyArn !== undefined && parseKmsArn(keyArn)?.resourceType === 'key'
    if (!isKeyArn || (this.#kind === 'key ARN' && keyArn !== this.#keyId)) {
      throw unexpectedAnswer(operation, this.#keyId, `the KeyId ${JSON.stringify(keyArn)}`)
    }
    return { providerId: kmsProviderId, providerInfo: utf8(keyArn), ciphertext }
  }

  // aws-kms-keyring.md, "OnDecrypt"
  async onDecrypt(
    given: DecryptionMaterials,
    encryptedDataKeys: readonly EncryptedDataKey[],
  ): Promise<DecryptionMaterials> {
    checkNoDataKey(given)
    // "The set of encrypted data keys MUST first be filtered to match this keyring's configuration."
    const filtered: { key: EncryptedDataKey; mismatch: UnwrapAttempt | undefined }[] = []
    for (const key of encryptedDataKeys) {
      if (filtered.length % 64 === 63) await otherTurn(given.signal)
      filtered.push({ key, mismatch: this.#mismatch(key) })
    }
    const attempts: UnwrapAttempt[] = []
    for (const { key, mismatch } of filtered) {
      if (mismatch) {
        attempts.push(mismatch)
        continue
      }
      const result = await this.#decrypt(given, key)
      if ('materials' in result) return result.materials
      attempts.push(result.attempt)
    }
    return given.withAttempts(attempts)
  }

  /** Why this keyring must not try the key, if so. */
  #mismatch(key: EncryptedDataKey): UnwrapAttempt | undefined {
    if (key.providerId !== kmsProviderId) {
      return skipped(key, 'it was not wrapped by AWS KMS, and this is a KMS keyring')
    }
    const keyArn = fromUtf8(key.providerInfo) ?? ''
    if (parseKmsArn(keyArn)?.resourceType !== 'key') {
      // "MUST be a valid AWS KMS ARN with a resource type of key or OnDecrypt MUST fail": KMS always
      // answers with one, so this message was not made by a keyring, and no key of it is tried.
      throw new UnwrapError([failed(key, 'the message does not name a KMS key by its ARN')])
    }
    if (keyArn === this.#keyId) return undefined
    return this.#kind === 'key ARN'
      ? skipped(key, `this keyring holds ${this.#keyId}`)
      : skipped(
          key,
          `this keyring was given the ${this.#kind} ${JSON.stringify(this.#keyId)}, which can ` +
            'encrypt but cannot tell whether this is its key',
          'give the keyring the key ARN',
        )
  }

  async #decrypt(
    given: DecryptionMaterials,
    key: EncryptedDataKey,
  ): Promise<{ materials: DecryptionMaterials } | { attempt: UnwrapAttempt }> {
    const command = new DecryptCommand({
      KeyId: this.#keyId,
      CiphertextBlob: key.ciphertext,
      EncryptionContext: { ...given.encryptionContext },
      GrantTokens: this.#grantTokens,
    })
    let plaintext: Uint8Array | undefined
    try {
      const answer = await this.#client.send(command, abortOption(given.signal))
      plaintext = answer.Plaintext
      // "The KeyId field in the response MUST equal the configured AWS KMS key identifier."
      if (answer.KeyId !== this.#keyId) {
        const reason = `KMS answered for the key ${JSON.stringify(answer.KeyId)}`
        return { attempt: failed(key, reason) }
      }
      if (plaintext?.length !== given.suite.keyLength) {
        const reason = `KMS answered with ${plaintext?.length ?? 0} bytes, and ${given.suite.name} takes ${given.suite.keyLength}`
        return { attempt: failed(key, reason) }
      }
      return { materials: given.withDataKey(plaintext) }
    } catch (cause) {
      return { attempt: unwrapFailure(key, cause, given.signal) }
    } finally {
      plaintext?.fill(0)
    }
  }
}

function checkGrantTokens(grantTokens: unknown): void {
  if (grantTokens === undefined) return
  if (Array.isArray(grantTokens) && grantTokens.every((token) => typeof token === 'string')) return
  throw new InvalidArgumentError('grantTokens', 'grantTokens must be an array of strings')
}

function checkClient(client: unknown): void {
  if (typeof client === 'object' && client !== null && 'send' in client) return
  throw new InvalidArgumentError('client', 'client must be a KMSClient of @aws-sdk/client-kms')
}
