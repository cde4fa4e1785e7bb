import type { KMSClient } from '@aws-sdk/client-kms'
import { checkOptions } from '../../checks.ts'
import type { EcdhCurveName } from '../../crypto/backend.ts'
import {
  type EcdhKey,
  type EcdhPublicKey,
  checkEcdhCurve,
  importEcdhPublicKey,
} from '../../crypto/ecdh.ts'
import { nodeBackend } from '../../crypto/node.ts'
import { EnvelopeError, type UnwrapAttempt, checkNotAborted } from '../../errors.ts'
import type { EncryptedDataKey } from '../../format/encrypted-data-key.ts'
import type { DecryptionMaterials } from '../../materials/decryption-materials.ts'
import type { EncryptionMaterials } from '../../materials/encryption-materials.ts'
import { failed } from '../attempts.ts'
import { decryptByEcdh, notEcdh, noteAll } from '../ecdh-decryption.ts'
import { isEcdh, kmsEcdhProviderId } from '../ecdh-provider-info.ts'
import { checkSchema } from '../ecdh-schema.ts'
import { wrapByEcdh } from '../ecdh-wrapping.ts'
import { type Keyring, checkNoDataKey } from '../keyring.ts'
import { checkClient, checkGrantTokens, unwrapFailure, withRegion, wrapFailure } from './calls.ts'
import { KmsEcdhKey } from './ecdh-key.ts'

/** Whose keys a {@link KmsEcdhKeyring} has (framework/key-agreement-schemas.md). */
export type KmsEcdhSchema =
  | {
      /**
       * Between one's own key pair in KMS and a known public key (`KmsPrivateKeyToStaticPublicKey`). Encrypts to
       * the recipient and decrypts what either side wrote to the other.
       */
      type: 'static'
      /** One's own KMS key. Prefer its key ARN: of an alias, the key that KMS first answers for is kept to. */
      senderKeyId: string
      /** The other side's public key, in KMS or not. PEM, DER (SubjectPublicKeyInfo) or KeyObject. */
      recipientPublicKey: EcdhKey
      /**
       * The public key of `senderKeyId`. Default: KMS is asked for it once, on first use. With a wrong one the
       * recipient cannot open a message.
       */
      senderPublicKey?: EcdhKey
    }
  | {
      /** To one's own key pair in KMS from whomever (`KmsPublicKeyDiscovery`). Decrypts only. */
      type: 'discovery'
      /** One's own KMS key. Prefer its key ARN: of an alias, the key that KMS first answers for is kept to. */
      recipientKeyId: string
      /** The public key of `recipientKeyId`. Default: KMS is asked for it once, on first use. */
      recipientPublicKey?: EcdhKey
    }

/** Options of {@link KmsEcdhKeyring}. */
export interface KmsEcdhKeyringOptions {
  /** The client that makes the calls, in the key's region. */
  client: KMSClient
  /** The curve that all keys are on. */
  curve: EcdhCurveName
  /** Which keys there are, and so what the keyring can do. */
  schema: KmsEcdhSchema
  /** Grant tokens for the calls. */
  grantTokens?: readonly string[]
}

const schemaOptions = {
  static: ['senderKeyId', 'recipientPublicKey', 'senderPublicKey'],
  discovery: ['recipientKeyId', 'recipientPublicKey'],
} as const

/**
 * Wraps data keys under a secret that a key pair in KMS agrees on with another one
 * (framework/aws-kms/aws-kms-ecdh-keyring.md). The KMS key is for KEY_AGREEMENT; the other side needs no
 * AWS account: it opens the message by a `RawEcdhKeyring`, and what that wrote is read here, too.
 *
 * One DeriveSharedSecret call a message on encryption; on decryption one for each data key that names this
 * keyring's public keys, until one opens. Where the KMS key's public key is not given, one GetPublicKey call
 * before the first of them. Calls are retried by the SDK client, as it is configured, and by nothing else.
 *
 * @throws InvalidArgumentError if an option is not as described, or a key is not a valid one on the curve.
 *
 * @example
 * ```ts
 * const keyring = new KmsEcdhKeyring({
 *   client: new KMSClient({ region: 'eu-central-1' }),
 *   curve: 'P-384',
 *   schema: { type: 'static', senderKeyId: keyArn, recipientPublicKey: pem },
 * })
 * ```
 */
export class KmsEcdhKeyring implements Keyring {
  readonly #curve: EcdhCurveName
  readonly #own: KmsEcdhKey
  /** The recipient in `static`; none in `discovery`. */
  readonly #other: EcdhPublicKey | undefined

  constructor(options: KmsEcdhKeyringOptions) {
    checkOptions(options, ['client', 'curve', 'schema', 'grantTokens'])
    const { client, schema } = options
    checkClient(client)
    const grantTokens = checkGrantTokens(options.grantTokens)
    const curve = checkEcdhCurve(options.curve)
    this.#curve = curve
    checkSchema(schema, schemaOptions)
    const own = { client, grantTokens, curve }
    if (schema.type === 'static') {
      this.#other = importEcdhPublicKey(schema.recipientPublicKey, curve, 'recipientPublicKey')
      this.#own = new KmsEcdhKey({
        ...own,
        keyId: schema.senderKeyId,
        keyIdField: 'senderKeyId',
        publicKey: schema.senderPublicKey,
        publicKeyField: 'senderPublicKey',
      })
    } else {
      this.#other = undefined
      this.#own = new KmsEcdhKey({
        ...own,
        keyId: schema.recipientKeyId,
        keyIdField: 'recipientKeyId',
        publicKey: schema.recipientPublicKey,
        publicKeyField: 'recipientPublicKey',
      })
    }
  }

  // framework/aws-kms/aws-kms-ecdh-keyring.md, "OnEncrypt"
  async onEncrypt(given: EncryptionMaterials): Promise<EncryptionMaterials> {
    const recipient = this.#other
    if (!recipient) {
      throw new EnvelopeError(
        'ERR_WRAP_FAILED',
        'This KMS ECDH keyring has the schema "discovery", so it can only decrypt',
      )
    }
    const { signal } = given
    const sender = await this.#own.publicKey(signal).catch(async (cause: unknown) => {
      throw await this.#wrapFailure('GetPublicKey', cause, signal)
    })
    checkNotAborted(signal)
    const sharedSecret = await this.#own.agree(recipient, signal).catch(async (cause: unknown) => {
      throw await this.#wrapFailure('DeriveSharedSecret', cause, signal)
    })
    try {
      const parties = { curve: this.#curve, sender: sender.point, recipient: recipient.point }
      return wrapByEcdh(nodeBackend, given, kmsEcdhProviderId, parties, sharedSecret)
    } finally {
      sharedSecret.fill(0)
    }
  }

  // framework/aws-kms/aws-kms-ecdh-keyring.md, "OnDecrypt"
  async onDecrypt(
    materials: DecryptionMaterials,
    encryptedDataKeys: readonly EncryptedDataKey[],
  ): Promise<DecryptionMaterials> {
    checkNoDataKey(materials)
    const { signal } = materials
    // KMS is asked for the public key only if there is something to compare it with.
    if (!encryptedDataKeys.some(isEcdh)) return await noteAll(materials, encryptedDataKeys, notEcdh)
    let own: EcdhPublicKey
    try {
      own = await this.#own.publicKey(signal)
    } catch (cause) {
      return await noteAll(materials, encryptedDataKeys, (key) =>
        isEcdh(key) ? this.#unwrapFailure(key, 'GetPublicKey', cause, signal) : notEcdh(key),
      )
    }
    checkNotAborted(signal)
    return await decryptByEcdh(nodeBackend, materials, encryptedDataKeys, {
      own,
      other: this.#other,
      // The text has the configured recipient's key for `PublicKey`, which is right for one direction of
      // `static` only; AWS's libraries send the key of the other side, as here.
      agree: (other) => this.#own.agree(other, signal),
      disagreement: (key, cause) => this.#unwrapFailure(key, 'DeriveSharedSecret', cause, signal),
    })
  }

  async #wrapFailure(operation: string, cause: unknown, signal: AbortSignal | undefined) {
    if (EnvelopeError.is(cause)) return cause
    const { client, keyId } = this.#own
    return wrapFailure({ client, operation, keyId, cause, signal })
  }

  async #unwrapFailure(
    key: EncryptedDataKey,
    operation: string,
    cause: unknown,
    signal: AbortSignal | undefined,
  ): Promise<UnwrapAttempt> {
    const { client, keyId } = this.#own
    if (EnvelopeError.is(cause)) return withRegion(failed(key, cause.message), keyId)
    return unwrapFailure(key, { client, operation, keyId, cause, signal })
  }
}
