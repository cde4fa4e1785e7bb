import { DeriveSharedSecretCommand, GetPublicKeyCommand, type KMSClient } from '@aws-sdk/client-kms'
import { show } from '../../checks.ts'
import type { EcdhCurveName } from '../../crypto/backend.ts'
import { type EcdhKey, type EcdhPublicKey, importEcdhPublicKey } from '../../crypto/ecdh.ts'
import { pointAsSpki } from '../../crypto/node-point.ts'
import { compressedLength } from '../../crypto/point.ts'
import { reasonOf } from '../../errors.ts'
import { parseKmsArn } from './arn.ts'
import { abortOption, bytesOf, callKms, checkKeyId, unexpectedAnswer } from './calls.ts'

/** What a {@link KmsEcdhKey} is made of; the names of the options stand in errors. */
interface KmsEcdhKeyFields {
  readonly client: KMSClient
  readonly grantTokens: string[] | undefined
  readonly curve: EcdhCurveName
  readonly keyId: string
  readonly keyIdField: string
  readonly publicKey: EcdhKey | undefined
  readonly publicKeyField: string
}

/** An elliptic curve key pair in KMS, which agrees on secrets and never leaves it. */
export class KmsEcdhKey {
  readonly client: KMSClient
  readonly keyId: string
  readonly #grantTokens: string[] | undefined
  readonly #curve: EcdhCurveName
  /** The key that KMS answers for, from the start or from its first answer on. */
  #keyArn: string | undefined
  #publicKey: Promise<EcdhPublicKey> | undefined

  constructor(fields: KmsEcdhKeyFields) {
    const { client, keyId, keyIdField, publicKey, publicKeyField, curve } = fields
    const kind = checkKeyId(keyId, keyIdField)
    this.client = client
    this.keyId = keyId
    this.#grantTokens = fields.grantTokens
    this.#curve = curve
    this.#keyArn = kind === 'key ARN' ? keyId : undefined
    this.#publicKey =
      publicKey === undefined
        ? undefined
        : Promise.resolve(importEcdhPublicKey(publicKey, curve, publicKeyField))
  }

  /**
   * The public key, asked for once. A failure is not kept, nor is a question that a caller has given up
   * waiting for: the next one asks again.
   */
  async publicKey(signal: AbortSignal | undefined): Promise<EcdhPublicKey> {
    // Asked without anyone's signal, since others may be waiting for the same answer.
    const asked = (this.#publicKey ??= this.#getPublicKey())
    const forget = (): void => {
      if (this.#publicKey === asked) this.#publicKey = undefined
    }
    signal?.addEventListener('abort', forget)
    try {
      return await asked
    } catch (cause) {
      forget()
      throw cause
    } finally {
      signal?.removeEventListener('abort', forget)
    }
  }

  // key-agreement-schemas.md, "KmsPublicKeyDiscovery" and "KmsPrivateKeyToStaticPublicKey"
  async #getPublicKey(): Promise<EcdhPublicKey> {
    const { client, keyId } = this
    const operation = 'GetPublicKey'
    const command = new GetPublicKeyCommand({ KeyId: keyId, GrantTokens: this.#grantTokens })
    const answer = await callKms({ operation, keyId }, () => client.send(command))
    // The text has "KeyAgreement"; the value of KMS is KEY_AGREEMENT.
    if (answer.KeyUsage !== 'KEY_AGREEMENT') {
      throw unexpectedAnswer(operation, keyId, `the KeyUsage ${show(answer.KeyUsage)}`)
    }
    let publicKey: EcdhPublicKey
    try {
      publicKey = importEcdhPublicKey(bytesOf(answer.PublicKey), this.#curve, 'its PublicKey')
    } catch (cause) {
      throw unexpectedAnswer(operation, keyId, `another public key: ${reasonOf(cause)}`)
    }
    // Last, since it keeps to the KeyId that it finds: an alias of a wrong key can be put right.
    this.#checkKeyId(operation, answer.KeyId)
    return publicKey
  }

  /** The secret shared with the other side, which the caller overwrites. */
  async agree(other: EcdhPublicKey, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const { client, keyId } = this
    const operation = 'DeriveSharedSecret'
    const command = new DeriveSharedSecretCommand({
      KeyId: keyId,
      KeyAgreementAlgorithm: 'ECDH',
      PublicKey: pointAsSpki(other),
      GrantTokens: this.#grantTokens,
    })
    const answer = await callKms({ operation, keyId }, () =>
      client.send(command, abortOption(signal)),
    )
    const { SharedSecret: secret, KeyAgreementAlgorithm: algorithm } = answer
    try {
      this.#checkKeyId(operation, answer.KeyId)
      if (algorithm !== 'ECDH') {
        throw unexpectedAnswer(operation, keyId, `the KeyAgreementAlgorithm ${show(algorithm)}`)
      }
      // The x-coordinate: as long as a compressed point without its sign.
      if (secret?.length !== compressedLength[this.#curve] - 1) {
        throw unexpectedAnswer(operation, keyId, `a secret of ${secret?.length ?? 0} bytes`)
      }
      return secret
    } catch (cause) {
      secret?.fill(0)
      throw cause
    }
  }

  /**
   * The specification does not say to look at the KeyId, and AWS's libraries do so for GetPublicKey alone.
   * But an alias can be pointed to another key between two calls: what was encrypted then would name a
   * public key that cannot open it.
   */
  #checkKeyId(operation: string, found: string | undefined): void {
    const isKeyArn = found !== undefined && parseKmsArn(found)?.resourceType === 'key'
    this.#keyArn ??= isKeyArn ? found : undefined
    if (isKeyArn && found === this.#keyArn) return
    const expected = this.#keyArn === undefined ? '' : ` instead of ${this.#keyArn}`
    throw unexpectedAnswer(operation, this.keyId, `the KeyId ${show(found)}${expected}`)
  }
}
